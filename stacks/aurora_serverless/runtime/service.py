"""Keeps notes in the database, as the role ``app``: the function behind a function URL, or called in its format.

``POST`` with ``{"title": "a title", "text": "a text"}`` stores a note and answers 201 with its id. ``GET`` answers the
newest notes, and with ``?before=<id>`` those before one. A wrong request is answered with 4xx. If the database does not
answer in time, the function fails: Lambda counts an error, and the caller may try again.

A cluster that has paused needs up to 30 seconds to resume, and this function waits for it. Its timeout must be at least
:data:`TIMEOUT`.
"""

import base64
import json
import logging
import os
from datetime import datetime, timezone
from typing import Any
from uuid import UUID, uuid4

from data_api import DataApi, rds_data, storable

TIMEOUT = 60
READ_TIMEOUT = 10
"""Seconds. The role's ``statement_timeout`` of 8 ends a statement before, so that none outlives its caller."""
MARGIN = READ_TIMEOUT + 2
MAX_BODY = 100_000
"""Characters. JSON may write one as 12, and Base64 writes 3 as 4."""
MAX_TITLE = 200
MAX_TEXT = 4_000
PAGE = 20
"""Notes in an answer. The Data API returns at most 1 MiB, and these are at most 20 times 4,200 characters."""

# Lambda logs as JSON, with the id of the request. No log contains a note.
logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
_data = rds_data(READ_TIMEOUT)


class RefusedError(Exception):
    """A request that no retry can make right."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers a request: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads"""
    api = DataApi(
        _data,
        cluster_arn=os.environ["CLUSTER_ARN"],
        secret_arn=os.environ["SECRET_ARN"],
        database=os.environ["DATABASE_NAME"],
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN,
    )
    try:
        match _method(event):
            case "POST":
                return _answer(201, put(api, *_note(event)))
            case "GET":
                return _answer(200, {"notes": list_notes(api, _before(event))})
            case method:
                raise RefusedError(405, f"The method must be GET or POST, got {method!r:.20}.")
    except RefusedError as error:
        logger.warning("refused", extra={"status": error.status, "reason": str(error)})
        return _answer(error.status, {"error": str(error)})


def put(api: DataApi, title: str, text: str) -> dict[str, Any]:
    """Stores a note. The id is made before the first try, so that a retry stores no second one."""
    note = uuid4()
    api.execute(
        "INSERT INTO notes.note (id, title, text) VALUES (:id, :title, :text) ON CONFLICT (id) DO NOTHING",
        id=note,
        title=title,
        text=text,
    )
    logger.info("stored", extra={"note": str(note)})
    return {"id": str(note)}


def list_notes(api: DataApi, before: UUID | None) -> list[dict[str, Any]]:
    """The newest notes, or those before one."""
    # Two statements, because PostgreSQL cannot tell the type of a parameter that is NULL.
    earlier = "WHERE (created_at, id) < (SELECT created_at, id FROM notes.note WHERE id = :before)" if before else ""
    rows = api.execute(
        "SELECT id::text AS id, coalesce(title, left(text, 80)) AS title, text, "
        "(extract(epoch FROM created_at) * 1000)::bigint AS created "
        f"FROM notes.note {earlier} ORDER BY created_at DESC, id DESC LIMIT :page",
        page=PAGE,
        **({"before": before} if before else {}),
    )
    return [{**row, "created": _time(row["created"])} for row in rows]


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat(timespec="milliseconds")


def _method(event: Any) -> Any:
    try:
        return event["requestContext"]["http"]["method"]
    except (KeyError, TypeError) as error:
        raise RefusedError(400, "The event must have the format of a function URL, with a method.") from error


def _before(event: dict[str, Any]) -> UUID | None:
    query = event.get("queryStringParameters")
    before = query.get("before") if isinstance(query, dict) else None
    try:
        return None if before is None else UUID(before)
    except (AttributeError, TypeError, ValueError) as error:
        raise RefusedError(400, "before must be the id of a note.") from error


def _note(event: dict[str, Any]) -> tuple[str, str]:
    note = _body(event)
    if not isinstance(note, dict) or {*note} - {"title", "text"}:
        raise RefusedError(400, 'The body must be an object such as {"title": "a title", "text": "a text"}.')
    return _text(note, "title", MAX_TITLE), _text(note, "text", MAX_TEXT)


def _text(note: dict[str, Any], name: str, most: int) -> str:
    text = note.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= most:
        raise RefusedError(400, f"{name} must be a text of 1 to {most:,} characters.")
    if not storable(text):
        raise RefusedError(400, f"{name} must not contain NUL or half of a surrogate pair.")
    return text


def _body(event: dict[str, Any]) -> Any:
    body: Any = event.get("body")
    if isinstance(body, str) and len(body) > MAX_BODY:
        raise RefusedError(413, f"The body must have at most {MAX_BODY:,} characters.")
    try:
        return json.loads(base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body)
    except (TypeError, ValueError, RecursionError) as error:
        raise RefusedError(400, "The body must be JSON.") from error


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
