"""The statements that ``AuroraServerlessStack``'s functions send take parameters of the types that they are sent with.

The emulated Data API writes parameters into the statement, where PostgreSQL finds a fitting type for them. The real one
binds them, each with a type of its own. Here PostgreSQL prepares every statement that was sent, with these types.
"""

import re
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from tests.runtime.aurora import Account, CloudFormation, data_api, migrate, service

TYPES = {"stringValue": "text", "longValue": "bigint", "booleanValue": "boolean"}
HINTS = {"UUID": "uuid"}


def prepared(request: dict[str, Any]) -> str:
    """The statement of a request, with numbered parameters and their types."""
    names, types = [], []
    for parameter in request["parameters"]:
        (kind,) = parameter["value"]
        names.append(parameter["name"])
        types.append(HINTS[parameter["typeHint"]] if "typeHint" in parameter else TYPES[kind])
    sql = re.sub(r"(?<!:):(\w+)", lambda match: f"${names.index(match[1]) + 1}", request["sql"])
    return f"PREPARE sent {'(' + ', '.join(types) + ')' if types else ''} AS {sql}"


@pytest.fixture
def sent(account: Account, cloudformation: CloudFormation) -> list[dict[str, Any]]:
    """All that the functions send: they migrate up, down and up, rotate, store a note and list notes."""
    for version in ("2", "1", "2"):
        account.call(migrate, cloudformation.request("Update", version))
    token = str(uuid4())
    for step in ("createSecret", "finishSecret"):
        account.call(migrate, {"Step": step, "SecretId": account.app_secret, "ClientRequestToken": token})
    post = {"requestContext": {"http": {"method": "POST"}}, "body": '{"title": "a title", "text": "a text"}'}
    get = {"requestContext": {"http": {"method": "GET"}}}
    for event in (post, get, {**get, "queryStringParameters": {"before": str(uuid4())}}):
        assert account.call(service, event)["statusCode"] in (200, 201)
    return [request for request in account.requests if request.get("parameters")]


def test_postgresql_prepares_every_statement(account: Account, sent: list[dict[str, Any]]) -> None:
    statements = {prepared(request) for request in sent}
    assert len(statements) == 9
    for statement in statements:
        account.server.run(statement, "app")


def test_a_wrong_type_is_found(account: Account, sent: list[dict[str, Any]]) -> None:
    for request in sent:
        for parameter in request["parameters"]:
            parameter.pop("typeHint", None)
    uuids = [request for request in sent if "notes.note" in request["sql"] and "id" in request["sql"]]
    with pytest.raises(psycopg2.Error, match="type uuid but expression is of type text"):
        account.server.run(prepared(uuids[0]), "app")


@pytest.mark.usefixtures("sent")
def test_no_statement_returns_a_type_that_the_data_api_lacks(account: Account) -> None:
    """A function that returns void is one: its result cannot be read."""
    known = {"text", "bigint", "integer", "boolean", "uuid"}
    for request in account.requests:
        if request.get("sql", "").startswith("SELECT"):
            query = prepared(request)
            rows = account.server.run(
                f"{query}; SELECT unnest(result_types)::text FROM pg_prepared_statements WHERE name = 'sent'", "app"
            )
            assert {row[0] for row in rows} <= known, request["sql"]


def test_rows_are_read_by_label() -> None:
    """PostgreSQL's name of a column and its label may differ in an answer."""
    metadata = [{"name": "column", "label": "alias"}]
    assert data_api._rows({"columnMetadata": metadata, "records": [[{"longValue": 1}]]}) == [{"alias": 1}]
