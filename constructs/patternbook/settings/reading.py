"""Reads given values into a settings model, and collects a mistake for each value that the model refuses."""

import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from patternbook.posture import Posture
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import describe, example, field_at, json_type, model_at, unwrap
from patternbook.settings.mistakes import Mistake, did_you_mean, one_of
from patternbook.settings.strict_json import GivenTwiceError, parse


@dataclass(frozen=True)
class Given:
    """A value of a setting, and its source."""

    value: Any
    path: str
    """The place in messages, such as ``EveryStack.log_retention_days``."""
    file: str = ""
    """The file with the value, or an empty text for the command line."""


def read(
    settings_type: type[PatternSettings],
    given: Mapping[str, Given],
    *,
    prefix: str,
    posture: Posture,
    mistakes: list[Mistake],
) -> PatternSettings | None:
    """Validates the settings. If some are wrong, it adds all mistakes to ``mistakes`` and returns None.

    :param prefix: the beginning of the path for mistakes about a default, which has no source.
    """
    values = {name: _typed(settings_type, name, each.value) for name, each in given.items()}
    try:
        return settings_type.model_validate(values, context={"posture": posture})
    except ValidationError as error:
        mistakes += mistakes_of(settings_type, error, prefix=prefix, given=given)
        return None


def decoded(value: Any, wanted: type) -> Any:
    """Parses a list or an object, which is JSON on the command line.

    :raises TypeError: if the value has another type.
    :raises ValueError: if a text is not JSON, or an object has a key twice.
    """
    value = parse(value) if isinstance(value, str) else value
    if not isinstance(value, wanted):
        raise TypeError(f"not a {wanted.__name__}")
    return value


def mistakes_of(
    model: type[BaseModel], error: ValidationError, *, prefix: str, given: Mapping[str, Given], file: str = ""
) -> Iterator[Mistake]:
    """Converts pydantic's errors to mistakes with messages for users."""
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_is_within(other["loc"], detail["loc"]) for other in details):
            continue  # the list is only too short because of its wrong items
        location = [part for part in detail["loc"] if part != "[key]"]
        if detail["type"] == "extra_forbidden" and detail["loc"][-1] == "[key]":
            location.append("[key]")  # pydantic marks keys of objects so, but here it is the name of a setting
        source = given.get(str(location[0])) if location else None
        start = [source.path, *map(str, location[1:])] if source else [prefix, *map(str, location)]
        path, stands_in = ".".join(start), source.file if source else file
        yield Mistake(
            path, detail["input"], _remedy(model, detail, location, path="" if stands_in else path), stands_in
        )


def _remedy(model: type[BaseModel], detail: Any, location: list[Any], *, path: str) -> str:
    """The message: what the value must be, and how to correct it.

    :param path: the setting's key on the command line, or an empty text for a value from a file.
    """
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        holder = model_at(model, location[:-1])
        name, names = location[-1], list(holder.model_fields)
        refused = getattr(holder, "refused", {}).get(name)
        return refused or f"Unknown setting.{did_you_mean(name, names) or f' It must be {one_of(names)}.'}"
    annotation, metadata = field_at(model, location)
    accepted = describe(annotation, metadata)
    if kind == "missing":
        return f"Missing. It must be {accepted}."
    if json_type(unwrap(annotation)[0]) is None or not isinstance(detail["input"], str):
        return f"Must be {accepted}."
    return f"Must be {accepted}.{_not_json(detail['input'])}{_how_to_type(annotation, path)}"


def _not_json(text: str) -> str:
    try:
        parse(text)
    except GivenTwiceError as error:
        return f" The key {error.paths[0]} is given twice in one object."
    except json.JSONDecodeError as error:
        return f" The text is not JSON: {error.msg}, at character {error.pos + 1}."
    except (ValueError, RecursionError):
        return " The text is not JSON."
    return ""


def _how_to_type(annotation: Any, path: str) -> str:
    # The key of a setting has one dot. A deeper path leads into a value that was JSON.
    return f" Type it as -c '{path}={example(annotation)}'." if path.count(".") == 1 else ""


def _typed(settings_type: type[PatternSettings], name: str, value: Any) -> Any:
    """Parses a text of the command line: lists and objects are JSON, and ``null`` is None."""
    field = settings_type.model_fields.get(name)
    if field is None or not isinstance(value, str):
        return value
    annotation, _ = unwrap(field.annotation)
    if value == "null":
        return None
    if annotation is bool and value in ("true", "false"):
        return value == "true"
    if typing.get_origin(annotation) is typing.Literal and not isinstance(typing.get_args(annotation)[0], str):
        return int(value) if value.isdecimal() and value.isascii() else value
    wanted = json_type(annotation)
    if wanted is None:
        return value
    try:
        return decoded(value, wanted)
    except (TypeError, ValueError, RecursionError):
        return value  # the model refuses the text with a better message


def _is_within(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer
