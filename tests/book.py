"""The whole book in one posture, synthesized once, and single patterns with settings of a test's own."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Template

import app
from patternbook import PatternStack, SettingsError, build_app
from patternbook.settings.loading import is_cdk_key

POSTURES = ("sandbox", "production")

# What production asks of a user before a pattern can be synthesized.
REQUIRED: Mapping[str, dict[str, Any]] = {
    "sandbox": {},
    "production": {"EveryStack": {"allow_plain_http": True}},
}

SCENARIOS = [(posture, options) for posture in POSTURES for options in ("defaults", "every option", "other options")]


def every_option(pattern: type[PatternStack]) -> dict[str, Any]:
    """Every optional part of a pattern at once, as beside its unit tests."""
    return dict(_unit_tests_of(pattern).EVERY_OPTION)


def other_options(pattern: type[PatternStack]) -> dict[str, Any] | None:
    """Options that exclude some of those; few patterns have such."""
    options = getattr(_unit_tests_of(pattern), "OTHER_OPTIONS", None)
    return None if options is None else dict(options)


def _unit_tests_of(pattern: type[PatternStack]) -> ModuleType:
    return import_module(f"tests.unit.test_{pattern.__module__.split('.')[1]}")


def patterns_with(options: str) -> list[type[PatternStack]]:
    """All, but for the options that exclude others: few patterns have such."""
    return [pattern for pattern in app.PATTERNS if options != "other options" or other_options(pattern)]


def settings_of(posture: str, options: str) -> dict[str, Any]:
    if options == "every option":
        return {pattern.__name__: every_option(pattern) for pattern in app.PATTERNS}
    others = {pattern.__name__: other_options(pattern) for pattern in patterns_with(options)}
    return {**REQUIRED[posture], **(others if options == "other options" else {})}


class Book:
    """Every pattern in one posture."""

    def __init__(self, posture: str, outdir: Path) -> None:
        self.app = build_app(
            app.PATTERNS, cdk_json=app.CDK_JSON, context={"posture": posture, **REQUIRED[posture]}, outdir=str(outdir)
        )

    def template(self, stack: str) -> Template:
        return Template.from_stack(_stack(self.app, stack))

    def annotations(self, stack: str) -> Annotations:
        return Annotations.from_stack(_stack(self.app, stack))


def variant(pattern: type[PatternStack], outdir: Path, **settings: Any) -> cdk.App:
    """An app of one pattern; ``posture`` and its settings as on the command line or in cdk.json."""
    context = {key if key == "posture" else f"{pattern.__name__}.{key}": value for key, value in settings.items()}
    return build_app([pattern], cdk_json=bare_cdk_json(outdir), context=context, outdir=str(outdir / "cdk.out"))


def template_of(pattern: type[PatternStack], outdir: Path, **settings: Any) -> Template:
    return Template.from_stack(_stack(variant(pattern, outdir, **settings), pattern.__name__))


def refusal(pattern: type[PatternStack], outdir: Path, **settings: Any) -> dict[str, str]:
    """The remedy for each setting of a pattern that is refused."""
    with pytest.raises(SettingsError) as caught:
        variant(pattern, outdir, **settings)
    return {mistake.path.removeprefix(f"{pattern.__name__}."): mistake.remedy for mistake in caught.value.mistakes}


def bare_cdk_json(folder: Path) -> Path:
    """The project's cdk.json with feature flags only: settings of other patterns would be unknown."""
    document = json.loads(app.CDK_JSON.read_text(encoding="utf-8"))
    flags = {key: value for key, value in document["context"].items() if is_cdk_key(key)}
    path = folder / "cdk.json"
    path.write_text(json.dumps({"context": flags}), encoding="utf-8")
    return path


def _stack(book: cdk.App, name: str) -> cdk.Stack:
    stack = book.node.find_child(name)
    assert isinstance(stack, cdk.Stack)
    return stack
