-- The application's role. It owns nothing, so that it can change no table, and it is a member of nothing.
-- Roles belong to the cluster and not to a database: a restored cluster has it already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        CREATE ROLE app LOGIN;
    END IF;
END
$$;

-- A statement that hangs ends before its caller gives up.
ALTER ROLE app SET statement_timeout = '8s';

-- Without this, every role may log in to the database and make temporary tables in it.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO app', current_database());
END
$$;

CREATE SCHEMA IF NOT EXISTS notes;

CREATE TABLE IF NOT EXISTS notes.note (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS note_by_time ON notes.note (created_at DESC, id DESC);

GRANT USAGE ON SCHEMA notes TO app;
GRANT SELECT, INSERT ON notes.note TO app;
