"""One pattern alone, synthesized for a test with the feature flags of its project and without the checks of an app."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk.assertions import Template

from patternbook.app import PatternStack, add_stage
from patternbook.posture import POSTURES
from patternbook.settings.context import read_cdk_json
from patternbook.settings.keys import is_cdk_key
from patternbook.settings.loading import load_settings
from patternbook.settings.mistakes import SettingsError
from patternbook.settings.stages import Stage

READABLE: Final = {"@aws-cdk/core:annotationsInValidationReport": False}
"""A feature flag that differs from the project's. With it on, an error annotation on one stack raises for every stack
of the app outside of the CDK CLI. A test reads any template, also one that the CLI refuses."""


def feature_flags(cdk_json: Path) -> dict[str, Any]:
    """The feature flags of a project, without the settings of its patterns."""
    return {key: value for key, value in read_cdk_json(cdk_json).items() if is_cdk_key(key)}


def unchecked_app(outdir: Path | None = None, *, context: Mapping[str, Any] | None = None) -> cdk.App:
    """An app without CDK's own validation, which costs two seconds a process and belongs to the tests of policies.

    :param outdir: the folder for the app's output; a temporary one where none is given.
    """
    folder = None if outdir is None else str(outdir)
    return cdk.App(context=context, outdir=folder, builtin_cloud_formation_validation=False)


def variant(pattern: type[PatternStack], outdir: Path, *, posture: str = "sandbox", **settings: Any) -> cdk.Stack:
    """The stack of a pattern in an app of its own; in production within the stage ``production``.

    :param outdir: the folder for the app's output.
    :param settings: as in ``cdk.json`` or on the command line.
    :return: the first stack, where the settings ask for one in each of several Regions.
    :raises SettingsError: with every mistake in ``settings``.
    """
    loaded = load_settings(pattern.settings_type, settings, posture=POSTURES[posture], stack=pattern.__name__)
    app = unchecked_app(outdir, context={**_flags_of(pattern), **READABLE})
    name = None if posture == "sandbox" else posture
    scope = add_stage(app, [pattern], Stage(name=name, posture=POSTURES[posture], settings={pattern.__name__: loaded}))
    return next(each for each in scope.node.children if isinstance(each, pattern))


def template_of(pattern: type[PatternStack], outdir: Path, *, posture: str = "sandbox", **settings: Any) -> Template:
    """The template of a pattern, see :func:`variant`."""
    return Template.from_stack(variant(pattern, outdir, posture=posture, **settings))


def refusal(pattern: type[PatternStack], *, posture: str = "sandbox", **settings: Any) -> dict[str, str]:
    """The remedy for each setting of a pattern that is refused. The settings must have a mistake."""
    try:
        load_settings(pattern.settings_type, settings, posture=POSTURES[posture], stack=pattern.__name__)
    except SettingsError as error:
        return {mistake.path.removeprefix(f"{pattern.__name__}."): mistake.remedy for mistake in error.mistakes}
    raise AssertionError(f"{pattern.__name__} accepts {settings}")


@cache
def _flags_of(pattern: type[PatternStack]) -> dict[str, Any]:
    """The feature flags of the project that a pattern belongs to: of the nearest ``cdk.json`` above its module."""
    module = Path(str(sys.modules[pattern.__module__].__file__)).resolve()
    for folder in module.parents:
        if (folder / "cdk.json").exists():
            return feature_flags(folder / "cdk.json")
    raise FileNotFoundError(f"There is no cdk.json in the folders above {module}. Put one into the project's root.")
