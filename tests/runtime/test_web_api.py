"""The behavior of every route of the web API, with an emulated table. Each answer is compared with its schema."""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import botocore.exceptions
import pytest

from tests.runtime.web_api import (
    ANA,
    API,
    BEN,
    CONTEXT,
    TABLE,
    Answered,
    Functions,
    checked,
    create_table,
    event,
    functions,
)

OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in API["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
NO_ITEM = "01a2241d8ea4dd518a6899cc7dd4aa32"
TITLE = {"title": "A title"}


@pytest.fixture(scope="module")
def environment() -> Iterator[Functions]:
    with functions() as loaded:
        yield loaded


@pytest.fixture
def api(environment: Functions) -> Functions:
    environment.reset()
    return environment


def match(version: int | str = 1) -> dict[str, str]:
    return {"if-match": f'"{version}"'}


class TestItems:
    def test_an_item_lives_from_post_to_delete(self, api: Functions) -> None:
        content = {"title": "Ä title 🎈", "description": "two\nlines", "quantity": 3, "tags": ["a", "b"]}
        created = api.call("POST /items", body=content)
        item = created.body
        assert (created.status, created.headers["etag"]) == (201, '"1"')
        assert created.headers["location"] == f"/items/{item['id']}"
        assert (item["version"], item["content"]) == (1, content)
        assert api.call("GET /items/{id}", id=item["id"]).body == item
        replaced = api.call("PUT /items/{id}", id=item["id"], body={"title": "Another"}, headers=match())
        assert (replaced.status, replaced.headers["etag"], replaced.body["version"]) == (200, '"2"', 2)
        defaults = {"description": "", "quantity": 0, "tags": []}
        assert replaced.body["content"] == {"title": "Another", **defaults}, "PUT replaces every field"
        assert replaced.body["created_at"] == item["created_at"]
        assert api.call("GET /items/{id}", id=item["id"]).body == replaced.body
        assert api.call("DELETE /items/{id}", id=item["id"], headers=match(2)).status == 204
        assert api.call("GET /items/{id}", id=item["id"]).status == 404
        assert api.entries() == []

    def test_a_body_may_arrive_in_base64(self, api: Functions) -> None:
        body = base64.b64encode(json.dumps(TITLE).encode()).decode()
        answer = api.call("POST /items", body=body, isBase64Encoded=True)
        assert (answer.status, answer.body["content"]["title"]) == (201, "A title")

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
    def test_the_media_type_may_have_parameters(self, api: Functions, kind: str) -> None:
        assert api.call("POST /items", body=TITLE, headers={"content-type": kind}).status == 201


class TestOwners:
    def test_nobody_sees_or_changes_the_items_of_others(self, api: Functions) -> None:
        item, before = api.create(ANA), api.entries()
        assert api.call("GET /items", BEN).body["items"] == []
        assert api.call("GET /items/{id}", BEN, id=item["id"]).status == 404
        assert api.call("GET /items/{id}", BEN, id=item["id"], query={"owner": ANA}).status == 403
        assert api.call("GET /items", BEN, query={"owner": ANA}).status == 403
        assert api.call("PUT /items/{id}", BEN, id=item["id"], body=TITLE, headers=match()).status == 404
        assert api.call("DELETE /items/{id}", BEN, id=item["id"], headers=match()).status == 404
        assert api.entries() == before

    @pytest.mark.parametrize("groups", ["[admins]", "[editors admins]", "admins"])
    def test_admins_read_the_items_of_others(self, api: Functions, groups: str) -> None:
        item, of_ana = api.create(ANA), {"owner": ANA}
        assert api.call("GET /items", BEN, query=of_ana, groups=groups).body["items"] == [item]
        assert api.call("GET /items/{id}", BEN, id=item["id"], query=of_ana, groups=groups).body == item
        assert api.call("GET /items", BEN, groups=groups).body["items"] == [], "their own, unless they name an owner"

    def test_admins_do_not_change_the_items_of_others(self, api: Functions) -> None:
        item, before = api.create(ANA), api.entries()
        given: dict[str, Any] = {"id": item["id"], "headers": match(), "groups": "[admins]"}
        assert api.call("DELETE /items/{id}", BEN, **given).status == 404
        assert api.call("PUT /items/{id}", BEN, body=TITLE, **given).status == 404
        assert api.call("DELETE /items/{id}", BEN, query={"owner": ANA}, **given).status == 400
        assert api.entries() == before

    @pytest.mark.parametrize("groups", ["[administrators]", "[not-admins]", "[[admins]]", "[Admins]", "[]", ""])
    def test_other_groups_are_no_admins(self, api: Functions, groups: str) -> None:
        assert api.call("GET /items", BEN, query={"owner": ANA}, groups=groups).status == 403

    @pytest.mark.parametrize("claims", [{"sub": "3n4b5urk1ft4fl3mg5e62d9ado"}, {}])
    def test_a_client_owns_items_by_its_id(self, api: Functions, claims: dict[str, str]) -> None:
        claims = {"client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "token_use": "access", **claims}
        item = api.call("POST /items", body=TITLE, claims=claims).body
        assert api.call("GET /items/{id}", claims=claims, id=item["id"]).body == item
        assert api.entries()[0]["pk"] == {"S": "OWNER#3n4b5urk1ft4fl3mg5e62d9ado"}
        assert api.call("GET /items").body["items"] == []

    @pytest.mark.parametrize("sub", ["", "a b", "é", "x" * 129, "a\x00"])
    def test_a_token_without_a_proper_owner_is_refused(self, api: Functions, sub: str) -> None:
        for route in OPERATIONS:
            assert api.call(route, claims={"sub": sub}, id=NO_ITEM).status == 403

    def test_a_route_without_authorizer_fails_closed(self, api: Functions) -> None:
        given = event("GET /items")
        del given["requestContext"]["authorizer"]
        assert checked(OPERATIONS["GET /items"], api.read(given, CONTEXT)).status == 500

    def test_reads_are_strongly_consistent(self, api: Functions) -> None:
        """The emulated table has one copy only, so this looks at the calls."""
        sent: list[dict[str, Any]] = []
        api.fail_by(lambda request, **_: sent.append(json.loads(request.body)))
        for route, given in (("GET /items", {}), ("GET /items/{id}", {"id": NO_ITEM})):
            api.call(route, **given)
        assert [call["ConsistentRead"] for call in sent] == [True, True]


class TestVersions:
    @pytest.mark.parametrize("route", ["PUT /items/{id}", "DELETE /items/{id}"])
    @pytest.mark.parametrize(
        ("header", "status"),
        [
            (None, 428),
            ('"2"', 412),
            ('"0"', 412),
            ('"01"', 412),
            ('"other"', 412),
            ('W/"1"', 412),
            ('""', 412),
            (f'"{"9" * 5000}"', 412),
            ("1", 400),
            ("*", 400),
            ('"1", "2"', 400),
            ('"1","2"', 400),
            ('"1"\n', 400),
            ('"\ud800"', 400),
            ("", 400),
        ],
        ids=ascii,
    )
    def test_a_change_needs_the_current_version(
        self, api: Functions, route: str, header: str | None, status: int
    ) -> None:
        item = api.create()
        body = {"title": "Another"} if route.startswith("PUT") else None
        headers = {} if header is None else {"if-match": header}
        assert api.call(route, id=item["id"], body=body, headers=headers).status == status
        assert api.call("GET /items/{id}", id=item["id"]).body == item

    def test_only_one_of_two_changes_of_a_version_succeeds(self, api: Functions) -> None:
        item = api.create()
        first = api.call("PUT /items/{id}", id=item["id"], body={"title": "first"}, headers=match())
        second = api.call("PUT /items/{id}", id=item["id"], body={"title": "second"}, headers=match())
        assert (first.status, second.status) == (200, 412)
        assert api.call("GET /items/{id}", id=item["id"]).body == first.body

    def test_a_repeated_put_succeeds_if_its_answer_got_lost(self, api: Functions) -> None:
        item = api.create()
        given: dict[str, Any] = {"id": item["id"], "body": {"title": "first", "tags": ["a"]}, "headers": match()}
        first, again = api.call("PUT /items/{id}", **given), api.call("PUT /items/{id}", **given)
        assert first == again


class TestPages:
    def test_pages_list_every_item_once_the_newest_first(self, api: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(7):
            monkeypatch.setattr(api.items, "clock", lambda now=1e9 + number: now)
            api.create(title=str(number))
        api.create(BEN)
        titles, query = [], {"limit": "3"}
        while True:
            page = api.call("GET /items", query=query).body
            titles.append([item["content"]["title"] for item in page["items"]])
            if page["next"] is None:
                break
            query = {"limit": "3", "next": page["next"]}
        assert titles == [["6", "5", "4"], ["3", "2", "1"], ["0"]]

    def test_a_page_has_25_items_by_default(self, api: Functions) -> None:
        for _ in range(26):
            api.create()
        page = api.call("GET /items").body
        assert len(page["items"]) == 25
        assert len(api.call("GET /items", query={"next": page["next"]}).body["items"]) == 1

    def test_a_token_still_works_after_its_last_item_is_deleted(self, api: Functions) -> None:
        oldest, newest = api.create(), api.create()
        page = api.call("GET /items", query={"limit": "1"}).body
        api.call("DELETE /items/{id}", id=page["items"][0]["id"], headers=match())
        rest = api.call("GET /items", query={"next": page["next"]}).body["items"]
        assert rest == [item for item in (oldest, newest) if item != page["items"][0]]

    def test_admins_page_through_the_items_of_others(self, api: Functions) -> None:
        ids = {api.create(ANA)["id"], api.create(ANA)["id"]}
        given: dict[str, Any] = {"owner": BEN, "groups": "[admins]"}
        first = api.call("GET /items", query={"owner": ANA, "limit": "1"}, **given).body
        second = api.call("GET /items", query={"owner": ANA, "next": first["next"]}, **given).body
        assert {item["id"] for item in first["items"] + second["items"]} == ids

    def test_a_token_is_valid_for_an_hour(self, api: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
        token = issued(api)
        for seconds, status in ((3590, 200), (3610, 400)):
            monkeypatch.setattr(api.items, "clock", lambda after=seconds, now=api.items.clock: now() + after)
            assert api.call("GET /items", query={"next": token}).status == status
            monkeypatch.undo()

    def test_a_token_is_valid_for_its_owner(self, api: Functions) -> None:
        token = issued(api)
        assert api.call("GET /items", BEN, query={"next": token}).status == 400
        assert api.call("GET /items", BEN, query={"next": token, "owner": ANA}, groups="[admins]").status == 200
        assert api.call("GET /items", BEN, query={"next": token}, groups="[admins]").status == 400

    def test_no_changed_token_is_valid(self, api: Functions) -> None:
        raw = base64.urlsafe_b64decode(issued(api))
        for place in range(len(raw)):
            changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            token = base64.urlsafe_b64encode(changed).decode()
            assert api.call("GET /items", query={"next": token}).status == 400

    def test_a_token_of_an_empty_table_is_refused_and_writes_nothing(self, api: Functions) -> None:
        assert api.call("GET /items", query={"next": "A" * 48}).status == 400
        assert api.entries() == []

    def test_environments_share_the_signing_key(self, api: Functions) -> None:
        token = issued(api)
        key = api.table.signing_key()
        api.forget_signing_key()
        assert api.call("GET /items", query={"next": token}).status == 200
        assert api.table.make_signing_key() == key, "one that is made at the same time does not replace it"


def issued(api: Functions) -> str:
    """The token of a page of ANA's items."""
    api.create(), api.create()
    return api.call("GET /items", query={"limit": "1"}).body["next"]


class TestIdempotency:
    KEY: Final = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}

    def test_the_same_request_gets_the_same_answer(self, api: Functions) -> None:
        first = api.call("POST /items", body=TITLE, headers=self.KEY)
        again = api.call("POST /items", body='{ "tags": [], "title": "A title" }', headers=self.KEY)
        assert first.status == 201
        assert again == first, "spaces, order and defaults do not matter"
        assert len(api.call("GET /items").body["items"]) == 1

    def test_it_gets_the_same_answer_after_a_change(self, api: Functions) -> None:
        first = api.call("POST /items", body=TITLE, headers=self.KEY)
        api.call("PUT /items/{id}", id=first.body["id"], body={"title": "Another"}, headers=match())
        assert api.call("POST /items", body=TITLE, headers=self.KEY) == first
        api.call("DELETE /items/{id}", id=first.body["id"], headers=match(2))
        assert api.call("POST /items", body=TITLE, headers=self.KEY) == first
        assert api.call("GET /items").body["items"] == []

    def test_another_body_is_refused(self, api: Functions) -> None:
        api.call("POST /items", body=TITLE, headers=self.KEY)
        before = api.entries()
        assert api.call("POST /items", body={"title": "Another"}, headers=self.KEY).status == 422
        assert api.entries() == before

    def test_keys_of_others_do_not_matter(self, api: Functions) -> None:
        first = api.call("POST /items", ANA, body=TITLE, headers=self.KEY)
        other = api.call("POST /items", BEN, body={"title": "Another"}, headers=self.KEY)
        assert other.status == 201
        assert other.body["id"] != first.body["id"]

    def test_a_refused_request_leaves_its_key_free(self, api: Functions) -> None:
        assert api.call("POST /items", body={"title": 1}, headers=self.KEY).status == 422
        assert api.call("POST /items", body=TITLE, headers=self.KEY).status == 201

    def test_a_key_is_free_again_after_a_day(self, api: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
        first = api.call("POST /items", body=TITLE, headers=self.KEY)
        [record] = [entry for entry in api.entries() if "expires_at" in entry]
        expires_at = int(record["expires_at"]["N"])
        assert expires_at == pytest.approx(api.items.clock() + 24 * 3600, abs=60)
        monkeypatch.setattr(api.items, "clock", lambda: float(expires_at))
        assert api.call("POST /items", body=TITLE, headers=self.KEY) == first
        monkeypatch.setattr(api.items, "clock", lambda: expires_at + 1.0)
        assert api.call("POST /items", body=TITLE, headers=self.KEY).body["id"] != first.body["id"]

    def test_a_request_in_progress_is_a_conflict(self, api: Functions) -> None:
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        api.fail("TransactionCanceledException", CancellationReasons=reasons)
        answer = api.call("POST /items", body=TITLE, headers=self.KEY)
        assert (answer.status, answer.headers["retry-after"]) == (409, "1")

    @pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
    def test_a_throttled_transaction_is_unavailable(self, api: Functions, code: str) -> None:
        reasons = [{"Code": "None"}, {"Code": code}]
        api.fail("TransactionCanceledException", CancellationReasons=reasons)
        assert api.call("POST /items", body=TITLE, headers=self.KEY).status == 503

    def test_both_entries_are_written_by_one_call(self, api: Functions) -> None:
        calls = api.fail("AccessDeniedException")
        assert api.call("POST /items", body=TITLE, headers=self.KEY).status == 500
        assert calls == ["TransactWriteItems"]


BODIES: dict[str, tuple[Any, int]] = {
    "no JSON": ("{", 400),
    "nothing": ("", 400),
    "duplicate names": ('{"title": "a", "title": "b"}', 400),
    "duplicate names inside": ('{"title": "a", "tags": [{"a": 1, "a": 2}]}', 400),
    "NaN": ('{"title": "a", "quantity": NaN}', 400),
    "Infinity": ('{"title": "a", "quantity": -Infinity}', 400),
    "deep": ("[" * 16_000, 400),
    "deep and closed": ("[" * 8_000 + "]" * 8_000, 400),
    "a number of many digits": ('{"title": "a", "quantity": ' + "9" * 10_000 + "}", 400),
    "a raw lone surrogate": ('{"title": "\ud800"}', 400),
    "a byte order mark": ("\ufeff{}", 400),
    "too large": (json.dumps({"title": "a", "description": "x" * 16_384}), 413),
    "too large in UTF-8 only": (json.dumps({"title": "a", "description": "é" * 8_190}, ensure_ascii=False), 413),
    "an escaped lone surrogate": ('{"title": "\\ud800"}', 422),
    "a lone surrogate as name": ('{"title": "a", "\\udfff": 1}', 422),
    "NUL": ({"title": "a\0"}, 422),
    "a control character in a text": ({"title": "a", "description": "\x1b[2J"}, 422),
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


def every_call(api: Functions) -> Iterator[tuple[str, Answered]]:
    """Calls every route with a request that needs the table."""
    for route, operation in OPERATIONS.items():
        body = TITLE if "requestBody" in operation else None
        yield route, api.call(route, id=NO_ITEM, headers=match(), body=body)


class TestFailures:
    @pytest.mark.parametrize(
        "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"]
    )
    def test_a_throttled_table_is_unavailable(
        self, api: Functions, monkeypatch: pytest.MonkeyPatch, code: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _: None)
        refused = api.fail(code)
        for route, answer in every_call(api):
            assert (answer.status, answer.headers["retry-after"]) == (503, "1"), route
        assert len(refused) == 3 * len(OPERATIONS), "three attempts each"
        assert capsys.readouterr().out.count('"Faults":[1.0]') == len(OPERATIONS)

    @pytest.mark.parametrize("error", ["ReadTimeoutError", "ConnectTimeoutError", "EndpointConnectionError"])
    def test_a_table_that_does_not_answer_is_unavailable(
        self, api: Functions, monkeypatch: pytest.MonkeyPatch, error: str
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _: None)

        def answer(**_: Any) -> None:
            raise getattr(botocore.exceptions, error)(endpoint_url="https://dynamodb")

        api.fail_by(answer)
        assert {answer.status for _, answer in every_call(api)} == {503}

    def test_a_missing_table_is_logged_with_the_id_of_the_request(
        self, api: Functions, capsys: pytest.CaptureFixture[str]
    ) -> None:
        api.client.delete_table(TableName=TABLE)
        try:
            answers = dict(every_call(api))
        finally:
            create_table()
        for route, answer in answers.items():
            assert answer.status == 500, route
            assert TABLE not in answer.body["detail"]
        logged = api.logged()
        assert [record["route"] for record in logged] == list(OPERATIONS)
        for record in logged:
            assert (record["level"], record["code"]) == ("ERROR", "ResourceNotFoundException")
            assert record["correlation_id"] == "JKJaXmPLvHcESHA="
            assert any("table.py" in frame for frame in record["frames"])
        metric = json.loads(capsys.readouterr().out.splitlines()[0])
        dimensions = {"service": "web-api", "function_name": "web-api", "function_version": "7"}
        [directive] = metric["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Patternbook/WebApi"
        assert [sorted(each) for each in directive["Dimensions"]] == [sorted(dimensions)]
        assert {name: metric[name] for name in dimensions} == dimensions

    def test_a_refused_call_is_logged_with_its_reason(self, api: Functions) -> None:
        api.fail("AccessDeniedException")
        assert api.call("GET /items").status == 500
        [record] = api.logged()
        assert (record["operation"], record["code"], record["reason"]) == ("Query", "AccessDeniedException", "no")

    def test_logs_contain_neither_bodies_nor_tokens(
        self, api: Functions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = "c0nfidential"
        item = api.create(title=secret)
        token = issued(api)
        for body in ({"title": [secret]}, {"title": "a", secret: 1}, f'{{"title": "{secret}', {"title": secret}):
            api.call("POST /items", body=body, headers={"idempotency-key": secret})
            api.call("PUT /items/{id}", id=item["id"], body=body, headers={"if-match": f'"{secret}"'})
        api.call("GET /items", query={"next": token, secret: secret})
        api.call("GET /items", BEN, query={"next": token})
        api.fail("ValidationException", message=f"One or more parameters are wrong: {secret}")
        for headers in ({}, {"idempotency-key": secret}):
            assert api.call("POST /items", body={"title": secret}, headers=headers).status == 500
        monkeypatch.setattr(api.items.table, "get", lambda *_: int(secret))  # a mistake in the code
        assert api.call("GET /items/{id}", id=NO_ITEM).status == 500
        told = api.logs.getvalue() + "".join(capsys.readouterr())
        assert "ValueError" in told
        assert secret not in told
        assert token not in told


TRACED = """
from tests.runtime.web_api import BEN, functions
with functions() as api:
    item = api.create(title="c0nfidential")
    api.call("GET /items/{id}", id=item["id"])
    api.table.get = lambda *_: int("c0nfidential")
    api.call("GET /items/{id}", id=item["id"])
"""


def test_traces_contain_no_items() -> None:
    """Runs the functions with a tracer, as Lambda does, and receives in place of the X-Ray daemon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        environment = {
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", TRACED]
        subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, timeout=60)
        received = ""
        while received.count('"## handler"') < 3:
            received += daemon.recv(65_536).decode()
    assert '"operation":"PutItem"' in received.replace(" ", "")
    assert "c0nfidential" not in received


class TestDocument:
    def test_every_status_of_the_document_is_shown_here(self, api: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compares the document with the answers to one request per status. Answers with other statuses fail anyway."""
        monkeypatch.setattr("time.sleep", lambda _: None)
        item = api.create()
        large, body = "x" * 16_385, {"title": "b"}
        requests: dict[str, dict[int, dict[str, Any]]] = {
            "GET /items": {200: {}, 400: {"query": {"a": "b"}}, 403: {"query": {"owner": BEN}}},
            "POST /items": {
                201: {"body": body},
                400: {"body": "{"},
                403: {"claims": {"sub": ""}},
                413: {"body": large},
                415: {},
                422: {"body": {}},
            },
            "GET /items/{id}": {
                200: {"id": item["id"]},
                400: {"query": {"a": "b"}},
                403: {"query": {"owner": BEN}},
                404: {},
            },
            "PUT /items/{id}": {
                200: {"id": item["id"], "body": body, "headers": match()},
                400: {"body": "{", "headers": match()},
                403: {"claims": {"sub": ""}},
                404: {"body": body, "headers": match()},
                412: {"id": item["id"], "body": body, "headers": match(9)},
                413: {"body": large, "headers": match()},
                415: {"headers": match()},
                422: {"body": {}, "headers": match()},
                428: {"body": body},
            },
            "DELETE /items/{id}": {
                412: {"id": item["id"], "headers": match(9)},
                204: {"id": item["id"], "headers": match(2)},
                400: {"headers": match("\x00")},
                403: {"claims": {"sub": ""}},
                404: {"headers": match()},
                428: {},
            },
        }
        shown = {
            route: {api.call(route, **{"id": NO_ITEM, **given}).status for given in each.values()}
            for route, each in requests.items()
        }
        shown["POST /items"].add(409)  # TestIdempotency
        for statuses in shown.values():
            statuses |= {500, 503}  # TestFailures
        documented = {route: {int(status) for status in each["responses"]} for route, each in OPERATIONS.items()}
        assert shown == documented

    def test_the_limits_are_those_of_the_code(self, api: Functions) -> None:
        """The body of a request has at most this many bytes, and so on."""
        model = api.items.Content.model_json_schema()
        described = API["components"]["schemas"]["Content"]
        assert plain(model) == plain(described)
        parameters = API["components"]["parameters"]
        assert parameters["Limit"]["schema"] == {
            "type": "integer",
            "minimum": 1,
            "maximum": api.items.MAX_PAGE_ITEMS,
            "default": api.items.PAGE_ITEMS,
        }
        assert API["components"]["schemas"]["Page"]["properties"]["items"]["maxItems"] == api.items.MAX_PAGE_ITEMS
        body = API["components"]["requestBodies"]["Content"]
        assert body["x-patternbook-max-bytes"] == api.api.MAX_BODY_BYTES

    def test_every_operation_names_its_function_and_scope(self) -> None:
        for route, operation in OPERATIONS.items():
            function = "read" if route.startswith("GET") else "write"
            assert operation["x-patternbook-function"] == function
            assert operation["security"] == [{"user": [f"items/{function}"]}]

    def test_problems_are_named_as_their_status(self, api: Functions) -> None:
        problem = api.call("GET /items/{id}", id=NO_ITEM).body
        assert problem["title"] == HTTPStatus.NOT_FOUND.phrase
        assert problem["type"] == "about:blank"


def plain(schema: Any) -> Any:
    """A schema without its titles and descriptions."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {each: plain(of) for each, of in value.items()} if name == "properties" else plain(value)
        for name, value in schema.items()
        if name not in ("title", "description")
    }
