"""Where :mod:`rehearsal.types` touches what MiniStack keeps to itself.

The other modules here call plain functions of MiniStack's services (an API action each) and read their stores.
Everything else that they need of its insides is in this module, so that a new version of MiniStack is one file to
look at; ``tests/rehearsal/test_seams.py`` names each of these seams, and what it is for.
"""

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import botocore.loaders
import botocore.model
import botocore.serialize
from ministack import app
from ministack.core import router
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict, error_response_json, json_response
from ministack.services import cloudformation, ec2
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
"""Properties of a CloudFormation resource, with all references resolved."""
Provisioned = tuple[str, dict[str, Any]]
"""What ``Ref`` returns, and what ``Fn::GetAtt`` does, by the name of the attribute."""
Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
"""Status, headers and body, as every function of a MiniStack service returns them."""

physical_name = provisioners._physical_name
"""``physical_name(stack_name, logical_id, max_len=...)``: the name that a resource gets where the template has none."""


# CloudFormation types

_handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
_stack_tags: dict[str, tuple[str, str]] = provisioners._STACK_TAG_PROPERTY


def register_type(
    name: str,
    *,
    create: Callable[[str, Properties, str], Provisioned],
    update: Callable[[str, Properties, Properties, str], Provisioned],
    delete: Callable[[str, Properties], object],
    tags: str | None = None,
) -> None:
    """Adds a type that MiniStack lacks.

    A change of a property that AWS documents as "Update requires: Replacement" never arrives at ``update``: see
    :mod:`rehearsal.types.replacements`.

    :param create: ``create(logical_id, properties, stack_name)``; raises a ValueError where AWS would refuse, before
        anything has changed.
    :param update: ``update(physical_id, old, new, stack_name)``; a roll-back calls it with old and new swapped, so
        that the outcome may depend on ``new`` alone.
    :param delete: ``delete(physical_id, properties)``; silent where there is nothing to delete.
    :param tags: the property, a list of keys and values, to which CloudFormation adds the tags of the stack.
    """
    _handlers[name] = {"create": create, "update": update, "delete": delete}
    if tags:
        _stack_tags[name] = (tags, "list")


def amend_type(
    name: str,
    *,
    check: Callable[[Properties], object] | None = None,
    translate: Callable[[Properties], Properties] | None = None,
    keep: Callable[[str, Properties], None] | None = None,
    attributes: Callable[[str, Properties], dict[str, Any]] | None = None,
    refuse: Callable[[str, Properties], object] | None = None,
    forget: Callable[[str, Properties], None] | None = None,
    tags: str | None = None,
) -> None:
    """Mends a type that MiniStack has.

    :param check: ``check(properties)`` raises a ValueError where AWS would refuse, before a create or update.
    :param translate: ``translate(properties)`` are the properties that MiniStack's own handlers get to see.
    :param keep: ``keep(physical_id, properties)`` writes down what MiniStack drops, after a create or update. It sets
        everything that it is about, whether in ``properties`` or not, so that a roll-back restores it. It must not
        fail, for something has been made by then: what may be refused belongs into ``check``.
    :param attributes: ``attributes(physical_id, properties)``: more for ``Fn::GetAtt``.
    :param refuse: ``refuse(physical_id, properties)`` raises a ValueError where AWS would refuse a delete.
    :param forget: ``forget(physical_id, properties)`` removes what MiniStack leaves behind, after a delete.
    :param tags: as in :func:`register_type`.
    """
    handler = _handlers[name]
    seen = translate or (lambda properties: properties)

    def provisioned(properties: Properties, provision: Callable[[], Provisioned]) -> Provisioned:
        if check:
            check(properties)
        physical_id, found = provision()
        if keep:
            keep(physical_id, properties)
        return physical_id, {**(found or {}), **(attributes(physical_id, properties) if attributes else {})}

    original_create = handler["create"]

    def create(logical_id: str, properties: Properties, *rest: Any) -> Provisioned:
        return provisioned(properties, lambda: original_create(logical_id, seen(properties), *rest))

    amended = {**handler, "create": create}

    if original_update := handler.get("update"):

        def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Provisioned:
            return provisioned(new, lambda: original_update(physical_id, seen(old), seen(new), *rest))

        amended["update"] = update

    if refuse or forget:
        original_delete = handler["delete"]

        def delete(physical_id: str, properties: Properties, *rest: Any) -> None:
            if refuse:
                refuse(physical_id, properties)
            original_delete(physical_id, properties, *rest)
            if forget:
                forget(physical_id, properties)

        amended["delete"] = delete

    _handlers[name] = amended
    if tags:
        _stack_tags[name] = (tags, "list")


class Made:
    """A resource of another type, for a type of which AWS makes more than the template says."""

    def __init__(self, resource_type: str, logical_id: str, properties: Properties, stack: str) -> None:
        """:raises ValueError: where AWS would refuse."""
        self._type, self._properties, self._stack = resource_type, properties, stack
        self.id, self.attributes = _handlers[resource_type]["create"](logical_id, properties, stack)

    def change(self, properties: Properties) -> None:
        """:raises ValueError: where AWS would refuse."""
        if properties != self._properties:
            _handlers[self._type]["update"](self.id, self._properties, properties, self._stack)
            self._properties = properties

    def remove(self) -> None:
        _handlers[self._type]["delete"](self.id, self._properties)


# Stores


def regional_store() -> AccountRegionScopedDict:
    """Records of one type, by a key of one's own; empty in every other account and region, and after a reset."""
    return _cleared_on_reset(AccountRegionScopedDict())


def global_store() -> AccountScopedDict:
    """As :func:`regional_store`, for a service that has no regions."""
    return _cleared_on_reset(AccountScopedDict())


def _cleared_on_reset(store: Any) -> Any:
    reset = app._reset_all_state

    @functools.wraps(reset)
    def reset_and_clear() -> None:
        reset()
        store.clear()

    app._reset_all_state = reset_and_clear  # ty: ignore[invalid-assignment]
    return store


# Services


class ApiError(Exception):
    """What an action of :func:`add_json_actions` answers instead of a result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


JsonAction = Callable[[dict[str, Any]], dict[str, Any]]


def add_json_actions(service: str, actions: Mapping[str, JsonAction]) -> None:
    """Answers actions of an AWS JSON API, in place of MiniStack's where it has them, or the service at all."""
    others = app.SERVICE_HANDLERS.get(service)
    # Without it MiniStack reads all models of botocore, for 2 seconds, to find out whether the service exists.
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
        return error_response_json("InvalidAction", f"The emulated {service} has no action {name}", 400)

    app.SERVICE_HANDLERS[service] = handle


def add_rest_actions(service: str, actions: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answers actions of an AWS REST API that MiniStack lacks.

    :param actions: by method and a pattern of the path; ``action(body, *groups)`` gets what the groups match.
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
    """Adds to an answer of MiniStack what it leaves out: ``amend(answer)`` changes it in place."""
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
    """Adds to the XML of a describe action what MiniStack leaves out.

    :param module: the service's, which finds its actions in a table.
    :param items: the name of the element that holds what is described.
    :param item: the name of the elements in a list.
    :param key: the name of the element in an item that identifies it.
    :param more: ``more(identity)``: elements to put into the item in place of those that are there, by name. A list
        becomes ``item`` elements, a mapping nested elements; None becomes nothing.
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
        # Without prefixes: the SDK for JavaScript, which the CDK CLI uses, takes them for a part of the name.
        return status, headers, ElementTree.tostring(root, "utf-8", default_namespace=namespace.strip("{}"))

    actions[action] = described


def add_ec2_actions(actions: Mapping[str, Callable[[dict[str, Any]], Mapping[str, Any]]]) -> None:
    """Answers actions of EC2 that MiniStack lacks: ``action(parameters)`` gives the elements of the answer, by name, as
    for :func:`add_to_description`.
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
                    member.text = _text(inner)
        else:
            element.text = _text(value)


def succeed(response: Response) -> Any:
    """What a function of a service answers: the parsed JSON, or the text of the XML.

    :raises ValueError: with the service's own message, where it refuses; CloudFormation fails the resource with it.
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
    """The text of the first element of that name, in whatever namespace; "" where there is none."""
    found = ElementTree.fromstring(text).find(f".//{{*}}{element}")
    return "" if found is None else (found.text or "").strip()


def query_parameters(members: Mapping[str, Any]) -> dict[str, list[str]]:
    """Nested members as a request of an AWS Query API: ``{"Ids": ["a"]}`` is ``{"Ids.1": ["a"]}``."""
    parameters: dict[str, list[str]] = {}

    def flatten(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                flatten(f"{prefix}.{name}" if prefix else name, inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value, start=1):
                flatten(f"{prefix}.{index}", inner)
        else:
            parameters[prefix] = [_text(value)]

    flatten("", members)
    return parameters


# Shapes


def to_api(service: str, operation: str, properties: Properties, *, but: Iterable[str] = ()) -> Record:
    """Properties of a template as input of an AWS API: names and types are those of botocore's model.

    CloudFormation spells ``EFSVolumeConfiguration`` what the API calls ``efsVolumeConfiguration``, and lets a template
    write ``"80"`` for a number.

    :param but: properties to leave out, for they are no members of the API's input or go elsewhere.
    :raises ValueError: for a property that the API does not know.
    """
    shape = _service_model(service).operation_model(operation).input_shape
    left = {name: value for name, value in properties.items() if name not in set(but)}
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
    """The XML that a client would send for these members."""
    model = _service_model(service)
    serializer = botocore.serialize.create_serializer(model.metadata["protocol"], include_validation=False)
    return serializer.serialize_to_request(members, model.operation_model(operation))["body"]


def is_true(value: Any) -> bool:
    """A boolean of a template, which may be written as text."""
    return str(value).lower() == "true"


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "boolean": is_true,
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "string": lambda value: _text(value),
}


def api_tags(tags: Iterable[Mapping[str, Any]] | None, key: str = "key", value: str = "value") -> list[dict[str, str]]:
    """The tags of a template as the API of a service spells them."""
    return [{key: tag["Key"], value: str(tag.get("Value", ""))} for tag in tags or []]


def required(found: Any, message: str) -> Any:
    """What was looked up.

    :raises ValueError: with ``message``, where there was none.
    """
    if not found:
        raise ValueError(message)
    return found


def policy_text(policy: Any) -> str | None:
    """A policy document as the APIs take it, which a template may write as an object."""
    return policy if policy is None or isinstance(policy, str) else json.dumps(policy)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
