"""Documents that are no orders. Each is refused with a reason, and nothing is written."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.workflow import BUCKET, PREFIX, Workflow, order

LINE = {"sku": "book", "quantity": 1, "unit_price": 100}
DEEP = b'{"order_id":' * 100_000


def without(name: str) -> bytes:
    document = order("o-1")
    del document[name]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "JSON"),
        (b"not JSON", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"\x00", "JSON"),
        (b"NaN", "JSON"),
        (json.dumps({**order("o-1"), "more": float("inf")}).encode(), "JSON"),
        (DEEP, "JSON"),
        (b"9" * 5_000, "JSON"),
        (b"[]", "JSON object"),
        (b"null", "JSON object"),
        (b'"o-1"', "JSON object"),
        (without("order_id"), "order_id"),
        (without("currency"), "currency"),
        (without("payment"), "payment"),
        (without("ship_to"), "ship_to"),
        (without("lines"), "lines"),
        (b" " * (5 << 20) + b"{}", "5,242,880 bytes"),
    ],
    ids=range(17),
)
def test_a_document_that_is_no_order_is_refused(orders: Workflow, content: bytes, reason: str) -> None:
    result = orders.take("o-1", content=content)
    assert (result.status, result.outcome, orders.invoked) == ("SUCCEEDED", "refused", ["take"])
    assert reason in result.output["reason"]
    assert orders.entries() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": "o-2"}, "order_id"),
        ({"order_id": ["o-1"]}, "order_id"),
        ({"currency": "euro"}, "currency"),
        ({"currency": "EUR\n"}, "currency"),
        ({"currency": 978}, "currency"),
        ({"payment": ""}, "payment"),
        ({"payment": "x" * 201}, "payment"),
        ({"payment": None}, "payment"),
        ({"ship_to": " "}, "ship_to"),
        ({"ship_to": "a\x00b"}, "ship_to"),
        ({"ship_to": "\ud800"}, "ship_to"),
        ({"ship_to": {"street": "1"}}, "ship_to"),
        ({"lines": []}, "lines"),
        ({"lines": {}}, "lines"),
        ({"lines": [LINE] * 10_001}, "lines"),
        ({"lines": [LINE, None]}, "Line 2"),
        ({"lines": [{**LINE, "sku": 1}]}, "Line 1: sku"),
        ({"lines": [{**LINE, "quantity": 0}]}, "Line 1: quantity"),
        ({"lines": [{**LINE, "quantity": True}]}, "Line 1: quantity"),
        ({"lines": [{**LINE, "quantity": 1.5}]}, "Line 1: quantity"),
        ({"lines": [{**LINE, "quantity": "1"}]}, "Line 1: quantity"),
        ({"lines": [{**LINE, "unit_price": -1}]}, "Line 1: unit_price"),
        ({"lines": [{**LINE, "unit_price": 10**13}]}, "Line 1: unit_price"),
        ({"lines": [{**LINE, "unit_price": 0}]}, "amount"),
        ({"lines": [{**LINE, "unit_price": 10**12, "quantity": 2}]}, "amount"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_wrong_values_are_refused(orders: Workflow, changes: dict[str, Any], reason: str) -> None:
    result = orders.take("o-1", **changes)
    assert (result.status, result.outcome) == ("SUCCEEDED", "refused")
    assert result.output["reason"].startswith((reason, "The amount")), result.output
    assert len(result.output["reason"]) < 200
    assert orders.entries() == []


@pytest.mark.parametrize(
    "given",
    [
        *({}, [], None, "text", 1, {"document": None}, {"document": {}}, {"document": {"key": 1}}),
        *({"document": {"key": "elsewhere/o-1.json"}}, {"document": {"key": "orders/" + "x" * 1_024}}),
        *({"document": {"key": "orders/o-1.json", "version_id": 1}}, {"document": {"key": "orders/nothing.json"}}),
        {"document": {"key": "orders/o-1.json", "version_id": ""}},
        {"document": {"key": "orders/\ud800.json"}},
    ],
)
def test_an_input_without_a_document_is_refused(orders: Workflow, given: Any) -> None:
    orders.put("o-1")
    result = orders.take("o-1", given)
    assert (result.status, result.outcome, orders.invoked) == ("SUCCEEDED", "refused", ["take"])
    assert orders.entries() == []


@pytest.mark.parametrize("name", ["o 1", "o#1", "ö", "x" * 81])
def test_a_name_that_is_no_order_id_is_refused(orders: Workflow, name: str) -> None:
    result = orders.take(name, {"document": {"key": "orders/o-1.json"}})
    assert (result.outcome, orders.entries()) == ("refused", [])


def test_a_deleted_document_is_refused(orders: Workflow) -> None:
    given = orders.put("o-1")
    orders.s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}o-1.json", VersionId=given["document"]["version_id"])
    assert orders.take("o-1", given).outcome == "refused"


def test_a_refusal_is_no_error(orders: Workflow) -> None:
    orders.take("o-1", content=b"")
    assert [each["level"] for each in orders.logged()] == ["INFO"]
    assert orders.logged()[0]["reason"] == "The document must be JSON."


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from([*order(""), "more"]), _json, min_size=1, max_size=3))
def test_no_document_makes_an_error(orders: Workflow, changes: dict[str, Any]) -> None:
    document = json.dumps({**order("o-1"), **changes}).encode()
    documents = orders.modules["documents"]
    with contextlib.suppress(documents.RefusedError):
        assert documents.read(document, "o-1")["amount"] > 0
