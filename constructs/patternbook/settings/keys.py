"""The keys of the context, and how to correct one that resembles them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from patternbook.limits.given import closest, plain, shown
from patternbook.settings.context import Context
from patternbook.settings.mistakes import Mistake

CDK_KEYS: Final = ("cli-telemetry", "acknowledged-issue-numbers")
"""Keys of the CDK CLI without a ``:`` or ``/``."""
EVERY_STACK: Final = "EveryStack"
"""The name in a context key that stands for all stacks."""
STAGES: Final = "stages"
PATTERNS: Final = "patterns"
POSTURE: Final = "posture"
"""A key of earlier versions. It is refused, because a posture belongs to a stage."""
_POSTURE_REMEDY: Final = (
    "A posture belongs to a stage. To read production, type: cdk synth production/FargateEfsStack "
    '-c stages=production. To deploy it, put "stages": {"production": {}} into the context of cdk.json.'
)
ALIKE: Final = 0.8
"""How similar an unknown key must be to a known one to count as a mistake, from 0 to 1."""
MOST_NAMED: Final = 20
"""Maximum number of ignored keys that are named."""


def is_cdk_key(key: str) -> bool:
    """Whether a context key belongs to the CDK or to a plugin. Their flags and look-ups contain a ``:`` or ``/``."""
    return key in CDK_KEYS or ":" in key or "/" in key


def sort_unknown(
    context: Context, *, stacks: Collection[str], settings: Mapping[str, list[str]], stages: Collection[str]
) -> tuple[list[Mistake], dict[str, str]]:
    """Separates mistakes from keys of other tools. A user's own file has keys for other projects, too. So there only
    the key of earlier versions is a mistake.

    :param settings: the names of all settings, each with the stacks that have it.
    :param stages: the names of stages that can be built.
    :return: the mistakes, and the keys of other tools, each with its file or with an empty text for the command line.
    """
    mistakes: list[Mistake] = []
    foreign: dict[str, str] = {}
    project = list(context.files)[-1:]
    for key, value in {**context.in_files, **context.typed}.items():
        file = "" if key in context.typed else context.file_of(key)
        remedy = _POSTURE_REMEDY if key == POSTURE else None
        if file in ("", *project) and not _is_ours(key, stacks):
            remedy = _correction(key, stacks=stacks, settings=settings, stages=stages)
        if remedy:
            mistakes.append(Mistake(key, value, remedy, file))
        elif not _is_ours(key, stacks) and not is_cdk_key(key):
            foreign[key] = file
    return mistakes, foreign


def ignored(keys: Mapping[str, str]) -> Iterator[str]:
    """Sentences about keys of other tools.

    :param keys: the keys, each with its file, or with an empty text for the command line.
    """
    for file in dict.fromkeys(keys.values()):
        names = [f'"{shown(key)}"' for key in keys if keys[key] == file]
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        source = f" of {file}" if file else ""
        yield f"Context keys{source} that no pattern knows are ignored: {', '.join(names[:MOST_NAMED])}{more}."


def _correction(
    key: str, *, stacks: Collection[str], settings: Mapping[str, list[str]], stages: Collection[str]
) -> str | None:
    """The message for a key that resembles one of ours. Case, ``_`` and ``-`` make no difference."""
    if key.startswith("@"):  # a feature flag
        return None
    head, *inner = re.split(r"[./:]", key)
    names = _by_plain_name([EVERY_STACK, *stacks]) | {plain(stack.removesuffix("Stack")): stack for stack in stacks}
    right = _alike(head, {**names, **_by_plain_name([STAGES, PATTERNS, POSTURE])})
    if right == POSTURE:
        return _POSTURE_REMEDY
    if right == STAGES and inner:
        return (
            f'The key is "{STAGES}" alone. Put the stage into the context of cdk.json, '
            f'or type -c \'{STAGES}={{"live": {{"posture": "production"}}}}\'.'
        )
    if right == PATTERNS and inner:
        return (
            f'The key is "{PATTERNS}" alone. Type the names of stacks, such as -c {PATTERNS}={",".join([*stacks][:2])}.'
        )
    if right:
        return f'Unknown key. Did you mean "{".".join([right, shown(key[len(head) + 1 :])]) if inner else right}"?'
    # The name of the stack stands within the key, as in production/EcrStack.untagged_days or production-EcrStack.
    stage, _, rest = head.partition("-")
    stage = stage if _alike(rest, names) else head
    stack = next(filter(None, (_alike(name, names) for name in (rest, *inner))), None)
    setting = _by_plain_name(settings).get(plain(inner[-1])) if inner else None
    if stack or (inner and plain(stage) in map(plain, stages)):
        place = [STAGES, shown(stage)]
        if stack or setting:
            place += ["settings", stack or EVERY_STACK, *([setting] if setting else [])]
        return f"Settings of a stage belong in the context of cdk.json, at {'.'.join(place)}."
    if inner:
        return _stack_is_missing(setting, settings[setting], head) if setting and "." in key else None
    if plain(head) in ("account", "region"):
        place = f"{STAGES}.live.{plain(head)}"
        return f"An account and a Region belong to a stage. Put it into the context of cdk.json, such as at {place}."
    setting = _alike(head, _by_plain_name(settings))
    return _stack_is_missing(setting, settings[setting]) if setting else None


def _is_ours(key: str, stacks: Iterable[str]) -> bool:
    """Whether a context key is one of ours, without a look at the name of a setting in it."""
    return key in (STAGES, PATTERNS) or key.partition(".")[0] in (EVERY_STACK, *stacks)


def _stack_is_missing(setting: str, stacks: list[str], given: str = "") -> str:
    stack = closest(given, stacks) or stacks[0]
    every = f", or {EVERY_STACK}.{setting} for all {len(stacks)} stacks that have it" if len(stacks) > 1 else ""
    return f"A setting belongs to a stack. Type {stack}.{setting}{every}."


def _by_plain_name(names: Iterable[str]) -> dict[str, str]:
    return {plain(name): name for name in names}


def _alike(given: str, known: Mapping[str, str]) -> str | None:
    """The known name that equals or resembles a given one.

    :param known: the known names by their plain names.
    """
    wanted = plain(given)
    close = [wanted] if wanted in known else get_close_matches(wanted, known, n=1, cutoff=ALIKE)
    return known[close[0]] if close else None
