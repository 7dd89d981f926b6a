"""Patterns, and the one way to make an app of them: the same for the CDK CLI, for a script and for tests."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import aws_cdk as cdk
from constructs import Construct
from typing_extensions import Unpack

from patternbook.posture import Posture
from patternbook.rules.plugin import PatternbookRules
from patternbook.settings.base import Mistake, PatternSettings, RegionalSettings, SettingsError
from patternbook.settings.loading import load_settings


class StackOptions(TypedDict, total=False):
    """The properties of ``cdk.StackProps``."""

    analytics_reporting: bool
    cross_region_references: bool
    description: str
    env: cdk.Environment
    notification_arns: Sequence[str]
    permissions_boundary: cdk.PermissionsBoundary
    property_injectors: Sequence[cdk.IPropertyInjector]
    stack_name: str
    suppress_template_indentation: bool
    synthesizer: cdk.IStackSynthesizer
    tags: Mapping[str, str]
    termination_protection: bool


class PatternStack(cdk.Stack):
    """One pattern: a stack with settings, in a posture. Its class name is the stack's name, or, where its settings ask
    for several, what their names begin with."""

    title: ClassVar[str]
    """What the pattern is, in a few words."""
    settings_type: ClassVar[type[PatternSettings]]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PatternSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        """:param stack_options: any property of ``cdk.StackProps``. The description and the termination protection
        follow the posture unless they are given here. A Region that AWS pins (``settings.pinned_region``) takes the
        place of the one in ``env``.
        """
        stack_options.setdefault("description", f"Patternbook ({posture.name}): {self.title}")
        stack_options.setdefault("termination_protection", posture.deletion_protection)
        if settings.pinned_region:
            account = getattr(stack_options.get("env"), "account", None)
            stack_options["env"] = cdk.Environment(account=account, region=settings.pinned_region)
        super().__init__(scope, construct_id, **stack_options)

    def output(self, name: str, value: str, description: str) -> None:
        """Something that a person needs after the deployment."""
        cdk.CfnOutput(self, name, value=value, description=description)


def build_app(
    patterns: Iterable[type[PatternStack]],
    *,
    cdk_json: Path,
    context: Mapping[str, Any] | None = None,
    outdir: str | None = None,
) -> cdk.App:
    """An app with every pattern in it, not yet synthesized.

    The context is that of ``cdk_json`` (which only the CDK CLI would read), under ``context``, under what the
    CLI hands over.

    :raises SettingsError: before any stack is made, with every mistake in the settings.
    """
    app = cdk.App(context={**_context_of(cdk_json), **(context or {})}, outdir=outdir)
    cdk.Validations.of(app).add_plugins(PatternbookRules())
    by_name = {pattern.__name__: pattern for pattern in patterns}
    posture, settings = load_settings(
        app.node.get_all_context(), {name: pattern.settings_type for name, pattern in by_name.items()}
    )
    for name, pattern in by_name.items():
        for stack_name, options in _stacks_of(name, settings[name]).items():
            # Each pattern takes settings of its own type, which its base class does not know.
            pattern(app, stack_name, settings=settings[name], posture=posture, **options)
    return app


def synthesize(patterns: Iterable[type[PatternStack]], *, cdk_json: Path) -> None:
    """Synthesizes for the CDK CLI. Mistakes in the settings end the program with status 1 and one message."""
    try:
        app = build_app(patterns, cdk_json=cdk_json)
    except SettingsError as error:
        sys.exit(str(error))
    app.synth()


def _stacks_of(pattern: str, settings: PatternSettings) -> dict[str, StackOptions]:
    """The ids of a pattern's stacks, each with its options."""
    regions = settings.regions if isinstance(settings, RegionalSettings) else ()
    return {f"{pattern}-{region}": {"env": cdk.Environment(region=region)} for region in regions} or {pattern: {}}


def _context_of(cdk_json: Path) -> dict[str, Any]:
    try:
        context = json.loads(cdk_json.read_text(encoding="utf-8")).get("context", {})
        return dict(context)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise SettingsError([Mistake(cdk_json.name, str(error), "expected a JSON object with a context")]) from error
