"""Converts answers of AWS to JSON and back, and checks that AWS can give them."""

import ast
import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, StructureShape
from botocore.validate import ParamValidator

HTTP = "http.get"
"""The operation that gets a page. It is not one of AWS."""

PAGES = {"Marker": "", "IsTruncated": False, "MaxItems": "100"}
"""Members that Route 53 requires in each page of an answer. All pages put together have none."""

Answer = dict[str, Any]
Question = tuple[str, str]
"""An operation, and its parameters as :func:`parameters_key` writes them."""


def parameters_key(parameters: Mapping[str, Any]) -> str:
    """The same for lists of names in any order."""
    return json.dumps(_sorted(to_json(parameters)), sort_keys=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(each, str) for each in value) else [_sorted(each) for each in value]
    return value


def to_json(value: Any) -> Any:
    """Bytes that are text stay readable, and so do user data."""
    if isinstance(value, Mapping):
        return {name: to_json(_decoded(inner) if name == "UserData" else inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [to_json(inner) for inner in value]
    if isinstance(value, datetime):
        return {"$date": value.date().isoformat()}
    if isinstance(value, bytes):
        try:
            return {"$text": value.decode()}
        except UnicodeDecodeError:
            return {"$bytes": base64.b64encode(value).decode()}
    return value


def _decoded(user_data: str) -> Any:
    return {"$base64": base64.b64decode(user_data).decode()}


def from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [from_json(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    match list(value.items()):
        case [("$date", str(written))]:
            return datetime.fromisoformat(written)
        case [("$text", str(written))]:
            return written.encode()
        case [("$bytes", str(written))]:
            return base64.b64decode(written)
        case [("$base64", str(written))]:
            return base64.b64encode(written.encode()).decode()
    return {name: from_json(inner) for name, inner in value.items()}


def mistakes(operation: str, answer: Answer) -> str:
    """The report of botocore about an answer that AWS cannot give. It is empty for any other answer."""
    if operation == HTTP:
        return "" if {"status", "headers", "body"} <= answer.keys() else "a page has status, headers and body"
    shape = _model_of(operation).output_shape
    if shape is None:
        return f"{operation} answers nothing" if answer else ""
    pages = {name: value for name, value in PAGES.items() if name in shape.required_members}
    return ParamValidator().validate({**pages, **_as_sent(answer, shape)}, shape).generate_report()


@cache
def _model_of(operation: str) -> OperationModel:
    service, _, method = operation.partition(".")
    model = _service_model(service)
    [name] = [name for name in model.operation_names if xform_name(name) == method]
    return model.operation_model(name)


@cache
def _service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def _as_sent(value: Any, shape: Any) -> Any:
    """IAM policies as the text that AWS sends, because botocore has parsed them."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: _as_sent(inner, shape.members[name]) if name in shape.members else inner
            for name, inner in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_as_sent(inner, shape.member) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: _as_sent(inner, shape.value) for name, inner in value.items()}
    if shape.type_name == "string" and isinstance(value, Mapping):
        return json.dumps(value)
    return value


def looked_at(operation: str, answer: Answer) -> Answer:
    """An answer without the members that no check names and botocore does not require: they are many, and change."""
    shape = None if operation == HTTP else _model_of(operation).output_shape
    return answer if shape is None else _looked_at(answer, shape)


def _looked_at(value: Any, shape: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = _names().union(shape.required_members)
        return {name: _looked_at(inner, shape.members[name]) for name, inner in value.items() if name in known}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_looked_at(inner, shape.member) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: _looked_at(inner, shape.value) for name, inner in value.items()}
    return value


@cache
def _names() -> frozenset[str]:
    """All words in texts of the checks and of their proofs, except docstrings."""
    names = set[str]()
    for path in Path(__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                names |= set(re.findall(r"\w+", node.value))
    return frozenset(names)
