"""The patterns of the book in one app, for tests of all of them. :mod:`patternbook.testing` makes one alone."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk

import app
from patternbook import PatternbookRules, PatternStack
from patternbook.app import add_stage
from patternbook.posture import POSTURES
from patternbook.settings.loading import load_settings
from patternbook.settings.stages import Stage
from patternbook.testing.options import EXISTING_VPC, opt_outs
from patternbook.testing.synthesis import feature_flags
from tools.assembly import template_files as in_assembly

KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"
"""A key of the account, which the scenarios with other options and with an existing VPC use."""
SCENARIOS = [
    *((posture, options) for posture in POSTURES for options in ("defaults", "every option", "other options")),
    ("production", "existing VPC"),
]
Books = Callable[[str, str], cdk.App]
"""The synthesized app of each scenario, by its posture and its options."""


def every_option(pattern: type[PatternStack]) -> dict[str, Any]:
    """Every optional part of a pattern at once, as beside its unit tests."""
    return dict(_unit_tests_of(pattern).EVERY_OPTION)


def other_options(pattern: type[PatternStack]) -> dict[str, Any] | None:
    """Options that exclude some of those; few patterns have such."""
    options = getattr(_unit_tests_of(pattern), "OTHER_OPTIONS", None)
    return None if options is None else dict(options)


def in_existing_vpc(pattern: type[PatternStack]) -> dict[str, Any] | None:
    """Options that put everything that a pattern can have in a VPC into one that exists."""
    if "vpc" not in pattern.settings_type.model_fields:
        return None
    return {"vpc": EXISTING_VPC, **getattr(_unit_tests_of(pattern), "IN_EXISTING_VPC", {})}


def _unit_tests_of(pattern: type[PatternStack]) -> ModuleType:
    return import_module(f"tests.unit.test_{pattern.__module__.split('.')[1]}")


CHOICES: Mapping[str, Callable[[type[PatternStack]], dict[str, Any] | None]] = {
    "defaults": lambda _: {},
    "every option": every_option,
    "other options": other_options,
    "existing VPC": in_existing_vpc,
}
"""The settings of a pattern with each choice of options. It is None for a pattern without such options."""


def patterns_with(options: str) -> list[type[PatternStack]]:
    """The patterns that have such options."""
    return [pattern for pattern in app.PATTERNS if CHOICES[options](pattern) is not None]


def settings_of(posture: str, options: str) -> dict[str, dict[str, Any]]:
    """The settings of each pattern in one of the scenarios, with what production requires."""
    found = {pattern: CHOICES[options](pattern) or {} for pattern in patterns_with(options)}
    for pattern, settings in found.items():
        if options in ("other options", "existing VPC"):
            settings["key_arn"] = KEY_ARN
        if posture == "production":
            settings |= opt_outs(pattern, settings)
    return {pattern.__name__: settings for pattern, settings in found.items()}


def without_existing_key(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings for an account that has no key yet."""
    return {
        stack: {name: value for name, value in given.items() if name != "key_arn"} for stack, given in settings.items()
    }


def stage_of(posture: str, settings: Mapping[str, Mapping[str, Any]], *, nested: bool = True) -> Stage:
    """A stage with patterns of the book.

    :param settings: by the names of the stacks; only these are in it.
    :param nested: whether production is a ``cdk.Stage``, as it is for users; otherwise its stacks stand in the app.
    """
    types = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
    chosen = POSTURES[posture]
    return Stage(
        name=posture if nested and posture != "sandbox" else None,
        posture=chosen,
        settings={
            stack: load_settings(types[stack], given, posture=chosen, stack=stack) for stack, given in settings.items()
        },
    )


def book_app(stage: Stage, outdir: Path, *, checked: bool = True, **flags: Any) -> cdk.App:
    """An app with the patterns of a stage.

    :param checked: whether CDK's validation and our own rules look at it, as for users.
    :param flags: feature flags, or other context, that differ from the project's.
    """
    made = cdk.App(
        context={**feature_flags(app.CDK_JSON), **flags},
        outdir=str(outdir),
        builtin_cloud_formation_validation=checked,
    )
    if checked:
        cdk.Validations.of(made).add_plugins(PatternbookRules())
    add_stage(made, app.PATTERNS, stage)
    return made


def books_in(folder: Path) -> Books:
    """The apps of scenarios, without checks. Each is synthesized when it is first asked for."""

    @cache
    def make(posture: str, options: str) -> cdk.App:
        stage = stage_of(posture, settings_of(posture, options))
        made = book_app(stage, folder / f"{posture} {options}", checked=False)
        made.synth()
        return made

    return make


def template_files(assembly: Path) -> dict[str, Path]:
    """The templates of a synthesized app, those of nested stages, too, by the ids of their stacks."""
    return {path.rpartition("/")[2]: file for path, file in in_assembly(assembly).items()}


def templates_in(assembly: Path) -> dict[str, dict[str, Any]]:
    """The templates in these files, by the ids of their stacks."""
    return {stack: json.loads(path.read_text(encoding="utf-8")) for stack, path in template_files(assembly).items()}
