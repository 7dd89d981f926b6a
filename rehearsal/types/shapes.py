"""Converts between the properties of templates and the requests and answers of AWS APIs."""

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

import botocore.loaders
import botocore.model
import botocore.serialize

Properties = dict[str, Any]
"""Properties of a CloudFormation resource, with all references resolved."""
Record = dict[str, Any]
"""A record in a store of MiniStack or of :mod:`rehearsal.types`."""
Response = tuple[int, dict[str, str], bytes]
"""Status, headers and body. Every function of a MiniStack service returns them."""


def parse_response(response: Response) -> Any:
    """The parsed JSON, or the text of the XML, of a response from a function of a service.

    :raises ValueError: if the service refused. CloudFormation fails the resource with the service's message.
    """
    status, _, body = response
    text = body.decode() if isinstance(body, bytes) else body
    if status < 400:
        return json.loads(text) if text.startswith("{") else text
    raise ValueError(_message(text))


def _message(text: str) -> str:
    if text.startswith("{"):
        error = json.loads(text)
        return error.get("message") or error.get("Message") or text
    return xml_text(text, "Message") or text


def xml_text(text: str, element: str) -> str:
    """The text of the first element with this name in any namespace, or an empty text."""
    found = ElementTree.fromstring(text).find(f".//{{*}}{element}")
    return "" if found is None else (found.text or "").strip()


def query_parameters(members: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters of an AWS Query API for nested members: ``{"Ids": ["a"]}`` becomes ``{"Ids.1": ["a"]}``."""
    parameters: dict[str, list[str]] = {}

    def flatten(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                flatten(f"{prefix}.{name}" if prefix else name, inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value, start=1):
                flatten(f"{prefix}.{index}", inner)
        else:
            parameters[prefix] = [text_of(value)]

    flatten("", members)
    return parameters


def to_api(service: str, operation: str, properties: Properties, *, excluding: Iterable[str] = ()) -> Record:
    """Converts properties of a template to the input of an AWS API. Names and types come from botocore's model.

    For example, CloudFormation's ``EFSVolumeConfiguration`` is ``efsVolumeConfiguration`` in the API, and a template
    may write ``"80"`` for a number.

    :param excluding: properties to leave out, because the API's input does not have them.
    :raises ValueError: if the API does not know a property.
    """
    shape = _service_model(service).operation_model(operation).input_shape
    left = {name: value for name, value in properties.items() if name not in set(excluding)}
    return _to_shape(left, shape)


@functools.cache
def _service_model(service: str) -> botocore.model.ServiceModel:
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def _to_shape(value: Any, shape: Any) -> Any:
    if shape.type_name == "structure":
        members = {name.lower(): name for name in shape.members}
        unknown = [name for name in value if name.lower() not in members]
        if unknown:
            raise ValueError(f"Encountered unsupported property {unknown[0]}")
        return {
            members[name.lower()]: _to_shape(inner, shape.members[members[name.lower()]])
            for name, inner in value.items()
        }
    if shape.type_name == "list":
        return [_to_shape(inner, shape.member) for inner in value]
    if shape.type_name == "map":
        return {name: _to_shape(inner, shape.value) for name, inner in value.items()}
    return _SCALARS.get(shape.type_name, lambda scalar: scalar)(value)


def request_body(service: str, operation: str, members: Mapping[str, Any]) -> bytes:
    """The body of a client's request with these members."""
    model = _service_model(service)
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"], include_validation=False)
    return serializer.serialize_to_request(members, model.operation_model(operation))["body"]


def is_true(value: Any) -> bool:
    """The value of a boolean in a template, which may be a text."""
    return str(value).lower() == "true"


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "boolean": is_true,
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "string": lambda value: text_of(value),
}


def api_tags(tags: Iterable[Mapping[str, Any]] | None, key: str = "key", value: str = "value") -> list[dict[str, str]]:
    """Converts tags of a template to those of an API, which may have other names for key and value."""
    return [{key: tag["Key"], value: str(tag.get("Value", ""))} for tag in tags or []]


def require(found: Any, message: str) -> Any:
    """Returns ``found``.

    :raises ValueError: with ``message`` if ``found`` is empty.
    """
    if not found:
        raise ValueError(message)
    return found


def policy_text(policy: Any) -> str | None:
    """A policy document as text. A template may write it as an object."""
    return policy if policy is None or isinstance(policy, str) else json.dumps(policy)


def text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
