"""The OpenAPI document of the web API, compared with its functions."""

from http import HTTPStatus
from typing import Any

import pytest

from tests.clock import Clock
from tests.runtime.web_api import API, BEN, NO_ITEM, OPERATIONS, Functions, match


class TestDocument:
    def test_every_status_of_the_document_is_shown_here(self, api: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compares the document with the answers to one request per status. Answers with other statuses fail anyway."""
        monkeypatch.setattr("botocore.endpoint.time", Clock())
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
        patterns = {"ID": "items", "OWNER": "api", "KEY": "write_items", "ENTITY_TAG": "write_items"}
        described = [
            API["paths"]["/items/{id}"]["parameters"][0],
            parameters["Owner"],
            OPERATIONS["POST /items"]["parameters"][0],
            parameters["IfMatch"],
        ]
        for (name, module), parameter in zip(patterns.items(), described, strict=True):
            assert parameter["schema"]["pattern"] == f"^{getattr(api.modules[module], name).pattern}$"
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
