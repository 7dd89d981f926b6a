"""Hostile requests to the web API: never a 500, nothing written on a refusal, and the items of others stay unseen.

API Gateway has authorized each request. Its body, headers, parameters and id are whatever a caller may send.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.runtime.web_api import ANA, BEN, Functions, functions


def mostly(valid: Any, hostile: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One hostile part at a time gets past the checks of the others."""
    return st.one_of(st.just(valid), st.just(valid), st.just(valid), hostile)


# Characters that mean something somewhere, beside any other one.
TEXT = st.text(
    st.one_of(st.sampled_from("\0\n\"'\\/#{}[]<>%&=;:,.*é🎈\ud800\ufeff\u2028"), st.characters()), max_size=12
)
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
NUMBER = st.one_of(
    st.integers(0, 1000), st.sampled_from([-1, 10**39, -(10**400), 1.0, 1e308, 5e-324, float("nan"), True])
)
SIMPLE = st.one_of(st.none(), NUMBER, TEXT)
VALUE = st.one_of(SIMPLE, st.lists(SIMPLE, max_size=3), st.dictionaries(TEXT, SIMPLE, max_size=3))
CONTENT = st.fixed_dictionaries(
    {"title": mostly("A title", st.one_of(TEXT, VALUE))},
    optional={
        "description": mostly("two\nlines", st.one_of(TEXT, VALUE)),
        "quantity": mostly(3, st.one_of(NUMBER, VALUE)),
        "tags": mostly(["a"], st.one_of(st.lists(TEXT, max_size=25), VALUE)),
    },
)
JSON = st.one_of(CONTENT, CONTENT, CONTENT, VALUE).map(json.dumps)
RAW = st.one_of(st.binary(max_size=30), JSON.map(str.encode))
BODY = st.one_of(
    st.tuples(JSON, st.just(False)),
    st.tuples(st.tuples(JSON, st.integers(0, 60)).map(lambda given: given[0][: given[1]]), st.just(False)),
    st.tuples(
        st.one_of(st.binary(max_size=30), JSON.map(str.encode)).map(lambda raw: b64encode(raw).decode()), st.just(True)
    ),
    st.tuples(TEXT, st.booleans()),
)
TAG = st.one_of(st.sampled_from(['"2"', "*", 'W/"1"', '"1", "2"']), TEXT, ASCII.map(lambda text: f'"{text}"'))
HEADERS = st.fixed_dictionaries(
    {"content-type": mostly("application/json", TEXT), "if-match": mostly('"1"', TAG)},
    optional={"idempotency-key": mostly("a-key", st.one_of(TEXT, ASCII))},
)
TOKEN = st.binary(min_size=36, max_size=36).map(lambda raw: urlsafe_b64encode(raw).decode())
QUERY = mostly(
    {},
    st.one_of(
        st.fixed_dictionaries(
            {},
            optional={
                "limit": st.one_of(st.integers(-1, 200).map(str), TEXT),
                "next": st.one_of(
                    TEXT, st.binary(min_size=36, max_size=36).map(lambda raw: urlsafe_b64encode(raw).decode())
                ),
                "owner": st.one_of(st.just(ANA), st.just(BEN), TEXT),
            },
        ),
        st.dictionaries(TEXT, TEXT, max_size=3),
    ),
)
GROUPS = st.sampled_from([None, "[editors]", "[adminsx x-admins]", "[[admins]]"])
ROUTES = st.sampled_from(["GET /items", "GET /items/{id}", "POST /items", "PUT /items/{id}", "DELETE /items/{id}"])


class World:
    """The functions, and a table with one item of ANA and one of BEN."""

    def __init__(self, api: Functions) -> None:
        self.api = api
        self.renew()

    def renew(self) -> None:
        self.api.reset()
        owners = {"ana": ANA, "ben": BEN}
        self.ids = {name: self.api.create(owner, title=f"of {name}")["id"] for name, owner in owners.items()}
        self.entries = self.api.entries()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with functions() as api:
        yield World(api)


def of(owner: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["pk"]["S"] == f"OWNER#{owner}"]


@given(
    route=ROUTES,
    name=st.one_of(st.sampled_from(["ana", "ben"]), TEXT),
    headers=HEADERS,
    query=QUERY,
    body=BODY,
    groups=GROUPS,
)
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hostile_requests_do_no_harm(
    world: World,
    route: str,
    name: str,
    headers: dict[str, str],
    query: dict[str, str],
    body: tuple[str, bool],
    groups: str | None,
) -> None:
    """BEN calls, who knows the id of ANA's item."""
    item_id, (text, is_base64) = world.ids.get(name, name), body
    given: dict[str, Any] = {"query": query, "headers": headers, "groups": groups, "isBase64Encoded": is_base64}
    answer = world.api.call(route, BEN, id=item_id, body=text or None, **given)
    entries = world.api.entries()
    assert answer.status < 500
    assert of(ANA, entries) == of(ANA, world.entries)
    assert "of ana" not in json.dumps(answer.body)
    if answer.status >= 400 or route.startswith("GET"):
        assert entries == world.entries
    else:
        assert name == "ben" or "{id}" not in route
        assert entries != world.entries
        world.renew()


@given(content=CONTENT)
@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_accepted_item_is_read_as_it_was_sent(world: World, content: dict[str, Any]) -> None:
    answer = world.api.call("POST /items", body=json.dumps(content))
    if answer.status == 201:
        assert {name: answer.body["content"][name] for name in content} == content
        assert world.api.call("GET /items/{id}", id=answer.body["id"]).body == answer.body
        world.renew()
    else:
        assert answer.status in (400, 413, 422)
        assert world.api.entries() == world.entries
