"""Migrations of ``AuroraServerlessStack``, in a real PostgreSQL, called as by CloudFormation."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import psycopg2
import pytest

from tests.runtime.aurora import APP_PASSWORD, Account, CloudFormation, catalog, custom_resource, exclusive, migrate

Migration = catalog.Migration
REAL = catalog.load()


@pytest.fixture
def to(account: Account, cloudformation: CloudFormation) -> Any:
    """Brings the schema to a version, and returns the response to CloudFormation."""

    def bring(version: Any, kind: str = "Update", migrations: list[Any] | None = None) -> dict[str, Any]:
        with patch.object(catalog, "load", lambda: migrations or REAL):
            account.call(migrate, cloudformation.request(kind, str(version)))
        return cloudformation.responses[-1]

    return bring


def applied(account: Account) -> list[int]:
    return [row[0] for row in account.server.run("SELECT version FROM migrations.applied ORDER BY 1", "app")]


def as_app(account: Account, sql: str, password: str = APP_PASSWORD, database: str = "app") -> list[tuple[Any, ...]]:
    return account.server.run(sql, database, user="app", password=password)


def test_a_new_database_gets_the_latest_schema(account: Account, to: Any) -> None:
    response = to(2, "Create")
    assert (response["Status"], response["Data"]) == ("SUCCESS", {"Version": "2", "Before": "0"})
    assert response["PhysicalResourceId"] == "guid-Schema"
    assert applied(account) == [1, 2]
    assert as_app(account, "SELECT * FROM notes.note") == []


def test_upgrade_downgrade_and_upgrade_lose_nothing(account: Account, to: Any) -> None:
    to(1, "Create")
    insert = "INSERT INTO notes.note (id, text) VALUES (gen_random_uuid(), '{}')"
    as_app(account, insert.format("of version 1"))
    to(2)
    as_app(account, "INSERT INTO notes.note (id, title, text) VALUES (gen_random_uuid(), 'my title', 'of version 2')")
    assert to(1)["Data"] == {"Version": "1", "Before": "2"}
    assert applied(account) == [1]
    # The code of version 1 goes on writing, as it knows the table.
    as_app(account, insert.format("while it was taken back"))
    assert {row[0] for row in as_app(account, "SELECT text FROM notes.note")} == {
        "of version 1",
        "of version 2",
        "while it was taken back",
    }
    to(2)
    assert {*as_app(account, "SELECT title, text FROM notes.note")} == {
        ("of version 1", "of version 1"),
        ("my title", "of version 2"),
        ("while it was taken back", "while it was taken back"),
    }


def test_all_the_way_down_and_up_loses_nothing(account: Account, to: Any) -> None:
    to(2, "Create")
    as_app(account, "INSERT INTO notes.note (id, title, text) VALUES (gen_random_uuid(), 'a title', 'a text')")
    assert to(0)["Status"] == "SUCCESS"
    with pytest.raises(psycopg2.Error, match="permission denied for schema notes"):
        as_app(account, "SELECT * FROM notes.note")
    to(2)
    assert as_app(account, "SELECT title, text FROM notes.note") == [("a title", "a text")]


@pytest.mark.parametrize("version", range(1, len(REAL) + 1))
def test_every_migration_goes_up_down_and_up(account: Account, to: Any, version: int) -> None:
    dump = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'notes'"
    to(version, "Create")
    columns = account.server.run(dump, "app")
    for step in (version - 1, version, version):
        assert to(step)["Status"] == "SUCCESS"
    assert account.server.run(dump, "app") == columns
    assert applied(account) == [*range(1, version + 1)]


def test_a_rollback_to_code_that_does_not_know_the_migration(account: Account, to: Any) -> None:
    """CloudFormation restores the old code, and then calls it with the old version."""
    to(2, "Create")
    assert to(1, migrations=REAL[:1])["Data"] == {"Version": "1", "Before": "2"}
    assert applied(account) == [1]
    constraints = "SELECT conname FROM pg_constraint WHERE conname = 'title_length'"
    assert account.server.run(constraints, "app") == []


def test_a_migration_that_fails_rolls_back_all_of_them(account: Account, to: Any) -> None:
    broken = Migration(3, "broken", up="CREATE TABLE notes.other (id int);\nSELECT * FROM nowhere;", down="SELECT 1;")
    to(1, "Create")
    response = to(3, migrations=[*REAL, broken])
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("Migration 0003 (broken), statement 2: ")
    assert 'relation "nowhere" does not exist' in response["Reason"]
    assert response["PhysicalResourceId"] == "guid-Schema"
    assert applied(account) == [1]
    assert account.server.run("SELECT to_regclass('notes.other'), to_regclass('notes.note')", "app") == [
        (None, "notes.note")
    ]
    # CloudFormation rolls back an update that failed, too. Then there is nothing to do, and the retry succeeds.
    assert to(1)["Data"] == {"Version": "1", "Before": "1"}
    mended = Migration(3, "broken", up="CREATE TABLE notes.other (id int)", down="DROP TABLE notes.other")
    assert to(3, migrations=[*REAL, mended])["Status"] == "SUCCESS"


def test_a_way_back_that_fails_rolls_back_as_a_whole(account: Account, to: Any) -> None:
    broken = Migration(3, "broken", up="CREATE TABLE notes.other (id int)", down="SELECT * FROM nowhere")
    to(3, "Create", migrations=[*REAL, broken])
    response = to(1)
    assert response["Reason"].startswith("Migration 0003 (broken), taken back, statement 1: ")
    assert applied(account) == [1, 2, 3]
    # The way back may be mended: the next deployment stores it.
    to(3, migrations=[*REAL, Migration(3, "broken", up=broken.up, down="DROP TABLE notes.other")])
    assert to(1)["Status"] == "SUCCESS"


def test_a_changed_migration_is_refused(account: Account, to: Any) -> None:
    to(1, "Create")
    changed = Migration(1, "notes", up=REAL[0].up + "\nCREATE TABLE notes.other (id int);", down=REAL[0].down)
    response = to(2, migrations=[changed, REAL[1]])
    assert response["Reason"].startswith("Migration 0001 (notes) has changed since it was applied. Restore the file")
    assert applied(account) == [1]


def test_a_history_with_a_gap_is_refused(account: Account, to: Any) -> None:
    to(2, "Create")
    account.server.run("DELETE FROM migrations.applied WHERE version = 1", "app")
    assert to(2)["Reason"].startswith("The table migrations.applied lacks version 1.")


def test_two_at_once_apply_each_migration_once(
    account: Account, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Migration(3, "slow", up="SELECT pg_sleep(0.2)", down="SELECT 1")
    monkeypatch.setattr(catalog, "load", lambda: [*REAL, slow])
    for name, value in account.environment("migrate").items():
        monkeypatch.setenv(name, value)
    together = threading.Barrier(2)

    def run() -> None:
        together.wait()
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 890_000, log_stream_name="one")
        migrate.handler(cloudformation.request("Create", "3"), context)

    account.on_sleep = lambda: time.sleep(0.02)
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [response["Status"] for response in cloudformation.responses] == ["SUCCESS", "SUCCESS"]
    assert sorted(response["Data"]["Before"] for response in cloudformation.responses) == ["0", "3"]
    assert account.slept, "neither waited for the other"


def test_it_waits_for_a_migration_that_died(account: Account, to: Any) -> None:
    """Lambda ended it in its transaction, which the Data API rolls back after three minutes."""
    died = account.data_api("admin")
    transaction = died.call("begin_transaction", database="app")["transactionId"]
    half_way = exclusive.Transaction(died, transaction)
    half_way.execute("SELECT pg_try_advisory_xact_lock(:lock)", lock=exclusive.LOCK)
    half_way.execute("CREATE SCHEMA notes")
    half_way.execute("CREATE TABLE notes.note (wrong int)")

    def three_minutes() -> None:
        if sum(account.slept) > 180 and account.on_sleep is three_minutes:
            account.on_sleep = lambda: None
            half_way.roll_back()

    account.on_sleep = three_minutes
    assert to(2, "Create")["Status"] == "SUCCESS"
    assert 180 < sum(account.slept) < 190


def test_a_lock_that_stays_ends_in_a_clear_error(account: Account, to: Any) -> None:
    account.seconds_left = migrate.MARGIN + 10
    with account.server.connect("app") as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [exclusive.LOCK])
        response = to(2, "Create")
    holder.close()
    assert response["Status"] == "FAILED"
    assert "another migration or rotation is running" in response["Reason"]
    assert account.seconds_left > migrate.READ_TIMEOUT


@pytest.mark.parametrize("code", ["DatabaseUnavailableException", "InternalServerErrorException"])
@pytest.mark.parametrize("operation", ["Begin", "Execute", "Commit"])
def test_errors_that_pass_are_tried_again(account: Account, to: Any, code: str, operation: str) -> None:
    account.fail(code, times=2, operation=operation)
    assert to(2, "Create")["Data"] == {"Version": "2", "Before": "0"}
    assert applied(account) == [1, 2]


@pytest.mark.parametrize("seconds", [15, 30])
def test_a_deployment_resumes_a_cluster_that_has_paused(account: Account, to: Any, seconds: int) -> None:
    """The first call after a pause is often that of a deployment."""
    resumed_at = account.seconds_left - seconds
    resuming = {"code": "DatabaseResumingException", "done": False}
    account.faults.append(lambda _: resuming if account.seconds_left > resumed_at else None)
    assert to(2, "Create")["Status"] == "SUCCESS"


def test_a_commit_whose_answer_got_lost_is_found_done(account: Account, to: Any) -> None:
    account.fail("DatabaseUnavailableException", operation="Commit", done=True)
    assert to(2, "Create")["Data"] == {"Version": "2", "Before": "2"}
    assert applied(account) == [1, 2]


@pytest.mark.parametrize("code", sorted(exclusive.UNSETTLED))
def test_it_waits_for_a_policy_that_is_new(
    account: Account, to: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.fail(code, times=3, operation="Begin")
    assert to(2, "Create")["Status"] == "SUCCESS"
    account.fail(code, times=1_000, operation="Begin")
    monkeypatch.setattr(exclusive, "time", SimpleNamespace(monotonic=lambda: sum(account.slept)))
    account.slept.clear()
    assert to(2)["Reason"].startswith(f"{code}: a fault of this test See the log stream")
    assert exclusive.SETTLING < sum(account.slept) < exclusive.SETTLING + 10


def test_a_statement_that_waits_for_a_busy_table_gives_up(account: Account, to: Any) -> None:
    to(1, "Create")
    with account.server.connect("app") as reader, reader.cursor() as cursor:
        reader.autocommit = False
        cursor.execute("SELECT * FROM notes.note")
        quick = patch.object(migrate, "LOCK_TIMEOUT", "100ms")
        with quick:
            response = to(2)
    reader.close()
    assert "canceling statement due to lock timeout" in response["Reason"]
    assert applied(account) == [1]


# What CloudFormation sends, and what it gets


def test_a_repeated_request_gets_the_same_answer(account: Account, to: Any) -> None:
    """Lambda delivers an asynchronous event again after a failure, with the same request id."""
    first, again = to(2, "Create"), to(2, "Create")
    assert (first["Status"], again["Status"]) == ("SUCCESS", "SUCCESS")
    assert first["PhysicalResourceId"] == again["PhysicalResourceId"]
    assert applied(account) == [1, 2]


def test_a_deletion_touches_nothing(account: Account, cloudformation: CloudFormation, to: Any) -> None:
    to(2, "Create")
    as_app(account, "INSERT INTO notes.note (id, title, text) VALUES (gen_random_uuid(), 'a title', 'a text')")
    account.calls.clear()
    account.call(migrate, cloudformation.request("Delete", PhysicalResourceId="another"))
    assert cloudformation.responses[-1]["Status"] == "SUCCESS"
    assert cloudformation.responses[-1]["PhysicalResourceId"] == "another"
    assert account.calls == []
    assert as_app(account, "SELECT title FROM notes.note") == [("a title",)]


@pytest.mark.parametrize("version", ["3", "-1", "two", "", "1.0", "²", 2, None, ["1"], "9" * 5_000])
def test_a_wrong_version_is_refused(account: Account, cloudformation: CloudFormation, version: Any) -> None:
    account.call(migrate, cloudformation.request("Create", version))
    response = cloudformation.responses[-1]
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("Version must be a number from 0 to 2, the last migration, got ")
    assert account.calls == []


@pytest.mark.parametrize("more", [{"RequestType": "Read"}, {"RequestType": None}, {"ResourceProperties": None}])
def test_a_wrong_request_is_answered(account: Account, cloudformation: CloudFormation, more: dict[str, Any]) -> None:
    account.call(migrate, {**cloudformation.request("Create"), **more})
    assert cloudformation.responses[-1]["Status"] == "FAILED"
    assert cloudformation.responses[-1]["Reason"].startswith("The request must be Create, Update or Delete")


@pytest.mark.parametrize("event", [{}, [], None, {"RequestType": "Create"}, {"ResponseURL": "file:///etc/passwd"}])
def test_an_event_that_nobody_can_answer_fails(account: Account, event: Any) -> None:
    with pytest.raises(ValueError, match="must be a request of CloudFormation with a ResponseURL"):
        account.call(migrate, event)


def test_any_error_is_answered(account: Account, cloudformation: CloudFormation) -> None:
    with patch.object(Account, "environment", lambda *_: {}):
        account.call(migrate, cloudformation.request("Create"))
    assert cloudformation.responses[-1]["Reason"] == "KeyError. See the log stream 2026/11/28/[1]abc."


def test_a_response_that_is_not_taken_is_sent_again(account: Account, cloudformation: CloudFormation) -> None:
    cloudformation.refuse = custom_resource.SEND_TRIES - 1
    account.call(migrate, cloudformation.request("Delete"))
    assert [response["ContentType"] for response in cloudformation.responses] == [""]
    # If nobody takes it, the function fails, so that Lambda calls it again.
    cloudformation.refuse = custom_resource.SEND_TRIES
    with pytest.raises(OSError, match="503"):
        account.call(migrate, cloudformation.request("Delete"))


@pytest.mark.parametrize("character", ["x", "ä", "\U0001f600", "\ud800"])
def test_a_long_reason_fits_the_response(cloudformation: CloudFormation, to: Any, character: str) -> None:
    with patch.object(migrate, "migrate", side_effect=catalog.MigrationError(character * 10_000)):
        assert to(2)["Status"] == "FAILED"
    assert cloudformation.sizes[-1] < 4096


def test_neither_reasons_nor_logs_contain_a_password(
    account: Account, to: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL quotes the statement that failed, and with it what stands for the password."""
    to(2, "Create")
    # Another role made this one, so that the admin may not change it.
    account.server.run("DROP OWNED BY app", "app")
    account.server.run("DROP ROLE app")
    account.server.run("CREATE ROLE app LOGIN")
    with caplog.at_level("INFO"):
        response = to(2)
    assert "permission denied to alter role" in response["Reason"]
    for text in (response["Reason"], caplog.text):
        assert "SCRAM-SHA-256" not in text
        assert APP_PASSWORD not in text
        assert "ALTER ROLE" not in text


# Files


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
