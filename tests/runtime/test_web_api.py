"""The behavior of the web API with an emulated table. Each answer is compared with its schema, too."""

import base64
import json
from typing import Any, Final

import pytest

from tests.runtime.web_api import (
    ANA,
    BEN,
    CONTEXT,
    NO_ITEM,
    OPERATIONS,
    TABLE,
    TITLE,
    Functions,
    checked,
    event,
    match,
)


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

    def test_an_item_of_another_version_of_the_code_has_the_fields_of_this_one(self, api: Functions) -> None:
        item = api.create()
        [entry] = api.entries()
        del entry["content"]["M"]["quantity"]
        entry["content"]["M"]["color"] = {"S": "red"}
        api.client.put_item(TableName=TABLE, Item=entry)
        assert api.call("GET /items/{id}", id=item["id"]).body == item
        assert api.call("GET /items").body["items"] == [item]


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
