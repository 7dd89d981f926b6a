"""Reads given values into a settings model, and collects a mistake for each value that the model refuses."""

import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from patternbook.limits.given import shown
from patternbook.posture import Posture
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.describe import describe, example, field_at, json_type, model_at, unwrap
from patternbook.settings.mistakes import NOTHING, Mistake, did_you_mean, one_of
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
    model: type[BaseModel], error: ValidationError, *, prefix: str, given: Mapping[str, Given] | None, file: str = ""
) -> Iterator[Mistake]:
    """Converts pydantic's errors to mistakes with messages for users.

    :param given: the source of each value, or None if one object in ``file`` has all of them.
    """
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_is_within(other["loc"], detail["loc"]) for other in details):
            continue  # the list is only too short because of its wrong items
        location = [part for part in detail["loc"] if part != "[key]"]
        is_unknown, is_missing = detail["type"] == "extra_forbidden", detail["type"] == "missing"
        if is_unknown and detail["loc"][-1] == "[key]":
            location.append("[key]")  # pydantic marks keys of objects so, but here it is the name of a setting
        is_key = len(location) < len(detail["loc"])
        source = given.get(str(location[0])) if given and location else None
        parts = [str(part) or '""' for part in location]
        start = [source.path, *parts[1:]] if source else [prefix, *parts]
        path, stands_in = ".".join(start), source.file if source else file
        remedy = _remedy(model, detail, location, key="" if stands_in else path)
        yield Mistake(
            path,
            NOTHING if is_missing or is_key else detail["input"],
            remedy.replace("Must be", "The key must be", 1) if is_key else remedy,
            stands_in,
            # Unknown settings of one object can have the same remedy. Otherwise, parts of one setting can.
            setting=".".join(start[:-1]) or prefix if is_unknown else ".".join(start[: 1 if source else 2]),
            is_default=given is not None and source is None and not is_missing,
        )


def not_an_object(value: Any, *, stack: str, key: str, name: str, field: FieldInfo) -> str:
    """The message for settings of a stack that are not an object.

    :param key: the context key on the command line, or an empty text for a value from a file.
    :param name: the name of a setting that the message shows as an example. ``field`` describes it.
    """
    written = f'{{"{name}": {example(field.annotation, field.metadata)}}}'
    if not key or "." in key:  # a deeper place, which cannot be typed
        return f"Must be an object of settings of {stack}, such as {written}."
    return f"Must be an object of settings of {stack}.{not_json(value)} Type it as -c '{key}={written}'."


def _remedy(model: type[BaseModel], detail: Any, location: list[Any], *, key: str) -> str:
    """The message: what the value must be, and how to correct it.

    :param key: the setting's key on the command line, or an empty text for a value from a file.
    """
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        holder = model_at(model, location[:-1])
        name, names = location[-1], list(holder.model_fields)
        refusal = holder.refusal(name) if issubclass(holder, SettingsModel) else None
        return refusal or f"Unknown setting.{did_you_mean(name, names) or f' It must be {one_of(names)}.'}"
    annotation, metadata = field_at(model, location)
    accepted = describe(annotation, metadata)
    if kind == "missing":
        return f"Missing. It must be {accepted}."
    # The key of a setting has one dot. A deeper path leads into a value that was JSON.
    if key.count(".") != 1 or json_type(unwrap(annotation)[0]) is None:
        return f"Must be {accepted}."
    return f"Must be {accepted}.{not_json(detail['input'])} Type it as -c '{key}={example(annotation, metadata)}'."


def not_json(value: Any) -> str:
    """A sentence that says where a text stops being JSON, or an empty text."""
    if not isinstance(value, str):
        return ""
    try:
        parse(value)
    except GivenTwiceError as error:
        return f" The key {shown(error.paths[0])} is given twice in one object."
    except json.JSONDecodeError as error:
        # The CLI splits KEY=VALUE by a pattern whose "." matches no end of a line (parseStringContextListToObject).
        cut = " The CDK CLI passes on the first line only: write it in one line." if error.pos == len(value) else ""
        return f" The text is not JSON: {error.msg}, at character {error.pos + 1:,}.{cut}"
    except (ValueError, RecursionError):
        return " The text is not JSON."
    return ""


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
    if typing.get_origin(annotation) is typing.Literal:
        return next((each for each in typing.get_args(annotation) if str(each) == value), value)
    wanted = json_type(annotation)
    if wanted is None:
        return value
    try:
        return decoded(value, wanted)
    except (TypeError, ValueError, RecursionError):
        return value  # the model refuses the text with a better message


def _is_within(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer
