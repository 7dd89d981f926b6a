-- The column and what is in it stay, because the code of version 1 does not mind it. Only the new rule goes.
ALTER TABLE notes.note DROP CONSTRAINT title_length;
