"""Reads the CDK context of ``cdk.json``, and finds mistakes among the context keys that this book does not know."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from patternbook.settings.mistakes import NOTHING, Mistake, SettingsError, closest

CDK_KEYS: Final = ("cli-telemetry", "acknowledged-issue-numbers")
"""Keys of the CDK CLI without a ``:`` or ``/``."""
EVERY_STACK: Final = "EveryStack"
"""The name in a context key that stands for all stacks."""
STAGES: Final = "stages"
PATTERNS: Final = "patterns"
POSTURE: Final = "posture"
"""A key of earlier versions. It is refused, because a posture belongs to a stage."""

ALIKE: Final = 0.8
"""How similar an unknown key must be to a known one to count as a mistake, from 0 to 1."""


def is_cdk_key(key: str) -> bool:
    """Whether a context key belongs to the CDK or to a plugin. Their flags and look-ups contain a ``:`` or ``/``."""
    return key in CDK_KEYS or ":" in key or "/" in key


def read_cdk_json(path: Path) -> dict[str, Any]:
    """The context in a ``cdk.json``.

    :raises SettingsError: if the file cannot be read or is not JSON, if its context is not an object, or if a key is
        given twice. Python's JSON parser would silently use the last one.
    """
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(dict.fromkeys(name for name in names if names.count(name) > 1))
        return dict(pairs)

    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        place = f"{path.name}, line {error.lineno}, column {error.colno}"
        raise SettingsError([Mistake(place, NOTHING, f"This is not JSON: {error.msg}.")]) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError([Mistake(path.name, NOTHING, f"The file cannot be read as JSON: {error}.")]) from error
    if twice:
        remedy = "The key is given twice in one object. Keep one of the two."
        raise SettingsError(Mistake(name, NOTHING, remedy, file=path.name) for name in twice)
    context = document.get("context", {}) if isinstance(document, dict) else None
    if not isinstance(context, dict):
        raise SettingsError([Mistake(path.name, NOTHING, 'The file must hold a JSON object with an object "context".')])
    return context


def sort_unknown(
    unknown: Mapping[str, Any], *, stacks: Iterable[str], settings: Mapping[str, list[str]]
) -> tuple[list[Mistake], list[str]]:
    """Separates mistakes from keys of other tools, such as those in a company's ``~/.cdk.json``.

    :param settings: the names of all settings, each with the stacks that have it.
    :return: the mistakes, and the keys of other tools.
    """
    mistakes, foreign = [], []
    known = [*stacks, EVERY_STACK, STAGES, PATTERNS]
    for key, value in unknown.items():
        head, dot, tail = key.partition(".")
        setting = head if dot or head in settings else closest(head, settings, cutoff=ALIKE)
        right = closest(head, known, cutoff=ALIKE)
        if key == POSTURE:
            mistakes.append(Mistake(key, value, _POSTURE_REMEDY))
        elif right:
            mistakes.append(Mistake(key, value, f'Unknown key. Did you mean "{right}{dot}{tail}"?'))
        elif setting and setting in settings and not dot:
            mistakes.append(Mistake(key, value, _stack_is_missing(setting, settings[setting])))
        else:
            foreign.append(key)
    return mistakes, foreign


_POSTURE_REMEDY: Final = (
    "A posture belongs to a stage. To read production, type: cdk synth production/FargateEfsStack "
    '-c stages=production. To deploy it, put "stages": {"production": {}} into the context of cdk.json.'
)


def _stack_is_missing(setting: str, stacks: list[str]) -> str:
    every = f", or {EVERY_STACK}.{setting} for all {len(stacks)} stacks that have it" if len(stacks) > 1 else ""
    return f"A setting belongs to a stack. Type {stacks[0]}.{setting}{every}."
