"""Measures the functions of the web API: ``python -m tools.bench_web_api``, which is also a part of ``make bench``.

For each function it prints

- the time to import the function, after the runtime interface client is loaded. A cold start takes at least as long
- the time of a call, and for comparison the time of a handler that only returns its event. DynamoDB answers at once, so
  that the time is the function's own.

All times are CPU times, and medians of one run. A function of 512 MiB has 0.29 of a vCPU
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB).
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

RUNTIME: Final = Path(__file__).parents[1] / "stacks" / "web_api" / "runtime"
CALLS, IMPORTS = 500, 5
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": "items",
    "POWERTOOLS_SERVICE_NAME": "web-api",
    "POWERTOOLS_METRICS_NAMESPACE": "Bench",
    "POWERTOOLS_LOG_LEVEL": "ERROR",
}
TIME_OF_IMPORT = """
import sys, time
import awslambdaric.bootstrap
sys.path.insert(0, sys.argv[1])
before = time.process_time()
__import__(sys.argv[2])
print(time.process_time() - before)
"""
CONTEXT: Final = SimpleNamespace(
    function_name="web-api",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:web-api",
    aws_request_id="d8c8b7c5",
)
ITEM_ID: Final = "01a2241d8ea4dd518a6899cc7dd4aa32"
CONTENT: Final = {"title": "A title", "description": "x" * 500, "quantity": 3, "tags": ["a", "b", "c"]}
ENTRY: Final = {
    "pk": {"S": "OWNER#ana"},
    "sk": {"S": f"ITEM#{ITEM_ID}"},
    "version": {"N": "1"},
    "created_at": {"S": "2026-11-28T12:00:00.000Z"},
    "updated_at": {"S": "2026-11-28T12:00:00.000Z"},
    "content": {
        "M": {
            "title": {"S": "A title"},
            "description": {"S": "x" * 500},
            "quantity": {"N": "3"},
            "tags": {"L": [{"S": tag} for tag in "abc"]},
        }
    },
}
# What DynamoDB answers to each operation.
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "GetItem": {"Item": ENTRY},
    "Query": {"Items": [ENTRY] * 25, "Count": 25, "ScannedCount": 25},
    "PutItem": {},
    "TransactWriteItems": {},
    "UpdateItem": {"Attributes": ENTRY},
    "DeleteItem": {},
}
CASES: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "read_items": {"GET /items/{id}": {}, "GET /items": {}},
    "write_items": {
        "POST /items": {"headers": {"content-type": "application/json"}, "body": json.dumps(CONTENT)},
        "PUT /items/{id}": {
            "headers": {"content-type": "application/json", "if-match": '"1"'},
            "body": json.dumps(CONTENT),
        },
        "DELETE /items/{id}": {"headers": {"if-match": '"1"'}},
    },
}


def main() -> None:
    """Prints one line per function, and one line per route."""
    os.environ.update(ENVIRONMENT)
    sys.path.insert(0, str(RUNTIME))
    for module, cases in CASES.items():
        imported = statistics.median(seconds_to_import(module, RUNTIME) for _ in range(IMPORTS)) * 1000
        print(f"{module:<18} import {imported:5.0f} ms")
        handler = __import__(module).handler
        __import__("table")._client.meta.events.register_first("before-send.dynamodb", _answer)
        for route, case in cases.items():
            event = _event(route, case)
            nothing, call = _microseconds(lambda given, _: given, event), _microseconds(handler, event)
            print(f"  {route:<18} {call:6.0f} µs; an empty handler: {nothing:.1f} µs")


def _event(route: str, case: dict[str, Any]) -> dict[str, Any]:
    claims = {"sub": "ana", "client_id": "3n4b5urk1ft4fl3mg5e62d9ado"}
    request = {"requestId": "JKJaXmPLvHcESHA=", "authorizer": {"jwt": {"claims": claims}}}
    return {"routeKey": route, "requestContext": request, "pathParameters": {"id": ITEM_ID}, **case}


def _answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
    response = AWSResponse(request.url, 200, {}, None)
    response._content = json.dumps(ANSWERS[operation]).encode()
    return response


def seconds_to_import(module: str, folder: Path) -> float:
    command = [sys.executable, "-c", TIME_OF_IMPORT, str(folder), module]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _microseconds(handler: Callable[[dict[str, Any], Any], Any], event: dict[str, Any]) -> float:
    """The median time of a call. The first call is not counted, because it compiles and caches."""
    assert handler(event, CONTEXT).get("statusCode", 200) < 300
    seconds = []
    for _ in range(CALLS):
        before = time.process_time()
        handler(event, CONTEXT)
        seconds.append(time.process_time() - before)
    return statistics.median(seconds) * 1e6


if __name__ == "__main__":
    main()
