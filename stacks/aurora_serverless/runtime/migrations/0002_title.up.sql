-- The code of version 1 still runs when this is done, and after it was taken back. So it adds, and requires nothing.
ALTER TABLE notes.note ADD COLUMN IF NOT EXISTS title text;

-- Notes of version 1 get one from their text, also those that were written while this migration was taken back.
UPDATE notes.note SET title = left(split_part(text, chr(10), 1), 80) WHERE title IS NULL;

ALTER TABLE notes.note ADD CONSTRAINT title_length CHECK (char_length(title) <= 200);
