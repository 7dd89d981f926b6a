"""No property that AWS bills is free in silence: each one of a known type is read, or is known to cost nothing.

``free_properties.yaml`` lists the latter. A new version of CloudFormation's schemas brings new properties, and the test
fails until somebody has looked at each of them. A property that AWS bills belongs into a pricer, or into
:mod:`patternbook.cost.pricers.unpriced`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from patternbook.cost.pricers import PRICERS
from patternbook.cost.pricers.free import FREE
from patternbook.cost.pricers.unpriced import OFF, UNPRICED
from patternbook.rules.template import Node
from tests.cost.resources import bill, resource
from tests.cost.test_at_rest import AT_REST
from tests.cost.test_unknown import UNKNOWN
from tests.cost.test_usage import USAGE

FREE_PROPERTIES: Mapping[str, list[str]] = {
    kind: names.split()
    for kind, names in yaml.safe_load(
        Path(__file__).with_name("free_properties.yaml").read_text(encoding="utf-8")
    ).items()
}
TYPES = sorted({*PRICERS, *FREE} - {"AWS::CDK::Metadata"})
"""The types that a bill knows, and that CloudFormation has a schema of."""
SCHEMAS = {kind: PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema for kind in TYPES}
PRICED_PATHS = [(kind, path) for kind, paths in UNPRICED.items() for path in paths]


@pytest.fixture(scope="module")
def read() -> set[tuple[str, str]]:
    """The properties that are asked for while the templates of the tests of pricers are priced, by type."""
    found = set()
    original = Node.__getitem__

    def watched(node: Node, key: str) -> Node:
        place = original(node, key)
        names = [each for each in place.path if isinstance(each, str)]
        found.add((place.template.resources[place.resource_id].type, ".".join(names)))
        return place

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Node, "__getitem__", watched)
        for resources, *_ in (*AT_REST.values(), *USAGE.values(), *UNKNOWN.values()):
            bill(resources, parameters={"Tasks": {"Type": "Number"}})
        for kind in TYPES:
            bill({"It": {"Type": kind, "Properties": {}}})
        for kind, path in PRICED_PATHS:
            bill({"It": {"Type": kind, "Properties": nested(path.split("."), "costly")}})
    return found


def resolved(kind: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition of a property, or that of the elements of a list."""
    while "$ref" in schema:
        schema = SCHEMAS[kind]["definitions"][schema["$ref"].rpartition("/")[2]]
    return resolved(kind, schema["items"]) if "items" in schema else schema


def unexplained(kind: str, schema: Mapping[str, Any], read: set[tuple[str, str]], prefix: str = "") -> Iterator[str]:
    """The paths of properties that nothing reads, and that are not known to be free."""
    output = {each.removeprefix("/properties/") for each in SCHEMAS[kind].get("readOnlyProperties", ())}
    for name, definition in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if path in output or path in FREE_PROPERTIES.get(kind, ()):
            continue
        if (kind, path) not in read:
            yield path
        elif any(other == kind and each.startswith(f"{path}.") for other, each in read):
            yield from unexplained(kind, resolved(kind, definition), read, f"{path}.")


@pytest.mark.parametrize("kind", TYPES)
def test_every_property_of_a_known_type_is_read_or_known_to_be_free(kind: str, read: set[tuple[str, str]]) -> None:
    assert list(unexplained(kind, SCHEMAS[kind], read)) == []


@pytest.mark.parametrize("kind", TYPES)
def test_no_free_property_is_read_or_gone(kind: str, read: set[tuple[str, str]]) -> None:
    for path in FREE_PROPERTIES.get(kind, ()):
        assert definition(kind, path)
        assert (kind, path) not in read, f"{path} is read, so it is not known to be free"


def test_only_known_types_have_free_properties_and_unknown_prices() -> None:
    assert FREE_PROPERTIES.keys() | UNPRICED.keys() <= set(TYPES)


def definition(kind: str, path: str) -> Mapping[str, Any]:
    """The definition of a property. It raises KeyError if the schema has none."""
    found: Mapping[str, Any] = SCHEMAS[kind]
    for name in path.split("."):
        found = resolved(kind, found)
        if name == "*":
            continue
        if "properties" not in found:
            break  # the schema says nothing of its members
        found = found["properties"][name]
    return found


def nested(path: list[str], value: Any) -> Any:
    """A value at a path."""
    if not path:
        return value
    inner = nested(path[1:], value)
    return [inner] if path[0] == "*" else {path[0]: inner}


@pytest.mark.parametrize(("kind", "path"), PRICED_PATHS, ids=lambda each: str(each).removeprefix("AWS::"))
def test_a_property_that_nobody_has_priced_has_a_line(kind: str, path: str) -> None:
    def reasons(value: Any) -> list[str]:
        document = {"It": {"Type": kind, "Properties": nested(path.split("."), value)}}
        return [line.reason for line in bill(document, parameters={"P": {"Type": "String"}}).unknown]

    assert definition(kind, path)
    said = f"no price of {path}"
    assert said in reasons("costly")
    assert said in reasons(True)
    assert said in reasons({"Some": "thing"})
    assert said in reasons({"Ref": "P"}), "the deployment decides it"
    for free in (*OFF, *UNPRICED[kind][path].free, False, [], {}):
        assert said not in reasons(free)


def test_a_property_of_a_free_type_has_a_line() -> None:
    stage = resource("ApiGatewayV2::Stage", RouteSettings={"GET /": {"DetailedMetricsEnabled": True}})
    found = bill({"Stage": stage})
    assert [line.reason for line in found.unknown] == ["no price of RouteSettings.*.DetailedMetricsEnabled"]
    assert (found.free, found.at_rest) == ({}, Decimal(0))
