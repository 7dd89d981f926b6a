"""Settings of patterns: from the CDK context to checked, typed values, or one message with every mistake.

A pattern's settings are a subclass of :class:`PatternSettings`. They come from two kinds of context keys::

    "FargateEfsStack": {"max_tasks": 20}        in cdk.json
    -c FargateEfsStack.max_tasks=20             on the command line, where it wins

``EveryStack`` in place of a stack's name is for all that have the setting; what is said of a stack itself wins.
Lists and objects on the command line are JSON. The posture is the key ``posture``.
"""

import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar

import annotated_types
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo

from patternbook.fields import EachOnce, Expected, Region, Unit
from patternbook.posture import POSTURES, SANDBOX, Posture

CDK_KEYS = ("cli-telemetry", "acknowledged-issue-numbers")
"""Keys of the CDK CLI without a ``:`` or ``/``."""
EVERY_STACK = "EveryStack"
"""What stands for all stacks in a context key."""


class SettingsModel(BaseModel):
    """A part of the settings with fields of its own, such as one rule of a list."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,  # rules across fields also hold between a default and a given value
        allow_inf_nan=False,
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Settings that a user would try and that cannot be, each with the reason, as an error message gives it."""


class PatternSettings(SettingsModel):
    """The settings of one pattern.

    A rule across fields is a ``field_validator`` on the last of them and reads the others from
    ``info.data``, where only valid ones are: so one run reports all mistakes. :func:`posture_of` gives
    the posture to a rule that depends on it.
    """


class RegionalSettings(PatternSettings):
    """The settings of a pattern that can be in several Regions at once."""

    regions: Annotated[tuple[Region, ...], EachOnce, Field(max_length=10)] = ()
    """Regions, each with a stack of its own that shares nothing with the others; without any, one stack in the CLI's
    Region."""


def posture_of(info: ValidationInfo) -> Posture:
    """The posture that settings are checked for; sandbox where none was given or the given one is wrong."""
    return (info.context or {}).get("posture", SANDBOX)


@dataclass(frozen=True)
class Mistake:
    """One wrong setting: where, the value given, and what would be right."""

    path: str
    value: Any
    remedy: str

    def __str__(self) -> str:
        shown = json.dumps(self.value, default=str)
        return f"  {self.path} = {shown if len(shown) <= 120 else shown[:117] + '...'}\n      {self.remedy}"


class SettingsError(Exception):
    """All mistakes of a run."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = [f"Settings: {count} mistake{'s' if count > 1 else ''}; no template was written.", ""]
        super().__init__("\n".join([*lines, *map(str, self.mistakes)]))


def is_cdk_key(key: str) -> bool:
    """Whether a context key is CDK's own, or a plugin's: flags and look-ups hold a ``:`` or ``/``."""
    return key in CDK_KEYS or ":" in key or "/" in key


def load_settings(
    context: Mapping[str, Any], settings_types: Mapping[str, type[PatternSettings]]
) -> tuple[Posture, dict[str, PatternSettings]]:
    """The posture, and the settings of each stack by its name.

    Every key that is not CDK's own (:func:`is_cdk_key`) has to be the posture or belong to a stack of
    ``settings_types``.

    :raises SettingsError: with every mistake in ``context``.
    """
    mistakes: list[Mistake] = []
    posture = POSTURES.get(_text(context.get("posture", SANDBOX.name)))
    if posture is None:
        given = context["posture"]
        mistakes.append(Mistake("posture", given, f"expected {_one_of(POSTURES)}{_did_you_mean(given, POSTURES)}"))
        posture = SANDBOX

    given_to: dict[str, dict[str, Any]] = {name: {} for name in (EVERY_STACK, *settings_types)}
    from_command_line: list[tuple[str, str, Any]] = []
    for key, value in context.items():
        if key == "posture" or is_cdk_key(key):
            continue
        stack, dot, setting = key.partition(".")
        if stack not in given_to:
            known = [*settings_types, EVERY_STACK, "posture"]
            mistakes.append(Mistake(key, value, f"expected {_one_of(known)}{_did_you_mean(stack, known)}"))
        elif dot:
            from_command_line.append((stack, setting, value))
        else:
            try:
                given_to[stack].update(_decoded(value, dict))
            except (TypeError, ValueError, RecursionError):
                mistakes.append(Mistake(key, value, "expected an object of settings"))
    for stack, setting, value in from_command_line:
        given_to[stack][setting] = value
    mistakes.extend(_share(given_to.pop(EVERY_STACK), given_to, settings_types))

    settings: dict[str, PatternSettings] = {}
    for stack, settings_type in settings_types.items():
        try:
            settings[stack] = settings_type.model_validate(
                _decode_json(settings_type, given_to[stack]), context={"posture": posture}
            )
        except ValidationError as error:
            mistakes.extend(_mistakes(stack, settings_type, error))
    if mistakes:
        raise SettingsError(mistakes)
    return posture, settings


def describe(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What a field of this type accepts, as the end of the sentence "expected …"."""
    annotation, metadata = _unwrap(annotation, metadata)
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
        return _one_of(arguments)
    if origin is tuple:
        return f"a list{_length(metadata)}, each {describe(arguments[0])}"
    if origin is dict:
        return f"an object{_length(metadata)}, from {describe(arguments[0])} to {describe(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"an object with {', '.join(annotation.model_fields)}"
    return f"a text{_length(metadata)}"


def unit_of(field: FieldInfo) -> str:
    """The unit of a number, or nothing."""
    _, metadata = _unwrap(field.annotation, field.metadata)
    return next((item.name for item in metadata if isinstance(item, Unit)), "")


def nested_models(model: type[BaseModel]) -> list[type[SettingsModel]]:
    """The models of the objects that a model's fields take, in the order of the fields, each once."""
    found: dict[type[SettingsModel], None] = {}

    def visit(annotation: Any) -> None:
        annotation, _ = _unwrap(annotation)
        if isinstance(annotation, type) and issubclass(annotation, SettingsModel):
            found[annotation] = None
            found.update(dict.fromkeys(nested_models(annotation)))
        for argument in typing.get_args(annotation):
            visit(argument)

    for field in model.model_fields.values():
        visit(field.annotation)
    return list(found)


def _unwrap(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[Any, list[Any]]:
    """The type inside ``Annotated`` and ``… | None``, with all metadata on the way."""
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


def _length(metadata: Iterable[Any]) -> str:
    low = next((item.min_length for item in metadata if isinstance(item, annotated_types.MinLen)), None)
    high = next((item.max_length for item in metadata if isinstance(item, annotated_types.MaxLen)), None)
    if high is None:
        return "" if low is None else f" of at least {low:,}"
    return f" of at most {high:,}" if low is None else f" of {low:,} to {high:,}"


def _decode_json(settings_type: type[PatternSettings], given: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the texts of the command line: lists and objects as JSON, ``null`` as nothing."""

    def decode(name: str, value: Any) -> Any:
        field = settings_type.model_fields.get(name)
        if field is None or not isinstance(value, str):
            return value
        annotation, _ = _unwrap(field.annotation)
        if value == "null":
            return None
        if annotation is bool and value in ("true", "false"):
            return value == "true"
        if typing.get_origin(annotation) is typing.Literal and not isinstance(typing.get_args(annotation)[0], str):
            return int(value) if value.isdecimal() and value.isascii() else value
        wanted = _json_type(annotation)
        if wanted is None:
            return value
        try:
            return _decoded(value, wanted)
        except (TypeError, ValueError, RecursionError):
            return value  # refused by the model, with what is expected

    return {name: decode(name, value) for name, value in given.items()}


def _share(
    shared: Mapping[str, Any],
    given_to: Mapping[str, dict[str, Any]],
    settings_types: Mapping[str, type[PatternSettings]],
) -> Iterator[Mistake]:
    """Gives each stack the settings of ``EveryStack`` that it has and that nothing was said of."""
    known = sorted({name for settings_type in settings_types.values() for name in settings_type.model_fields})
    for setting, value in shared.items():
        if setting not in known:
            guess = _did_you_mean(setting, known)
            yield Mistake(f"{EVERY_STACK}.{setting}", value, f"expected a setting that a stack has{guess}")
        for stack, settings_type in settings_types.items():
            if setting in settings_type.model_fields:
                given_to[stack].setdefault(setting, value)


def _json_type(annotation: Any) -> type | None:
    """What JSON has for a field of this type: a list, a dict, or None for what is a single value."""
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return list
    is_object = origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel))
    return dict if is_object else None


def _decoded(value: Any, wanted: type) -> Any:
    value = json.loads(value) if isinstance(value, str) else value
    if not isinstance(value, wanted):
        raise TypeError(f"not a {wanted.__name__}")
    return value


def _mistakes(stack: str, settings_type: type[PatternSettings], error: ValidationError) -> Iterator[Mistake]:
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_is_within(other["loc"], detail["loc"]) for other in details):
            continue  # short only of the items that are wrong themselves
        location = [part for part in detail["loc"] if part != "[key]"]
        if detail["type"] == "extra_forbidden" and detail["loc"][-1] == "[key]":
            location.append("[key]")  # pydantic's mark of a key, but here somebody's name of a setting
        path = ".".join([stack, *map(str, location)])
        if detail["type"] == "value_error":
            remedy = str(detail["ctx"]["error"])
        elif detail["type"] == "extra_forbidden":
            model = _model_at(settings_type, location[:-1])
            names = list(model.model_fields)
            guess = _did_you_mean(location[-1], names)
            remedy = getattr(model, "refused", {}).get(location[-1])
            remedy = remedy or "unknown setting" + (guess or f"; expected {_one_of(names)}")
        elif detail["type"] == "missing":
            remedy = f"missing; expected {_expected_at(settings_type, location)}"
        else:
            remedy = f"expected {_expected_at(settings_type, location)}"
        yield Mistake(path, detail["input"], remedy)


def _is_within(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _expected_at(settings_type: type[BaseModel], location: list[Any]) -> str:
    annotation, metadata = _at(settings_type, location)
    is_json = _json_type(_unwrap(annotation)[0]) is not None
    return describe(annotation, metadata) + (" (on the command line as JSON)" if is_json else "")


def _model_at(settings_type: type[BaseModel], location: list[Any]) -> type[BaseModel]:
    return _unwrap(_at(settings_type, location)[0])[0]


def _at(annotation: Any, location: list[Any]) -> tuple[Any, list[Any]]:
    """Type and metadata at a location of pydantic's error: a field's name, a list's index, an object's key."""
    metadata: list[Any] = []
    for part in location:
        annotation, _ = _unwrap(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields[part]
            annotation, metadata = field.annotation, list(field.metadata)
        else:  # a tuple's items are its first argument, a dict's values its second
            arguments = typing.get_args(annotation)
            annotation, metadata = arguments[0 if isinstance(part, int) else 1], []
    return annotation, metadata


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _one_of(values: Iterable[Any]) -> str:
    return "one of " + ", ".join(map(str, values))


def _did_you_mean(given: Any, known: Iterable[str]) -> str:
    names = list(known)
    shortened = [name for name in names if given and name.startswith(str(given))]
    close = shortened if len(shortened) == 1 else get_close_matches(str(given), names, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
