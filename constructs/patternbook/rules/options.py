"""The options of ``patternbook check``, from the command line and from pyproject.toml."""

import argparse
import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from patternbook.rules.rule import Severity

SECTION: Final = "tool.patternbook"
NEVER: Final = "never"
_ORDER: Final = [each.value for each in Severity]
_KEYS: Final[Mapping[str, str]] = {
    "severity": "one of " + ", ".join(_ORDER),
    "fail-on": "one of " + ", ".join((*_ORDER, NEVER)),
    "rules": "a list of rules",
    "ignore": "a list of rules",
    "region": "a text",
    "allow-unchecked": "true or false",
}
"""The keys of the section, and what each accepts."""


class OptionError(ValueError):
    """An option has a wrong value. The message says which, and what it may be."""


@dataclass(frozen=True)
class Options:
    """What to check, what to report, and what fails the command."""

    severity: str = "advice"
    fail_on: str = "warning"
    rules: frozenset[str] = frozenset()
    """The only rules to report. Empty for all."""
    ignored: frozenset[str] = frozenset()
    region: str | None = None
    allow_unchecked: bool = False

    def shows(self, rule: str, severity: Severity) -> bool:
        """Whether a finding is reported."""
        chosen = not self.rules or rule in self.rules
        return chosen and rule not in self.ignored and _ORDER.index(severity.value) <= _ORDER.index(self.severity)

    def fails(self, severity: Severity) -> bool:
        """Whether a finding fails the command."""
        return self.fail_on != NEVER and _ORDER.index(severity.value) <= _ORDER.index(self.fail_on)


def options_of(given: argparse.Namespace, known: Sequence[str]) -> Options:
    """The options, where the command line beats pyproject.toml.

    :param known: the ids of all rules.
    :raises OptionError: if a value is wrong.
    """
    section = _section()
    chosen = given.rule if given.rule is not None else section.get("rules", [])
    ignored = [*section.get("ignore", []), *(given.ignore or [])]
    allow = given.allow_unchecked if given.allow_unchecked is not None else section.get("allow-unchecked", False)
    return Options(
        severity=given.severity or section.get("severity", "advice"),
        fail_on=given.fail_on or section.get("fail-on", "warning"),
        rules=frozenset(_known(chosen, known)),
        ignored=frozenset(_known(ignored, known)),
        region=given.region or section.get("region"),
        allow_unchecked=allow,
    )


def _known(names: Iterable[str], known: Sequence[str]) -> Iterable[str]:
    for name in (part.strip() for each in names for part in each.split(",")):
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "'patternbook rules' lists them."
            raise OptionError(f"no rule has the id {name!r}. {hint}")
        yield name


def _section() -> Mapping[str, Any]:
    """The section of the pyproject.toml in this folder, or in the nearest folder above it that has one."""
    here = Path.cwd()
    path = next((file for each in (here, *here.parents) if (file := each / "pyproject.toml").is_file()), None)
    try:
        text = path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        return {}
    if f"[{SECTION}]" not in text:
        return {}
    try:
        tomllib: Any = importlib.import_module("tomllib")  # only here: it takes as long as a template
    except ImportError as error:
        raise OptionError(f"the section [{SECTION}] of {path} needs Python 3.11 or newer") from error
    try:
        section = tomllib.loads(text)["tool"]["patternbook"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise OptionError(f"{path} cannot be read: {error}") from error
    for key, value in section.items():
        if key not in _KEYS:
            close = get_close_matches(key, _KEYS, n=1)
            raise OptionError(f"{path}: [{SECTION}] has no key {key!r}; it has {', '.join(close or _KEYS)}.")
        if not _is_valid(key, value):
            raise OptionError(f"{path}: {key} in [{SECTION}] must be {_KEYS[key]}, got {value!r}.")
    return section


def _is_valid(key: str, value: Any) -> bool:
    if key in ("rules", "ignore"):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if key == "allow-unchecked":
        return isinstance(value, bool)
    if key == "region":
        return isinstance(value, str)
    return value in _ORDER or (key == "fail-on" and value == NEVER)
