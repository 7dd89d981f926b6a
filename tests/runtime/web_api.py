"""The functions of the web API with an emulated table, and the events that API Gateway passes to them."""

import io
import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final, NamedTuple

import boto3
import pytest
import yaml
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import mock_aws
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker

import stacks

FOLDER: Final = Path(stacks.__file__).with_name("web_api")
RUNTIME: Final = FOLDER / "runtime"
API: Final = yaml.safe_load((FOLDER / "openapi.yaml").read_text(encoding="utf-8"))
TABLE: Final = "items"
CONTEXT: Final = SimpleNamespace(
    function_name="web-api",
    function_version="7",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:web-api:live",
    aws_request_id="d8c8b7c5",
    get_remaining_time_in_millis=lambda: 10_000,
)
ANA, BEN = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
JSON: Final = {"content-type": "application/json"}

OPERATIONS: Final = {
    f"{method.upper()} {path}": operation
    for path, item in API["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
NO_ITEM = "01a2241d8ea4dd518a6899cc7dd4aa32"
TITLE = {"title": "A title"}
"""The operations of the document, by their keys as routes."""
NO_ITEM: Final = "01a2241d8ea4dd518a6899cc7dd4aa32"
TITLE: Final = {"title": "A title"}

_MODULES: Final = [path.stem for path in RUNTIME.glob("*.py")]
_VALIDATORS: Final[dict[str, OAS30ReadValidator]] = {}


class Answered(NamedTuple):
    """The answer to a request, whose body is JSON or empty."""

    status: int
    headers: dict[str, str]
    body: Any


class Functions:
    """Both functions in one environment, and what they have logged."""

    def __init__(self, read: ModuleType, write: ModuleType, modules: dict[str, ModuleType]) -> None:
        self.read, self.write = read.handler, write.handler
        self.modules = modules
        self.items, self.table, self.api = (modules[name] for name in ("items", "table", "api"))
        self.client = self.table._client
        self._failures: list[Callable[..., Any]] = []
        self.reset()

    def reset(self) -> None:
        """Empties the table, and what the environment has cached and logged."""
        self.logs = io.StringIO()
        self.api.logger.registered_handler.setStream(self.logs)
        self.forget_signing_key()
        while self._failures:
            self.client.meta.events.unregister("before-send.dynamodb", self._failures.pop())
        for entry in self.entries():
            self.client.delete_item(TableName=TABLE, Key={name: entry[name] for name in ("pk", "sk")})

    def forget_signing_key(self) -> None:
        """Lets the functions read the key from the table, as a new environment does."""
        vars(self.table)["_signing_key"] = None

    def fail(self, code: str, **more: Any) -> list[str]:
        """Lets DynamoDB answer each call by an error. Returns the list of calls that it will have answered so."""
        refused: list[str] = []

        def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            refused.append(request.headers["X-Amz-Target"].decode().partition(".")[2])
            body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}
            response = AWSResponse(request.url, 400, {}, None)
            response._content = json.dumps(body).encode()
            return response

        self.fail_by(answer)
        return refused

    def fail_by(self, answer: Callable[..., Any]) -> None:
        """Answers in place of the emulated table, which carries out a call all the same."""
        self._failures.append(answer)
        self.client.meta.events.register_first("before-send.dynamodb", answer)

    def call(self, route: str, owner: str = ANA, **more: Any) -> Answered:
        """Calls the function of a route, and checks that the answer is one that the OpenAPI document allows."""
        operation = OPERATIONS[route]
        given = event(route, owner, **more)
        return checked(operation, getattr(self, operation["x-patternbook-function"])(given, CONTEXT))

    def create(self, owner: str = ANA, **content: Any) -> dict[str, Any]:
        answer = self.call("POST /items", owner, body={"title": "A title", **content})
        assert answer.status == 201
        return answer.body

    def entries(self) -> list[dict[str, Any]]:
        """All entries of the table."""
        return self.client.scan(TableName=TABLE)["Items"]

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs.getvalue().splitlines()]


@contextmanager
def functions() -> Generator[Functions, None, None]:
    """Both functions, with an emulated table of their own."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "TABLE_NAME": TABLE,
        "POWERTOOLS_SERVICE_NAME": "web-api",
        "POWERTOOLS_METRICS_NAMESPACE": "Patternbook/WebApi",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in environment.items():
            patch.setenv(name, value)
        create_table()
        yield load()


def create_table() -> None:
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )


def load() -> Functions:
    """Loads the modules of the functions, and shares nothing with modules that were loaded before."""
    sys.path.insert(0, str(RUNTIME))
    try:
        read, write = __import__("read_items"), __import__("write_items")
        return Functions(read, write, {name: sys.modules[name] for name in _MODULES})
    finally:
        sys.path.remove(str(RUNTIME))
        for name in _MODULES:
            sys.modules.pop(name, None)


def event(
    route: str,
    owner: str = ANA,
    *,
    id: str | None = None,  # noqa: A002
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    groups: str | None = None,
    claims: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

    :param body: the text of the body, or what to render as JSON.
    :param more: members of the event itself.
    """
    method, path = route.split()
    path = path.replace("{id}", id or "")
    given: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "host": "api.example.com",
            **(JSON if body is not None else {}),
            **(headers or {}),
        },
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "a1b2c3d4e5",
            "authorizer": {
                "jwt": {
                    "claims": claims
                    or {
                        "sub": owner,
                        "client_id": "3n4b5urk1ft4fl3mg5e62d9ado",
                        "token_use": "access",
                        **({"cognito:groups": groups} if groups else {}),
                    },
                    "scopes": ["items/read", "items/write"],
                }
            },
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
        **more,
    }
    if id is not None:
        given["pathParameters"] = {"id": id}
    if query:
        given["queryStringParameters"] = query
    if body is not None:
        given["body"] = body if isinstance(body, str) else json.dumps(body)
    return given


def checked(operation: dict[str, Any], answer: dict[str, Any]) -> Answered:
    """An answer, if the OpenAPI document allows it: its status, its headers and its body."""
    status, headers = answer["statusCode"], answer["headers"]
    described = _resolved(operation["responses"][str(status)])
    for name, header in described.get("headers", {}).items():
        assert OAS30ReadValidator(_resolved(header)["schema"]).is_valid(headers.get(name.lower())), (name, headers)
    if "content" not in described:
        assert "body" not in answer
        return Answered(status, headers, None)
    [(media_type, content)] = described["content"].items()
    assert headers["content-type"] == media_type
    body = json.loads(answer["body"])
    name = content["schema"]["$ref"]
    if name not in _VALIDATORS:
        schema = {"$ref": name, "components": API["components"]}
        _VALIDATORS[name] = OAS30ReadValidator(schema, format_checker=oas30_format_checker)
    _VALIDATORS[name].validate(body)
    if status >= 400:
        assert (body["status"], body["request_id"]) == (status, "JKJaXmPLvHcESHA=")
    return Answered(status, headers, body)


def _resolved(described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in described:
        return described
    found: Any = API
    for part in described["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def match(version: int | str = 1) -> dict[str, str]:
    """The header that names the version to change."""
    return {"if-match": f'"{version}"'}
