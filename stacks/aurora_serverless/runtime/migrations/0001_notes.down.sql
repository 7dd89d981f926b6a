-- The notes stay, and so does the role, which cannot be dropped while it is used. Nobody but the admin reaches them.
REVOKE ALL ON notes.note FROM app;
REVOKE ALL ON SCHEMA notes FROM app;
