"""Migrations of ``AuroraServerlessStack``, in a real PostgreSQL, called as by CloudFormation."""

import threading
import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import psycopg2
import pytest

from tests.runtime.aurora import APP_PASSWORD, Account, CloudFormation, catalog, data_api, exclusive, migrate

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


def test_it_waits_for_a_migration_that_died(account: Account, to: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda ended it in its transaction, which the Data API rolls back after three minutes."""
    monkeypatch.setattr(data_api, "LONGEST_WAIT", 60)
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
    assert 180 < sum(account.slept) < 250


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
