"""Describes in words which values settings accept, for error messages and for the list of settings."""

import json
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from patternbook.settings.base import SettingsModel
from patternbook.settings.mistakes import one_of
from patternbook.settings.validators import Expected, Unit


def describe(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """The accepted values of a type, as the end of the sentence "must be …"."""
    annotation, metadata = unwrap(annotation, metadata)
    for item in metadata:
        if isinstance(item, Expected):
            return item.text
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        return ("a whole number" if annotation is int else "a number") + _bounds(metadata)
    if origin is typing.Literal:
        return one_of(arguments)
    if origin is tuple:
        return f"a list{_length(metadata, 'item', 'items')}. Each must be {describe(arguments[0])}"
    if origin is dict:
        key, value = map(describe, arguments)
        return f"an object{_length(metadata, 'entry', 'entries')}. Each key must be {key}. Each value must be {value}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        *names, last = annotation.model_fields
        return f"an object with {' and '.join(filter(None, (', '.join(names), last)))}"
    return f"a text{_length(metadata, 'character', 'characters')}"


def example(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """A value of this type as JSON, such as ``["CRITICAL"]``."""
    return json.dumps(_example(annotation, metadata), ensure_ascii=False)


def _example(annotation: Any, metadata: Iterable[Any] = ()) -> Any:
    annotation, metadata = unwrap(annotation, metadata)
    arguments, origin = typing.get_args(annotation), typing.get_origin(annotation)
    expected = next((item.text for item in metadata if isinstance(item, Expected)), "")
    shown = re.search(r'such as (\[[^]]*\]|"[^"]*")', expected)
    if shown:
        return json.loads(shown[1])
    if origin is tuple:
        return [_example(arguments[0])]
    if origin is dict:
        return {str(_example(arguments[0])): _example(arguments[1])}
    if origin is typing.Literal:
        return arguments[0]
    if annotation is bool:
        return True
    if annotation in (int, float):
        return next((item.ge for item in metadata if isinstance(item, annotated_types.Ge)), 1)
    if isinstance(annotation, type) and issubclass(annotation, SettingsModel) and annotation.example:
        return dict(annotation.example)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        required = {name: field for name, field in annotation.model_fields.items() if field.is_required()}
        shown = required or dict([next(iter(annotation.model_fields.items()))])
        return {name: _example(field.annotation, field.metadata) for name, field in shown.items()}
    return "text"


def unit_of(field: FieldInfo) -> str:
    """The unit of a number, or an empty text."""
    _, metadata = unwrap(field.annotation, field.metadata)
    return next((item.name for item in metadata if isinstance(item, Unit)), "")


def nested_models(model: type[BaseModel]) -> list[type[SettingsModel]]:
    """The models of all objects within a model, in the order of the fields, without duplicates."""
    found: dict[type[SettingsModel], None] = {}

    def visit(annotation: Any) -> None:
        annotation, _ = unwrap(annotation)
        if isinstance(annotation, type) and issubclass(annotation, SettingsModel):
            found[annotation] = None
            found.update(dict.fromkeys(nested_models(annotation)))
        for argument in typing.get_args(annotation):
            visit(argument)

    for field in model.model_fields.values():
        visit(field.annotation)
    return list(found)


def unwrap(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[Any, list[Any]]:
    """The type inside ``Annotated`` and ``… | None``, with all metadata of these."""
    metadata = list(metadata)
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            annotation, metadata = arguments[0], [*metadata, *arguments[1:]]
        elif origin in (types.UnionType, typing.Union) and type(None) in arguments:
            annotation = next(argument for argument in arguments if argument is not type(None))
        else:
            flat = [part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
            return annotation, flat


def _bounds(metadata: Iterable[Any]) -> str:
    low = next((item.ge for item in metadata if isinstance(item, annotated_types.Ge)), None)
    high = next((item.le for item in metadata if isinstance(item, annotated_types.Le)), None)
    if low is None or high is None:
        return "" if low is None else f", at least {low}"
    return f" from {low:,} to {high:,}"


def _length(metadata: Iterable[Any], one: str, many: str) -> str:
    low = next((item.min_length for item in metadata if isinstance(item, annotated_types.MinLen)), None)
    high = next((item.max_length for item in metadata if isinstance(item, annotated_types.MaxLen)), None)
    if low and high:
        return f" of {low:,} to {high:,} {many}"
    bound = low or high
    if not bound:
        return ""
    return f" of at {'least' if low else 'most'} {f'one {one}' if bound == 1 else f'{bound:,} {many}'}"


def model_at(settings_type: type[BaseModel], location: list[Any]) -> type[BaseModel]:
    return unwrap(field_at(settings_type, location)[0])[0]


def json_type(annotation: Any) -> type | None:
    """The type of the JSON value: list, dict, or None for a single value."""
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return list
    is_object = origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel))
    return dict if is_object else None


def field_at(annotation: Any, location: list[Any]) -> tuple[Any, list[Any]]:
    """Type and metadata at a location in pydantic's errors. Its parts are names of fields, indexes and keys."""
    metadata: list[Any] = []
    for part in location:
        annotation, _ = unwrap(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields[part]
            annotation, metadata = field.annotation, list(field.metadata)
        else:  # the first type argument of a tuple is the type of its items; the second one of a dict, of its values
            arguments = typing.get_args(annotation)
            if not arguments:  # within free JSON, such as the configuration of an add-on
                return annotation, [Expected("JSON, in which numbers are finite")]
            annotation, metadata = arguments[0 if isinstance(part, int) else 1], []
    return annotation, metadata


def texts_of(settings: BaseModel) -> Iterator[tuple[str, str, list[Any]]]:
    """The texts in settings, each with its path, such as ``secrets.PASSWORD``, and the metadata of its type."""
    for name, field in type(settings).model_fields.items():
        yield from _texts(name, getattr(settings, name), field.annotation, field.metadata)


def _texts(
    path: str, value: Any, annotation: Any, metadata: Iterable[Any] = ()
) -> Iterator[tuple[str, str, list[Any]]]:
    annotation, metadata = unwrap(annotation, metadata)
    arguments = typing.get_args(annotation)
    if isinstance(value, str):
        yield path, value, metadata
    elif isinstance(value, BaseModel):
        for inner, text, of_inner in texts_of(value):
            yield f"{path}.{inner}", text, of_inner
    elif isinstance(value, Mapping):
        for key, item in value.items():
            # Values in JSON are JSON.
            yield from _texts(f"{path}.{key}", item, arguments[1] if arguments else annotation)
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from _texts(f"{path}[{index}]", item, arguments[0] if arguments else annotation)
