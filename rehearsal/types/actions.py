"""Adds actions to the APIs of MiniStack's services, and completes their answers."""

import json
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

from ministack import app
from ministack.core import router
from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudformation, ec2, firehose, sqs

from rehearsal.types.shapes import Response, text_of


class ApiError(Exception):
    """An error response of an action."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


JsonAction = Callable[[dict[str, Any]], dict[str, Any]]


def add_json_actions(service: str, actions: Mapping[str, JsonAction]) -> None:
    """Adds actions to an AWS JSON API. They replace MiniStack's actions of the same names. The service may be new."""
    others = app.SERVICE_HANDLERS.get(service)
    # For an unknown service, MiniStack would read all models of botocore, which takes 2 seconds.
    router.SERVICE_PATTERNS.setdefault(service, {"credential_scope": service})

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        if action := actions.get(name):
            try:
                return json_response(action(json.loads(body or b"{}")))
            except ApiError as error:
                return error_response_json(error.code, str(error), 400)
        if others:
            return await others(method, path, headers, body, query)
        return error_response_json("InvalidAction", f"The emulated service {service} has no action {name}", 400)

    app.SERVICE_HANDLERS[service] = handle


def add_sqs_actions(actions: Mapping[str, JsonAction]) -> None:
    """Adds actions to SQS."""

    def answering(action: JsonAction) -> Callable[[dict[str, Any], str], dict[str, Any]]:
        def answer(data: dict[str, Any], _url: str) -> dict[str, Any]:
            try:
                return action(data)
            except ApiError as error:
                raise sqs._Err(error.code, str(error)) from error

        return answer

    sqs._HANDLERS.update({name: answering(action) for name, action in actions.items()})


def add_firehose_actions(actions: Mapping[str, JsonAction]) -> None:
    """Adds actions to Firehose, which answers each request on a thread of its own."""

    def answering(action: JsonAction) -> Callable[[dict[str, Any]], Response]:
        def answer(data: dict[str, Any]) -> Response:
            try:
                return json_response(action(data))
            except ApiError as error:
                return error_response_json(error.code, str(error), 400)

        return answer

    handlers: dict[str, Any] = firehose._HANDLERS
    handlers.update({name: answering(action) for name, action in actions.items()})


def add_rest_actions(service: str, actions: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Adds actions to an AWS REST API.

    :param actions: ``action(body, *groups)`` by a regular expression for method and path. It gets the matched groups.
    """
    others = app.SERVICE_HANDLERS[service]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        for pattern, action in actions.items():
            if found := re.fullmatch(pattern, f"{method} {path}"):
                try:
                    return json_response(action(json.loads(body or b"{}"), *found.groups()))
                except ApiError as error:
                    return error_response_json(error.code, str(error), 404)
        return await others(method, path, headers, body, query)

    app.SERVICE_HANDLERS[service] = handle


def amend_json_answer(service: str, action: str, amend: Callable[[dict[str, Any]], None]) -> None:
    """Completes an answer of MiniStack: ``amend(answer)`` changes it in place."""
    original = app.SERVICE_HANDLERS[service]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        status, answered, content = await original(method, path, headers, body, query)
        if status < 400 and headers.get("x-amz-target", "").rpartition(".")[2] == action:
            answer = json.loads(content)
            amend(answer)
            content = json.dumps(answer).encode()
        return status, answered, content

    app.SERVICE_HANDLERS[service] = handle


def add_to_description(
    module: ModuleType,
    action: str,
    *,
    items: str,
    item: str = "item",
    key: str,
    more: Callable[[str], Mapping[str, Any]],
) -> None:
    """Completes the XML answer of a describe action of MiniStack.

    :param module: the module of the service, which has a table of its actions.
    :param items: the name of the element that contains the described items.
    :param item: the name of an element in a list.
    :param key: the name of the element that identifies an item.
    :param more: ``more(identity)`` returns the elements to add to an item, or to replace, by name. A list becomes
        ``item`` elements. A mapping becomes nested elements. None removes an element.
    """
    actions = _actions(module)
    original: Callable[[dict[str, Any]], Response] = actions[action]

    def described(parameters: dict[str, Any]) -> Response:
        status, headers, body = original(parameters)
        if status >= 400:
            return status, headers, body
        root = ElementTree.fromstring(body)
        namespace = root.tag.partition("}")[0] + "}"
        for found in root.findall(f".//{namespace}{items}/{namespace}{item}"):
            identity = found.findtext(f"{namespace}{key}", "")
            _set_elements(found, more(identity), namespace, item)
        # The CDK CLI uses the SDK for JavaScript, which does not understand prefixes of namespaces.
        return status, headers, ElementTree.tostring(root, "utf-8", default_namespace=namespace.strip("{}"))

    actions[action] = described


def add_ec2_actions(actions: Mapping[str, Callable[[dict[str, Any]], Mapping[str, Any]]]) -> None:
    """Adds actions to EC2.

    :param actions: ``action(parameters)`` returns the elements of the answer, as in :func:`add_to_description`.
    """
    namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

    def answering(name: str, action: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Callable[..., Response]:
        def answer(parameters: dict[str, Any]) -> Response:
            root = ElementTree.Element(f"{{{namespace}}}{name}Response")
            _set_elements(root, action(parameters), f"{{{namespace}}}", "item")
            body = ElementTree.tostring(root, "utf-8", default_namespace=namespace)
            return 200, {"Content-Type": "application/xml"}, body

        return answer

    _actions(ec2).update({name: answering(name, action) for name, action in actions.items()})


def _actions(module: ModuleType) -> dict[str, Any]:
    return module._ACTION_HANDLERS if module is cloudformation else module._ACTION_MAP


def _set_elements(parent: ElementTree.Element, members: Mapping[str, Any], namespace: str, item: str) -> None:
    for name, value in members.items():
        for element in parent.findall(namespace + name):
            parent.remove(element)
        if value is None:
            continue
        element = ElementTree.SubElement(parent, namespace + name)
        if isinstance(value, Mapping):
            _set_elements(element, value, namespace, item)
        elif isinstance(value, list):
            for inner in value:
                member = ElementTree.SubElement(element, namespace + item)
                if isinstance(inner, Mapping):
                    _set_elements(member, inner, namespace, item)
                else:
                    member.text = text_of(inner)
        else:
            element.text = text_of(value)
