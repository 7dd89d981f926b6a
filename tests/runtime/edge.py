"""The packages of the Lambda@Edge functions, and the events that CloudFront passes to them."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from patternbook.limits.edge import READ_ONLY_HEADERS, EdgeEvent, is_disallowed
from stacks.lambda_edge import LambdaEdgeSettings
from stacks.lambda_edge.functions import package

DOMAIN = "d111111abcdef8.cloudfront.net"
REQUEST_ID = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="


def unpack(folder: Path, event: EdgeEvent, **settings: Any) -> Path:
    """Writes the files of a function's package into a folder."""
    given = LambdaEdgeSettings.model_validate(settings)
    for name, text in package(event, dict(given)).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, event: EdgeEvent) -> ModuleType:
    """Loads the module of an unpacked function, and shares nothing with modules that were loaded before."""
    name = event.replace("-", "_")
    sys.modules.pop("shared", None)
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("shared", None)
    return module


def headers(**values: str | list[str]) -> dict[str, list[dict[str, str]]]:
    """Headers in CloudFront's format: by lower-case name, with one entry per value."""
    found = {}
    for name, value in values.items():
        dashed = name.replace("_", "-")
        each = value if isinstance(value, list) else [value]
        found[dashed] = [{"key": dashed.title(), "value": item} for item in each]
    return found


def request(uri: str = "/", query: str = "", method: str = "GET", **more: str | list[str]) -> dict[str, Any]:
    return {
        "clientIp": "2001:db8:85a3::8a2e:370:7334",
        "headers": headers(**{"host": DOMAIN, "user_agent": "curl/8.7.1", "accept": "*/*", **more}),
        "method": method,
        "querystring": query,
        "uri": uri,
    }


def response(status: int = 200, **more: str | list[str]) -> dict[str, Any]:
    """A response of the bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    kind = "text/html; charset=utf-8" if status < 400 else "application/xml"
    given = {"content_type": kind, "server": "AmazonS3", "x_amz_request_id": "0A49CE4060975EAC", **more}
    return {"status": str(status), "statusDescription": "OK" if status < 400 else "Error", "headers": headers(**given)}


def event(kind: EdgeEvent, request: Mapping[str, Any], response: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html"""
    config = {"distributionDomainName": DOMAIN, "distributionId": "EDFDVBD6EXAMPLE", "eventType": kind}
    if kind.startswith("viewer"):
        config["requestId"] = REQUEST_ID
    cf: dict[str, Any] = {"config": config, "request": dict(request)}
    if kind.startswith("origin"):
        origin = {
            "customHeaders": {},
            "domainName": "bucket.s3.us-east-1.amazonaws.com",
            "path": "",
            "region": "us-east-1",
        }
        cf["request"]["origin"] = {"s3": {**origin, "authMethod": "none"}}
    if response is not None:
        cf["response"] = dict(response)
    return {"Records": [{"cf": cf}]}


def refused_headers(kind: EdgeEvent, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The headers because of which CloudFront would answer 502: disallowed, read-only but changed, or malformed."""
    wrong = [name for name in after if is_disallowed(name)]
    wrong += [name for name in READ_ONLY_HEADERS[kind] if before.get(name) != after.get(name)]
    for name, values in after.items():
        for item in values:
            proper = (
                item["key"].lower() == name == name.lower() and item["value"].isascii() and item["value"].isprintable()
            )
            if not proper:
                wrong.append(f"{name}: {item}")
    return wrong
