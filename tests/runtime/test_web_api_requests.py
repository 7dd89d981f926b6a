"""Wrong bodies, headers and parameters of requests to the web API."""

import base64
import json
from typing import Any

import pytest

from tests.runtime.web_api import (
    BEN,
    CONTEXT,
    NO_ITEM,
    OPERATIONS,
    TITLE,
    Functions,
    checked,
    event,
    match,
)

BODIES: dict[str, tuple[Any, int]] = {
    "no JSON": ("{", 400),
    "nothing": ("", 400),
    "duplicate names": ('{"title": "a", "title": "b"}', 400),
    "duplicate names inside": ('{"title": "a", "tags": [{"a": 1, "a": 2}]}', 400),
    "NaN": ('{"title": "a", "quantity": NaN}', 400),
    "Infinity": ('{"title": "a", "quantity": -Infinity}', 400),
    "deep": ("[" * 16_000, 400),
    "a number of many digits": ('{"title": "a", "quantity": ' + "9" * 10_000 + "}", 400),
    "a raw lone surrogate": ('{"title": "\ud800"}', 400),
    "a byte order mark": ("\ufeff{}", 400),
    "too large": (json.dumps({"title": "a", "description": "x" * 16_384}), 413),
    "too large in UTF-8 only": (json.dumps({"title": "a", "description": "é" * 8_190}, ensure_ascii=False), 413),
    "an escaped lone surrogate": ('{"title": "\\ud800"}', 422),
    "a lone surrogate as name": ('{"title": "a", "\\udfff": 1}', 422),
    "NUL": ({"title": "a\0"}, 422),
    "a control character in a text": ({"title": "a", "description": "\x1b[2J"}, 422),
    "a control character beyond ASCII": ({"title": "a\x85"}, 422),
    "a control sequence beyond ASCII": ({"title": "a", "description": "\x9b2J"}, 422),
    "a line break in a title": ({"title": "a\nb"}, 422),
    "a line break at the end": ({"title": "a\n"}, 422),
    "an empty title": ({"title": ""}, 422),
    "no title": ({}, 422),
    "a long title": ({"title": "x" * 201}, 422),
    "a long description": ({"title": "a", "description": "x" * 4001}, 422),
    "null": ({"title": "a", "description": None}, 422),
    "a number as title": ({"title": 1}, 422),
    "a text as number": ({"title": "a", "quantity": "1"}, 422),
    "true as number": ({"title": "a", "quantity": True}, 422),
    "a fraction": ({"title": "a", "quantity": 1.5}, 422),
    "a whole number as fraction": ('{"title": "a", "quantity": 1.0}', 422),
    "more than a float holds": ('{"title": "a", "quantity": 1e999}', 422),
    "more than DynamoDB holds": ('{"title": "a", "quantity": ' + "9" * 39 + "}", 422),
    "negative": ({"title": "a", "quantity": -1}, 422),
    "many tags": ({"title": "a", "tags": ["x"] * 21}, 422),
    "an empty tag": ({"title": "a", "tags": ["a", ""]}, 422),
    "a text as tags": ({"title": "a", "tags": "abc"}, 422),
    "an unknown field": ({"title": "a", "owner": BEN}, 422),
    "keys of the table": ({"title": "a", "pk": f"OWNER#{BEN}", "version": 7}, 422),
    "a list": ([TITLE], 422),
    "a text": ('"title"', 422),
    "null alone": ("null", 422),
}


class TestBodies:
    @pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
    def test_a_wrong_body_writes_nothing(self, api: Functions, body: Any, status: int) -> None:
        item = api.create()
        before = api.entries()
        assert api.call("POST /items", body=body).status == status
        assert api.call("PUT /items/{id}", id=item["id"], headers=match(), body=body).status == status
        assert api.entries() == before

    @pytest.mark.parametrize("body", ["{deep}", '{{"title": {deep}}}', '{{"title": "a", "b": {deep}}}'])
    def test_a_deep_body_is_refused(self, api: Functions, body: str) -> None:
        """As no JSON or as wrong content: Python's versions differ in how deep they parse."""
        deep = "[" * 8_000 + "]" * 8_000
        assert api.call("POST /items", body=body.format(deep=deep)).status in (400, 422)
        assert api.entries() == []

    @pytest.mark.parametrize("raw", [b'{"title": "\xff"}', b"\xed\xa0\x80", '{"title": "a"}'.encode("utf-16")])
    def test_bytes_that_are_not_utf_8_are_refused(self, api: Functions, raw: bytes) -> None:
        body = base64.b64encode(raw).decode()
        assert api.call("POST /items", body=body, isBase64Encoded=True).status == 400
        assert api.call("POST /items", body="é?", isBase64Encoded=True).status == 400

    @pytest.mark.parametrize("kind", [{}, {"content-type": ""}, {"content-type": "text/plain"}])
    def test_another_media_type_is_refused(self, api: Functions, kind: dict[str, str]) -> None:
        given = event("POST /items", headers=kind)
        given["body"] = json.dumps(TITLE)
        assert checked(OPERATIONS["POST /items"], api.write(given, CONTEXT)).status == 415

    def test_the_largest_body_is_accepted(self, api: Functions) -> None:
        text = json.dumps(TITLE)
        assert api.call("POST /items", body=text + " " * (16_384 - len(text))).status == 201
        assert api.call("POST /items", body=text + " " * (16_385 - len(text))).status == 413

    def test_all_mistakes_are_named_at_once(self, api: Functions) -> None:
        body = {"title": "", "quantity": -1, "tags": ["a", 1], "a/b~c": 1}
        errors = api.call("POST /items", body=body).body["errors"]
        assert {each["pointer"] for each in errors} == {"/title", "/quantity", "/tags/1", "/a~1b~0c"}
        assert {"pointer": "/a~1b~0c", "detail": "The field is unknown."} in errors

    def test_many_mistakes_make_no_long_answer(self, api: Functions) -> None:
        body = {str(number): 1 for number in range(1000)}
        assert len(api.call("POST /items", body=body).body["errors"]) == 20


class TestParameters:
    @pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "a", "", "1,2", "\u0661", "1 ", "9" * 5000])
    def test_a_wrong_limit_is_refused(self, api: Functions, limit: str) -> None:
        assert api.call("GET /items", query={"limit": limit}).status == 400

    @pytest.mark.parametrize("owner", ["", "a b", "\u00e9", "x" * 129])
    def test_a_wrong_owner_is_refused(self, api: Functions, owner: str) -> None:
        assert api.call("GET /items", query={"owner": owner}, groups="[admins]").status == 400

    @pytest.mark.parametrize("route", OPERATIONS)
    def test_an_unknown_parameter_is_refused(self, api: Functions, route: str) -> None:
        body = TITLE if "requestBody" in OPERATIONS[route] else None
        given: dict[str, Any] = {"id": NO_ITEM, "headers": match(), "body": body, "query": {"limits": "1"}}
        assert api.call(route, **given).status == 400

    @pytest.mark.parametrize("item_id", ["", "x", NO_ITEM.upper(), f"{NO_ITEM}0", f"{NO_ITEM}\n", "ITEM#", "../x"])
    def test_an_id_of_another_form_is_not_found(self, api: Functions, item_id: str) -> None:
        assert api.call("GET /items/{id}", id=item_id).status == 404
        assert api.call("DELETE /items/{id}", id=item_id, headers=match()).status == 404
        assert api.call("PUT /items/{id}", id=item_id, headers=match(), body=TITLE).status == 404

    @pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\u00e9", "a\n"])
    def test_a_wrong_idempotency_key_is_refused(self, api: Functions, key: str) -> None:
        assert api.call("POST /items", body=TITLE, headers={"idempotency-key": key}).status == 400
