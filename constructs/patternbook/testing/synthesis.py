"""One pattern alone, synthesized for a test with the feature flags of a project and without the checks of an app."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk.assertions import Template

from patternbook.app import PatternStack, add_stage
from patternbook.posture import POSTURES
from patternbook.settings.context import is_cdk_key, read_cdk_json
from patternbook.settings.loading import load_settings
from patternbook.settings.mistakes import SettingsError
from patternbook.settings.stages import Stage

READABLE: Final = {"@aws-cdk/core:annotationsInValidationReport": False}
"""A feature flag that differs from the project's. With it on, an error annotation on one stack raises for every stack
of the app outside of the CDK CLI. A test reads any template, also one that the CLI refuses."""


def feature_flags(cdk_json: Path) -> dict[str, Any]:
    """The feature flags of a project, without the settings of its patterns."""
    return {key: value for key, value in read_cdk_json(cdk_json).items() if is_cdk_key(key)}


def synthesize_pattern(
    pattern: type[PatternStack],
    outdir: Path,
    *,
    cdk_json: Path,
    posture: str = "sandbox",
    settings: Mapping[str, Any] | None = None,
) -> cdk.Stack:
    """The stack of a pattern in an app of its own; in production within the stage ``production``.

    :param settings: as in ``cdk.json`` or on the command line.
    :raises SettingsError: with every mistake in ``settings``.
    """
    loaded = load_settings(pattern.settings_type, settings or {}, posture=POSTURES[posture], stack=pattern.__name__)
    app = cdk.App(
        context={**feature_flags(cdk_json), **READABLE},
        outdir=str(outdir),
        # CDK's own validation costs two seconds a process. It belongs to tests of policies.
        builtin_cloud_formation_validation=False,
    )
    name = None if posture == "sandbox" else posture
    scope = add_stage(app, [pattern], Stage(name=name, posture=POSTURES[posture], settings={pattern.__name__: loaded}))
    stacks = [each for each in scope.node.children if isinstance(each, pattern)]
    return stacks[0]


def template_of(pattern: type[PatternStack], outdir: Path, *, cdk_json: Path, **given: Any) -> Template:
    """The template of a pattern, see :func:`synthesize_pattern`."""
    return Template.from_stack(synthesize_pattern(pattern, outdir, cdk_json=cdk_json, **given))


def refusal(pattern: type[PatternStack], *, posture: str = "sandbox", **settings: Any) -> dict[str, str]:
    """The remedies for refused settings of a pattern, by setting. It is empty if all settings are accepted."""
    try:
        load_settings(pattern.settings_type, settings, posture=POSTURES[posture], stack=pattern.__name__)
    except SettingsError as error:
        return {mistake.path.removeprefix(f"{pattern.__name__}."): mistake.remedy for mistake in error.mistakes}
    return {}
