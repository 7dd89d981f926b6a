"""Hostile values in every place of every setting are accepted or refused, with a message of a page at most."""

import json
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

import app
from patternbook import SettingsError
from patternbook.limits.given import LONGEST_SHOWN
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import unwrap
from patternbook.settings.loading import load
from patternbook.settings.stages import StageSettings

TYPES: Mapping[str, type[PatternSettings]] = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
PLACEHOLDER = "${Token[x]}"
LONGEST_MESSAGE = 20_000
MANY = 400
"""This many items, or mistakes, make a text longer than :data:`LONGEST_MESSAGE` if all of them are shown."""


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


TEXTS = (
    *(
        "",
        "null",
        "true",
        "1e400",
        "Infinity",
        "٣",
        "²",
        "1_0",
        "서울",
        "\0",
        "a\0b",
        "\ud800",
        "\x1b[31m",
        PLACEHOLDER,
    ),
    *("x" * 6000, "9" * 6000, "x y " * 1500, "/a" * 300, "/" + "a" * 1000, "[" * 2000, "[" * 2000 + "]" * 2000),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        0.5,
        1e308,
        10**4000,
        float("inf"),
        float("nan"),
        [],
        {},
        [[]],
        [{}],
        {"": {}},
        nested(2000),
    ),
    *(["서울" * 30] * MANY, {str(number): "x" for number in range(MANY)}, {"x" * 6000: "x" * 6000}, ["9" * 6000]),
)

Place = Callable[[Any], Any]
"""Returns a value of a type with a hostile one somewhere within it."""


def places(annotation: Any) -> Iterator[Place]:
    yield lambda hostile: hostile
    annotation, _ = unwrap(annotation)
    arguments, origin = typing.get_args(annotation), typing.get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield lambda hostile: {hostile: 1} if isinstance(hostile, str) else hostile
        for name, field in annotation.model_fields.items():
            for place in places(field.annotation):
                yield lambda hostile, name=name, place=place: {name: place(hostile)}
    elif origin is tuple:
        for place in places(arguments[0]):
            yield lambda hostile, place=place: [place(hostile)]
    elif origin is dict:
        yield lambda hostile: {hostile: "x"} if isinstance(hostile, str) else hostile
        for place in places(arguments[1]):
            yield lambda hostile, place=place: {"A": place(hostile)}


def check(context: dict[str, Any], hostile: Any, stack: str = "EcrStack", *, typed: bool = False) -> None:
    """The context is accepted or refused, and the message about it shows little of a hostile text.

    :param typed: whether the context comes from the command line, and not from ``cdk.json``.
    """
    try:
        load(context, {stack: TYPES[stack]}, files={} if typed else {"cdk.json": context})
    except SettingsError as error:
        message = str(error)
        message.encode()
        assert len(message) < LONGEST_MESSAGE
        if isinstance(hostile, str) and len(hostile) > LONGEST_SHOWN:
            assert hostile[: LONGEST_SHOWN + 1] not in message
            assert hostile[-LONGEST_SHOWN - 1 :] not in message
    else:
        assert hostile != PLACEHOLDER, context


@pytest.mark.parametrize("stack", TYPES)
def test_settings_of_a_stack(stack: str) -> None:
    for place in places(TYPES[stack]):
        for hostile in TEXTS + VALUES:
            check({"patterns": stack, stack: place(hostile)}, hostile, stack)


@pytest.mark.parametrize("stack", TYPES)
def test_settings_on_the_command_line(stack: str) -> None:
    for name in TYPES[stack].model_fields:
        for hostile in TEXTS:
            check({"patterns": stack, f"{stack}.{name}": hostile}, hostile, stack, typed=True)
            check({"patterns": stack, f"{stack}.{name}": json.dumps([hostile])}, hostile, stack, typed=True)
    for hostile in TEXTS:
        shown = "" if hostile == PLACEHOLDER else hostile
        check({"patterns": stack, f"{stack}.{hostile}": "1"}, shown, stack, typed=True)
        check({"patterns": stack, stack: hostile}, hostile, stack, typed=True)


def test_stages() -> None:
    for place in places(StageSettings):
        for hostile in TEXTS + VALUES:
            check({"patterns": "EcrStack", "stages": {"live": place(hostile)}}, hostile)
    for hostile in TEXTS:
        check({"patterns": "EcrStack", "stages": {hostile: {"posture": "sandbox"}}}, hostile)
