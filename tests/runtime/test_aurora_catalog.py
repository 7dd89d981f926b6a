"""The files of the migrations of ``AuroraServerlessStack``."""

from pathlib import Path

import pytest

from tests.runtime.aurora import catalog

Migration = catalog.Migration


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("SELECT 1;\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["1_notes.up.sql"], "must be named like 0001_notes.up.sql, got 1_notes.up.sql"),
        (["0001_notes.sql"], "must be named like"),
        (["0002_a.up.sql", "0002_a.down.sql"], r"must count from 0001 without a gap, got \[2\]"),
        (["0000_a.up.sql", "0000_a.down.sql"], "must count from 0001"),
        (["0001_a.up.sql"], "Migration 0001 must have an up and a down file"),
        (["0001_a.up.sql", "0001_b.down.sql"], "Migration 0001 must have an up and a down file of one name"),
        (["0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql"], "Only one migration can have the number 0001"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, names: list[str], says: str) -> None:
    with pytest.raises(catalog.MigrationError, match=says):
        catalog.load(write(tmp_path, *names))


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "0001_a.up.sql", "0001_a.down.sql")
    (tmp_path / "0001_a.down.sql").write_text("SELECT 1;".ljust(60_001))
    with pytest.raises(catalog.MigrationError, match="at most 60,000 bytes"):
        catalog.load(tmp_path)


@pytest.mark.parametrize("statement", ["COMMIT", "begin", "Start transaction", "ROLLBACK TO a", "END", "abort"])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_file_that_ends_the_transaction_is_refused(tmp_path: Path, statement: str, way: str) -> None:
    """Otherwise a failure after it would leave half of the migrations, and nobody would hold the lock."""
    write(tmp_path, "0001_a.up.sql", "0001_a.down.sql")
    (tmp_path / f"0001_a.{way}.sql").write_text(f"DO $$ BEGIN COMMIT; END $$; SELECT 'COMMIT';\n -- why\n{statement};")
    with pytest.raises(catalog.MigrationError, match="Migration 0001 must not end the transaction"):
        catalog.load(tmp_path)


def test_line_ends_do_not_change_a_checksum(tmp_path: Path) -> None:
    write(tmp_path, "0001_a.up.sql", "0001_a.down.sql")
    (unix,) = catalog.load(tmp_path)
    (tmp_path / "0001_a.up.sql").write_bytes(b"SELECT 1;\r\n")
    (windows,) = catalog.load(tmp_path)
    assert windows.checksum == unix.checksum


def test_the_checksum_of_all_changes_with_each_file() -> None:
    one = Migration(1, "a", up="SELECT 1", down="SELECT 2")
    for other in (Migration(1, "a", up="SELECT 3", down="SELECT 2"), Migration(1, "a", up="SELECT 1", down="SELECT 3")):
        assert catalog.checksum([one]) != catalog.checksum([other])
    assert catalog.checksum([one]) != catalog.checksum([one, Migration(2, "b", up="", down="")])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        ("  ;;\n", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'a;b', 'it''s; so'; SELECT 2", ["SELECT 'a;b', 'it''s; so'", "SELECT 2"]),
        ('SELECT 1 AS "a;""b"', ['SELECT 1 AS "a;""b"']),
        ("DO $$ BEGIN x; END $$; SELECT 2", ["DO $$ BEGIN x; END $$", "SELECT 2"]),
        ("DO $a$ x; $$; $b$; $a$; SELECT 2", ["DO $a$ x; $$; $b$; $a$", "SELECT 2"]),
        ("-- a; 'b\nSELECT 1; /* c; \n' */ SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT '--', $$/* a */$$; SELECT 2", ["SELECT '--', $$/* a */$$", "SELECT 2"]),
        ("SELECT 6 / 2 - -1; SELECT 2", ["SELECT 6 / 2 - -1", "SELECT 2"]),
    ],
)
def test_statements_are_split_where_they_end(sql: str, expected: list[str]) -> None:
    assert catalog.statements(sql) == expected
