"""The function of ``LambdaConcurrencyStack``'s demonstration, and the one that redrives, with an emulated account."""

import io
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import boto3
import pytest
from aws_lambda_powertools.logging import logger as powertools_logs
from aws_lambda_powertools.metrics.provider import cold_start
from moto import mock_aws

from stacks.lambda_concurrency.demonstration import CODE, variables

TABLE: Final = "items"
NAMESPACE: Final = "Patternbook/Work"
_MODULES: Final = [path.stem for path in CODE.glob("*.py")]


def context(*, remaining_ms: int = 30_000) -> Any:
    """The context of a call that has so much time left."""
    return SimpleNamespace(
        function_name="work",
        function_version="7",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:work:live",
        aws_request_id="d8c8b7c5",
        get_remaining_time_in_millis=lambda: remaining_ms,
    )


CONTEXT: Final = context()


def request(body: Any, **more: Any) -> dict[str, Any]:
    """The event of a function URL for a request."""
    return {"version": "2.0", "requestContext": {"http": {"method": "POST", "path": "/"}}, "body": body, **more}


class Work:
    """The function in a new environment."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self.handler = modules["work"].handler
        self.modules, self.once, self.dynamodb = modules, modules["once"], boto3.client("dynamodb")
        self.logs = io.StringIO()
        modules["observing"].logger.registered_handler.setStream(self.logs)

    def __call__(self, event: Any, call: Any = CONTEXT) -> dict[str, Any]:
        return self.handler(event, call)

    def entries(self) -> list[dict[str, Any]]:
        return self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs.getvalue().splitlines()]


@contextmanager
def account() -> Generator[None]:
    """An account with the table."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **variables(table=TABLE, stack_name="Work"),
    }
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in environment.items():
            patch.setenv(name, value)
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def load() -> Work:
    """Loads the modules of the function, and shares nothing with modules that were loaded before."""
    powertools_logs.is_cold_start = cold_start.is_cold_start = True
    return Work(load_modules(CODE, "work", _MODULES))


def load_modules(folder: Path, first: str, names: list[str]) -> dict[str, ModuleType]:
    sys.path.insert(0, str(folder))
    try:
        __import__(first)
        return {name: sys.modules[name] for name in names}
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
