"""The service of ``AuroraServerlessStack`` and what its role may do, in a real PostgreSQL, through the Data API."""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg2
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clock import Clock
from tests.runtime.aurora import ADMIN, APP_PASSWORD, Account, data_api, service

NOTE = {"title": "a title", "text": "a text"}


@pytest.fixture
def ready(migrated_account: Account) -> Account:
    """An account whose database has the latest schema and no notes, and the time that the service has."""
    migrated_account.renew(service.TIMEOUT)
    migrated_account.server.run("DELETE FROM notes.note", "app")
    return migrated_account


def request(method: str = "GET", body: Any = None, **more: Any) -> dict[str, Any]:
    """The event of a function URL for a request."""
    event = {"version": "2.0", "requestContext": {"http": {"method": method, "path": "/"}}, **more}
    return event if body is None else {**event, "body": body if isinstance(body, str) else json.dumps(body)}


def post(account: Account, note: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = account.call(service, request("POST", note, **more))
    assert answer["headers"] == {"Content-Type": "application/json"}
    return answer["statusCode"], json.loads(answer["body"])


def get(account: Account, **query: str) -> list[dict[str, Any]]:
    answer = account.call(service, request(queryStringParameters=query) if query else request())
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])["notes"]


# What it does


def test_a_note_is_stored_and_listed(ready: Account) -> None:
    status, stored = post(ready, NOTE)
    assert status == 201
    (note,) = get(ready)
    assert note.pop("created").endswith("+00:00")
    assert note == {**NOTE, **stored}


def test_notes_are_listed_by_page_newest_first(ready: Account) -> None:
    with patch.object(service, "PAGE", 2):
        ids = [post(ready, {**NOTE, "title": str(number)})[1]["id"] for number in range(5)]
        pages = [get(ready)]
        while pages[-1]:
            pages.append(get(ready, before=pages[-1][-1]["id"]))
    assert [[note["id"] for note in page] for page in pages] == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]], []]


def test_the_longest_note_is_stored(ready: Account) -> None:
    """JSON writes each of these characters as 12."""
    note = {"title": "\U0001f600" * 200, "text": "\U0001f600" * 4_000}
    body = base64.b64encode(json.dumps(note).encode()).decode()
    assert post(ready, body, isBase64Encoded=True)[0] == 201
    assert get(ready)[0]["text"] == note["text"]


def test_a_base64_body_is_read(ready: Account) -> None:
    body = base64.b64encode(json.dumps(NOTE).encode()).decode()
    assert post(ready, body, isBase64Encoded=True)[0] == 201


def test_notes_of_the_old_code_have_a_title(ready: Account) -> None:
    ready.server.run(
        "INSERT INTO notes.note (id, text) VALUES (gen_random_uuid(), 'old')", "app", user="app", password=APP_PASSWORD
    )
    assert [note["title"] for note in get(ready)] == ["old"]


def test_logs_contain_no_note(ready: Account, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        post(ready, {"title": "secret title", "text": "secret text"})
        post(ready, '{"secret": "body"}')
    assert [record.message for record in caplog.records if record.name == "service"] == ["stored", "refused"]
    assert "secret" not in str([vars(record) for record in caplog.records if record.name == "service"])


WRONG: list[tuple[Any, int, str]] = [
    ("", 400, "must be JSON"),
    ("{", 400, "must be JSON"),
    ("[" * 30_000, 400, "must be JSON"),
    ("[]", 400, "must be an object"),
    ("null", 400, "must be an object"),
    ({**NOTE, "id": "mine"}, 400, "must be an object such as"),
    ({"title": "a title"}, 400, "text must be a text of 1 to 4,000 characters"),
    ({"text": "a text"}, 400, "title must be a text of 1 to 200 characters"),
    ({**NOTE, "text": ""}, 400, "text must be a text"),
    ({**NOTE, "text": "x" * 4_001}, 400, "text must be a text"),
    ({**NOTE, "title": "x" * 201}, 400, "title must be a text"),
    ({**NOTE, "title": 1}, 400, "title must be a text"),
    ({**NOTE, "title": ["a"]}, 400, "title must be a text"),
    ({**NOTE, "title": None}, 400, "title must be a text"),
    ({**NOTE, "title": "\0"}, 400, "title must not contain NUL"),
    ({**NOTE, "text": "\ud800"}, 400, "text must not contain NUL or half of a surrogate pair"),
    ({**NOTE, "text": "x" * 100_001}, 413, "at most 100,000 characters"),
]


@pytest.mark.parametrize(("note", "status", "says"), WRONG)
def test_a_wrong_note_is_refused(ready: Account, note: Any, status: int, says: str) -> None:
    answered, body = post(ready, note)
    assert answered == status
    assert says in body["error"]
    assert ready.calls == []


@pytest.mark.parametrize(
    ("event", "status", "says"),
    [
        ({}, 400, "format of a function URL"),
        ({"requestContext": None}, 400, "format of a function URL"),
        ([], 400, "format of a function URL"),
        (request("DELETE"), 405, "GET or POST, got 'DELETE'"),
        (request(queryStringParameters={"before": "1' OR '1'='1"}), 400, "before must be the id of a note"),
        (request("POST", "e30", isBase64Encoded=True), 400, "must be JSON"),
        (request("POST", "/w==", isBase64Encoded=True), 400, "must be JSON"),
    ],
)
def test_a_wrong_request_is_refused(ready: Account, event: Any, status: int, says: str) -> None:
    answer = ready.call(service, event)
    assert answer["statusCode"] == status
    assert says in json.loads(answer["body"])["error"]
    assert ready.calls == []


HOSTILE = st.sampled_from(
    [
        *["'", "''", "\\'", '"', ";", "--", "/*", "$$", "$1", ":id", ":title", "::text", "%s", "%(id)s", "%%", "{}"],
        *["'); DROP TABLE notes.note; --", "' || (SELECT current_user) || '"],
        *["\0", "\ud800", "\udfff\ud800", "\U0001f600"],
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=20) | HOSTILE, text=st.lists(st.text(max_size=20) | HOSTILE, max_size=4).map("".join))
def test_hostile_notes_come_back_as_they_are_or_are_refused(ready: Account, title: str, text: str) -> None:
    before = len(get(ready))
    status, body = post(ready, {"title": title, "text": text})
    if "\0" in title + text or not (title and text) or any("\ud800" <= c <= "\udfff" for c in title + text):
        assert (status, len(get(ready))) == (400, before)
        return
    assert status == 201
    newest = get(ready)[0]
    assert (newest["id"], newest["title"], newest["text"]) == (body["id"], title, text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    event=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["body", "isBase64Encoded", "queryStringParameters", "before", "title", "text"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    post_it=st.booleans(),
)
def test_no_event_makes_it_fail(ready: Account, event: Any, post_it: bool) -> None:
    if isinstance(event, dict):
        event["requestContext"] = {"http": {"method": "POST" if post_it else "GET"}}
    assert ready.call(service, event)["statusCode"] in (200, 201, 400, 405, 413)


# A pause, a failover, a login that fails


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_first_call_after_a_pause_succeeds(ready: Account, method: str) -> None:
    """A cluster resumes within 30 seconds after a pause of a day."""
    resumed_at = ready.seconds_left - 30
    ready.faults.append(
        lambda _: {"code": "DatabaseResumingException", "done": False} if ready.seconds_left > resumed_at else None
    )
    answer = ready.call(service, request(method, NOTE if method == "POST" else None))
    assert answer["statusCode"] == (201 if method == "POST" else 200)
    assert 30 <= sum(ready.slept) < 36


@pytest.mark.parametrize("code", sorted(data_api.TRANSIENT - {data_api.NO_ANSWER}))
def test_a_deadline_ends_in_a_clear_error(ready: Account, code: str) -> None:
    ready.fail(code, times=1_000)
    with pytest.raises(data_api.DeadlineError, match=f"before the deadline, after [0-9]+ tries.*{code}"):
        ready.call(service, request())
    # There was time for the last call, and for the error to reach the log.
    assert ready.seconds_left > service.READ_TIMEOUT
    assert len(ready.slept) < 25


def test_a_retry_stores_no_second_note(ready: Account) -> None:
    ready.fail("InternalServerErrorException", times=2, done=True)
    status, stored = post(ready, NOTE)
    ready.faults.clear()
    assert (status, [note["id"] for note in get(ready)]) == (201, [stored["id"]])


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="https://x"), ReadTimeoutError(endpoint_url="https://x")]
)
def test_a_lost_connection_is_tried_again(ready: Account, error: Exception) -> None:
    errors = [error, error]

    def lose(_: str) -> None:
        if errors:
            raise errors.pop()

    ready.faults.append(lose)
    assert get(ready) == []
    assert len(ready.slept) == 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "BadRequestException", "DatabaseNotFoundException"])
def test_other_errors_fail_at_once(ready: Account, code: str) -> None:
    ready.fail(code)
    with pytest.raises(data_api.DataApiError, match=f"{code}: a fault of this test"):
        ready.call(service, request())
    assert ready.slept == []


def test_missing_credentials_fail_at_once(ready: Account) -> None:
    with (
        patch.object(ready, "answer", side_effect=NoCredentialsError),
        patch.object(service._data, "execute_statement", side_effect=NoCredentialsError),
        pytest.raises(NoCredentialsError),
    ):
        ready.call(service, request())


def test_a_login_that_fails_is_tried_until_the_deadline(ready: Account) -> None:
    ready.server.run("ALTER ROLE app PASSWORD 'another'")
    try:
        with pytest.raises(data_api.DeadlineError, match="password authentication failed"):
            ready.call(service, request())
        # A rotation that ends in the meantime is all it takes.
        ready.renew(service.TIMEOUT)
        ready.on_sleep = lambda: ready.server.run(f"ALTER ROLE app PASSWORD '{APP_PASSWORD}'")
        assert get(ready) == []
    finally:
        ready.server.run(f"ALTER ROLE app PASSWORD '{APP_PASSWORD}'")


# What the role may do


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE notes.other (id int)",
        "CREATE TABLE public.other (id int)",
        "CREATE TEMPORARY TABLE other (id int)",
        "CREATE SCHEMA other",
        "CREATE ROLE other",
        "CREATE DATABASE other",
        "ALTER TABLE notes.note ADD COLUMN other int",
        "DROP TABLE notes.note",
        "TRUNCATE notes.note",
        "DELETE FROM notes.note",
        "UPDATE notes.note SET text = ''",
        "CREATE INDEX ON notes.note (text)",
        "SELECT * FROM migrations.applied",
        "SELECT * FROM others.secret",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY notes.note TO PROGRAM 'cat'",
        f"SET ROLE {ADMIN}",
        "SET SESSION AUTHORIZATION postgres",
        f"GRANT {ADMIN} TO app",
        f"ALTER ROLE {ADMIN} PASSWORD 'mine'",
        "ALTER ROLE app CREATEROLE",
        "ALTER ROLE app SUPERUSER",
        "GRANT rds_iam TO app",
    ],
)
def test_the_role_may_only_read_and_add_notes(ready: Account, sql: str) -> None:
    admin = ready.data_api("admin")
    admin.execute("CREATE SCHEMA IF NOT EXISTS others")
    admin.execute("CREATE TABLE IF NOT EXISTS others.secret (id int)")
    with pytest.raises(data_api.DataApiError, match=r"permission denied|must be (able to )?(owner|superuser|have)"):
        ready.data_api().execute(sql)


def test_the_role_owns_nothing_and_is_a_member_of_nothing(ready: Account) -> None:
    owned = "SELECT relname FROM pg_class JOIN pg_roles r ON relowner = r.oid WHERE rolname = 'app'"
    members = "SELECT roleid::regrole FROM pg_auth_members WHERE member = 'app'::regrole"
    attributes = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
    assert ready.server.run(owned, "app") == []
    assert ready.server.run(members, "app") == []
    assert ready.server.run(f"{attributes} WHERE rolname = 'app'", "app") == [(False,) * 5]


def test_the_admin_can_make_a_role_for_iam_tokens(ready: Account) -> None:
    """Aurora lets a member of rds_iam log in by a token only, so that app itself must not be one."""
    with ready.data_api("admin").transaction() as transaction:
        for statement in ("CREATE ROLE person LOGIN", "GRANT app, rds_iam TO person"):
            transaction.execute(statement)
    try:
        rights = (
            "SELECT has_table_privilege('person', 'notes.note', 'SELECT'), pg_has_role('person', 'rds_iam', 'USAGE')"
        )
        assert ready.server.run(rights, "app") == [(True, True)]
    finally:
        ready.server.run("DROP ROLE person")


def test_nobody_else_may_log_in_to_the_database(ready: Account) -> None:
    ready.server.run("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    try:
        with pytest.raises(psycopg2.OperationalError, match="does not have CONNECT privilege"):
            ready.server.run("SELECT 1", "app", user="stranger", password="stranger")
    finally:
        ready.server.run("DROP ROLE stranger")


def test_a_statement_that_hangs_ends_before_its_caller_gives_up(ready: Account) -> None:
    (seconds,) = ready.server.run("SHOW statement_timeout", "app", user="app", password=APP_PASSWORD)[0]
    assert int(seconds.removesuffix("s")) < service.READ_TIMEOUT


# The client


@pytest.mark.parametrize("value", [None, True, False, 0, -(2**63), 2**63 - 1, "", "a'b:c%s", uuid4()], ids=repr)
def test_values_come_back_as_they_are(ready: Account, value: Any) -> None:
    (row,) = ready.data_api().execute("SELECT :value AS value", value=value)
    assert row["value"] == (str(value) if isinstance(value, UUID) else value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1.5, float("nan"), b"", [], {}, "\0", "a\ud800", object()])
def test_values_that_cannot_be_stored_are_refused(ready: Account, value: Any) -> None:
    with pytest.raises(data_api.ParameterError, match="value must be a text without NUL"):
        ready.data_api().execute("SELECT :value AS value", value=value)
    assert ready.calls == []


def test_a_statement_that_is_not_a_query_has_no_rows(ready: Account) -> None:
    assert ready.data_api("admin").execute("CREATE SCHEMA other") == []


@pytest.mark.parametrize("fails", [True, False])
def test_a_transaction_takes_effect_as_a_whole(ready: Account, fails: bool) -> None:
    insert = "INSERT INTO notes.note (id, title, text) VALUES (:id, 'a', 'b')"
    with pytest.raises(RuntimeError) if fails else nullcontext(), ready.data_api().transaction() as transaction:
        transaction.execute(insert, id=uuid4())
        transaction.execute(insert, id=uuid4())
        if fails:
            raise RuntimeError
    assert len(get(ready)) == (0 if fails else 2)


def test_the_error_of_a_transaction_is_not_hidden_by_its_rollback(ready: Account) -> None:
    ready.fail("InternalServerErrorException", operation="Rollback")
    with pytest.raises(RuntimeError, match="mine"), ready.data_api().transaction():
        raise RuntimeError("mine")


def test_waits_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    longest: Callable[[float, float], float] = lambda _, high: high  # noqa: E731
    clock = Clock()
    monkeypatch.setattr(data_api.random, "uniform", longest)
    monkeypatch.setattr(data_api, "time", clock)
    patience = data_api.Patience(lambda: 100)
    for _ in range(6):
        patience.wait(RuntimeError())
    assert clock.pauses == [0.5, 1, 2, 4, 5, 5]
