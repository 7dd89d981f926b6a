"""Settings of patterns: from the CDK context to checked, typed values, or one message with every mistake.

A pattern's settings are a subclass of :class:`PatternSettings`. They come from two kinds of context keys::

    "FargateEfsStack": {"max_tasks": 20}        in cdk.json
    -c FargateEfsStack.max_tasks=20             on the command line, where it wins

``EveryStack`` in place of a stack's name is for all that have the setting; what is said of a stack itself wins.
Lists and objects on the command line are JSON. The posture is the key ``posture``.
"""

import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from patternbook.posture import POSTURES, SANDBOX, Posture
from patternbook.settings.base import Mistake, PatternSettings, SettingsError
from patternbook.settings.describe import expected_at, json_type, model_at, one_of, unwrap

CDK_KEYS = ("cli-telemetry", "acknowledged-issue-numbers")
"""Keys of the CDK CLI without a ``:`` or ``/``."""
EVERY_STACK = "EveryStack"
"""What stands for all stacks in a context key."""


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
        mistakes.append(Mistake("posture", given, f"expected {one_of(POSTURES)}{_did_you_mean(given, POSTURES)}"))
        posture = SANDBOX

    given_to: dict[str, dict[str, Any]] = {name: {} for name in (EVERY_STACK, *settings_types)}
    from_command_line: list[tuple[str, str, Any]] = []
    for key, value in context.items():
        if key == "posture" or is_cdk_key(key):
            continue
        stack, dot, setting = key.partition(".")
        if stack not in given_to:
            known = [*settings_types, EVERY_STACK, "posture"]
            mistakes.append(Mistake(key, value, f"expected {one_of(known)}{_did_you_mean(stack, known)}"))
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


def _decode_json(settings_type: type[PatternSettings], given: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the texts of the command line: lists and objects as JSON, ``null`` as nothing."""

    def decode(name: str, value: Any) -> Any:
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
            model = model_at(settings_type, location[:-1])
            names = list(model.model_fields)
            guess = _did_you_mean(location[-1], names)
            remedy = getattr(model, "refused", {}).get(location[-1])
            remedy = remedy or "unknown setting" + (guess or f"; expected {one_of(names)}")
        elif detail["type"] == "missing":
            remedy = f"missing; expected {expected_at(settings_type, location)}"
        else:
            remedy = f"expected {expected_at(settings_type, location)}"
        yield Mistake(path, detail["input"], remedy)


def _is_within(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _did_you_mean(given: Any, known: Iterable[str]) -> str:
    names = list(known)
    shortened = [name for name in names if given and name.startswith(str(given))]
    close = shortened if len(shortened) == 1 else get_close_matches(str(given), names, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
