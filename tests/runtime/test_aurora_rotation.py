"""The rotation of the application's password, step by step as Secrets Manager does it, in a real PostgreSQL."""

import json
from collections.abc import Generator
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import psycopg2
import pytest

from tests.runtime.aurora import (
    ADMIN,
    ADMIN_PASSWORD,
    APP_PASSWORD,
    Account,
    CloudFormation,
    data_api,
    exclusive,
    migrate,
    passwords,
    service,
)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LIST = {"requestContext": {"http": {"method": "GET"}}}


@pytest.fixture
def ready(migrated_account: Account, cloudformation: CloudFormation) -> Generator[Account]:
    """An account whose secret and database have the same password, before a test and after it."""
    migrated_account.renew()
    yield migrated_account
    migrated_account.renew()
    migrated_account.call(migrate, cloudformation.request("Update"))
    assert works(migrated_account)


def step(account: Account, name: str, token: str) -> None:
    account.call(migrate, {"Step": name, "SecretId": account.app_secret, "ClientRequestToken": token})


def rotate(account: Account) -> str:
    token = str(uuid4())
    for name in STEPS:
        step(account, name, token)
    return token


def secret(account: Account, **version: str) -> dict[str, str]:
    """The value of a version, by default the current one."""
    return json.loads(migrate._secrets.get_secret_value(SecretId=account.app_secret, **version)["SecretString"])


def works(account: Account, **version: str) -> bool:
    """Whether the database takes the password of a version."""
    try:
        account.server.run("SELECT 1", "app", user="app", password=secret(account, **version)["password"])
    except psycopg2.OperationalError:
        return False
    return True


def test_a_rotation_changes_the_password_in_both_places(ready: Account) -> None:
    before = secret(ready)
    token = rotate(ready)
    after = secret(ready)
    assert after["username"] == before["username"] == "app"
    assert after == secret(ready, VersionId=token)
    assert after["password"] != before["password"]
    assert len(after["password"]) == 40
    assert after["password"].isalnum()
    assert works(ready)
    assert not works(ready, VersionStage="AWSPREVIOUS")
    assert ready.call(service, LIST)["statusCode"] == 200


def test_it_can_be_repeated(ready: Account) -> None:
    assert len({rotate(ready) for _ in range(3)}) == 3
    assert works(ready)


@pytest.mark.parametrize("last", range(len(STEPS)))
def test_steps_can_be_repeated_after_any_of_them(ready: Account, last: int) -> None:
    """Secrets Manager starts again from the first step, with the same token, when one has failed."""
    token = str(uuid4())
    for name in (*STEPS[: last + 1], *STEPS):
        step(ready, name, token)
    assert secret(ready) == secret(ready, VersionId=token)
    assert works(ready)


@pytest.mark.parametrize("name", STEPS[:3])
def test_the_service_works_until_the_last_step(ready: Account, name: str) -> None:
    token = str(uuid4())
    for earlier in STEPS[: STEPS.index(name) + 1]:
        step(ready, earlier, token)
    assert works(ready)
    assert ready.call(service, LIST)["statusCode"] == 200


def test_a_label_that_cannot_be_moved_leaves_the_password(ready: Account) -> None:
    token = str(uuid4())
    for name in STEPS[:3]:
        step(ready, name, token)
    refused = RuntimeError("refused")
    with (
        patch.object(migrate._secrets, "update_secret_version_stage", side_effect=refused),
        pytest.raises(RuntimeError, match="refused"),
    ):
        step(ready, "finishSecret", token)
    assert works(ready)
    step(ready, "finishSecret", token)
    assert secret(ready) == secret(ready, VersionId=token)
    assert works(ready)


@pytest.mark.parametrize("done", [True, False])
def test_a_commit_that_fails_is_mended(ready: Account, done: bool) -> None:
    """The version is current then, and the database has the new password, or not."""
    ready.fail("DatabaseUnavailableException", operation="Commit", done=done)
    token = rotate(ready)
    assert secret(ready) == secret(ready, VersionId=token)
    assert works(ready)


def test_a_password_that_does_not_work_fails_the_rotation(ready: Account) -> None:
    ready.seconds_left = migrate.MARGIN + 5
    with patch("rotate.set_password"), pytest.raises(data_api.DeadlineError, match="password authentication failed"):
        rotate(ready)


def test_it_waits_for_a_migration(ready: Account) -> None:
    token = str(uuid4())
    step(ready, "createSecret", token)
    holder = ready.server.connect("app")
    holder.cursor().execute("SELECT pg_advisory_lock(%s)", [exclusive.LOCK])
    ready.on_sleep = holder.close
    step(ready, "finishSecret", token)
    assert ready.slept
    assert works(ready)


def test_a_migration_sets_the_password_that_is_current(ready: Account, cloudformation: CloudFormation) -> None:
    """A database that was restored has the password of its snapshot."""
    rotate(ready)
    ready.server.run("ALTER ROLE app PASSWORD 'of the snapshot'")
    assert not works(ready)
    ready.call(migrate, cloudformation.request("Update"))
    assert works(ready)


@pytest.mark.parametrize("name", ["", "create_secret", None, 1])
def test_an_unknown_step_fails(ready: Account, name: Any) -> None:
    with pytest.raises(ValueError, match="Step must be one of the four of a rotation, got "):
        step(ready, name, str(uuid4()))


def test_another_secret_is_refused(ready: Account) -> None:
    """Only Secrets Manager may call the function, but nobody should rotate the admin's password by mistake."""
    with pytest.raises(ValueError, match="SecretId must be the application's secret"):
        ready.call(migrate, {"Step": "createSecret", "SecretId": ready.admin_secret, "ClientRequestToken": "x"})


def test_a_secret_that_names_another_role_is_refused(ready: Account, cloudformation: CloudFormation) -> None:
    """Whoever may write the application's secret must not become the admin by it."""
    stolen = json.dumps({"username": ADMIN, "password": "mine"})
    mine = migrate._secrets.put_secret_value(
        SecretId=ready.app_secret, SecretString=stolen, VersionStages=["AWSPENDING"]
    )
    with pytest.raises(ValueError, match="must have the username app"):
        step(ready, "finishSecret", mine["VersionId"])
    assert ready.server.run("SELECT 1", user=ADMIN, password=ADMIN_PASSWORD) == [(1,)]
    with patch.object(migrate._secrets, "get_secret_value", return_value={"SecretString": stolen}):
        ready.call(migrate, cloudformation.request("Update"))
    assert cloudformation.responses[-1]["Reason"].startswith("The application's secret must have the username app.")
    assert ready.server.run("SELECT 1", user=ADMIN, password=ADMIN_PASSWORD) == [(1,)]


def test_logs_contain_no_password(ready: Account, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        rotate(ready)
    assert secret(ready)["password"] not in caplog.text
    assert [record.message for record in caplog.records if record.name == "rotate"] == ["rotation"] * 4


# The verifier


def test_postgresql_takes_the_verifier_for_what_it_would_have_made(ready: Account) -> None:
    verifier = passwords.verifier(ADMIN_PASSWORD)
    ready.server.run(f"ALTER ROLE {ADMIN} PASSWORD '{verifier}'")
    (stored,) = ready.server.run(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{ADMIN}'")[0]
    assert stored == verifier
    assert ready.server.run("SELECT current_user", user=ADMIN, password=ADMIN_PASSWORD) == [(ADMIN,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ready.server.run("SELECT 1", user=ADMIN, password=ADMIN_PASSWORD + "x")


def test_a_verifier_has_a_salt_of_its_own() -> None:
    assert passwords.verifier(APP_PASSWORD) != passwords.verifier(APP_PASSWORD)
    assert passwords.verifier(APP_PASSWORD, b"0" * 16) == passwords.verifier(APP_PASSWORD, b"0" * 16)


@pytest.mark.parametrize("password", ["", "ä", "a\0b", "a\nb", "\ud800"])
def test_a_password_that_scram_would_change_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="must consist of printable ASCII characters"):
        passwords.verifier(password)


@pytest.mark.parametrize("password", ["a'b", "a\\b", 'a"b', "$$", "%L", " a b ", ":role", "~" * 128])
def test_any_printable_password_works(ready: Account, password: str) -> None:
    with ready.data_api("admin").transaction() as transaction:
        passwords.set_password(transaction, password)
    assert ready.server.run("SELECT 1", "app", user="app", password=password) == [(1,)]
