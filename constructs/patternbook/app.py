"""The base class of patterns, and the app that contains them. The CDK CLI, scripts and tests make it the same way."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import aws_cdk as cdk
from constructs import Construct
from typing_extensions import Self, Unpack

from patternbook.limits.regions import RegionalService
from patternbook.partitions import partition_of
from patternbook.posture import Posture
from patternbook.refusals import refuse_resources_of_other_regions, warn_of_shared_domain_names
from patternbook.rules.plugin import PatternbookRules
from patternbook.settings.base import PatternSettings, RegionalSettings
from patternbook.settings.context import read_cdk_json, read_files
from patternbook.settings.keys import ignored
from patternbook.settings.loading import Plan, load
from patternbook.settings.mistakes import SettingsError
from patternbook.settings.stages import Stage


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
    """One pattern: a stack with settings, in a posture.

    The id of the stack is the name of its class. If the settings list several Regions, each Region has a stack of its
    own, whose id ends with the name of the Region. So has each further Region of a stage.
    """

    title: ClassVar[str]
    """A few words for lists of patterns and for the description of the stack."""
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
        follow the posture unless they are arguments. A Region that AWS pins (``settings.pinned_region``) replaces the
        one of ``env``.
        """
        stack_options.setdefault("description", f"Patternbook ({posture.name}): {self.title}")
        stack_options.setdefault("termination_protection", posture.deletion_protection)
        given = stack_options.get("env") or _environment_of_stage(scope)
        if settings.pinned_region:
            stack_options["env"] = cdk.Environment(account=given.account, region=settings.pinned_region)
        super().__init__(scope, construct_id, **stack_options)
        self.settings = settings
        # An account belongs to one partition, so the Region that was asked for tells the partition of a pinned stack.
        self._asked_region = given.region or self.region
        refuse_resources_of_other_regions(self, settings, asked_region=self._asked_region)
        for key, value in stack_options.get("tags", {}).items():
            self._tag_launch_templates(key, value)
        warn_of_shared_domain_names(self, settings, ((each, each.settings) for each in self._others()))

    @property
    def availability_zones(self) -> list[str]:
        """The AZs that CloudFormation chooses at deployment. CDK would look them up in the account of the stack at
        synth, where the account and the Region are known.
        """
        return [cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(2)]

    def add_tag(self, key: str, value: str) -> None:
        """Adds a tag of the stack, which CloudFormation puts on every resource that takes tags."""
        self.tags.set_tag(key, value)
        self._tag_launch_templates(key, value)

    def _tag_launch_templates(self, key: str, value: str) -> None:
        # CloudFormation passes the tags of a stack on to its resources, but not to the instances and volumes that a
        # launch template describes. So the launch template gets them itself:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
        cdk.Tags.of(self).add(key, value, include_resource_types=["AWS::EC2::LaunchTemplate"])

    def output(self, name: str, value: str, description: str) -> None:
        """Adds an output of the stack, for a person to use after the deployment."""
        cdk.CfnOutput(self, name, value=value, description=description)

    def counterparts(self) -> Iterator[Self]:
        """The stacks of the same pattern that the app has so far: in other stages, or for other Regions."""
        for each in self._others():
            if isinstance(each, type(self)):
                yield each

    def _others(self) -> Iterator["PatternStack"]:
        root = self.node.root
        for scope in (root, *(each for each in root.node.children if isinstance(each, cdk.Stage))):
            for each in scope.node.children:
                if isinstance(each, PatternStack) and each is not self:
                    yield each

    def offers(self, service: RegionalService) -> bool:
        """Whether the Region of the stack offers a service. A Region that is unknown at synth is taken to offer it."""
        region = self._asked_region
        return cdk.Token.is_unresolved(region) or service.is_in(region, partition_of(region))

    def refuse_where_missing(self, service: RegionalService) -> None:
        """Adds an error if the Region of the stack does not offer the service."""
        if not self.offers(service):
            cdk.Annotations.of(self).add_error(
                f"{service.name} is not offered in {self._asked_region}. The Region of the stack must be one that "
                f"offers it: {service.where}. {service.remedy} ({service.source})."
            )


Patterns = Iterable[type[PatternStack]]


def build_app(
    patterns: Patterns,
    *,
    cdk_json: Path,
    context: Mapping[str, Any] | None = None,
    outdir: str | None = None,
    checked: bool = True,
) -> cdk.App:
    """Makes an app with every pattern. The sandbox stands directly in it, and every other stage is a ``cdk.Stage``.

    The context of the CDK CLI overrides ``context``, which overrides that of ``cdk_json``. Outside of the CLI nothing
    else would read ``cdk_json``. Settings in ``context`` have the precedence of the command line.

    :param checked: whether CDK's validation and the rules look at the templates, and the assembly has a tree.json.
        Without them, a synthesis takes less than half of the time.
    :raises SettingsError: with every mistake in the settings, before it makes any stack.
    """
    app, _ = _build(patterns, cdk_json=cdk_json, context=context, outdir=outdir, checked=checked)
    return app


def synthesize(
    patterns: Patterns, *, cdk_json: Path, plugins: Iterable[Callable[[cdk.App], cdk.IPolicyValidationPlugin]] = ()
) -> None:
    """Synthesizes for the CDK CLI. Mistakes in the settings end the program with status 1 and one message.

    The errors of a stack refuse that stack alone, and warnings refuse none. Annotations are left to the CLI, which
    reads them stack by stack if the feature flag ``@aws-cdk/core:annotationsInValidationReport`` is off.

    :param plugins: further validation plugins, called with the app, such as ``AwsSolutionsChecks`` of cdk-nag.
    """
    try:
        app, plan = _build(patterns, cdk_json=cdk_json)
    except SettingsError as error:
        sys.exit(str(error))
    for sentence in ignored(plan.ignored):
        print(sentence, file=sys.stderr)
    cdk.Validations.of(app).add_plugins(*(plugin(app) for plugin in plugins))
    _judge_each_stack(Path(app.synth().directory, "validation-report.json"))


def add_stage(app: Construct, patterns: Patterns, stage: Stage) -> Construct:
    """Makes the stacks of a stage.

    :return: the ``cdk.Stage``, or, for the sandbox, the app itself.
    """
    scope = app
    if stage.name:
        scope = cdk.Stage(app, stage.name, env=cdk.Environment(account=stage.account, region=stage.region))
    for pattern in patterns:
        settings = stage.settings.get(pattern.__name__)
        if settings is None:
            continue
        for stack_id, options in _stacks_of(pattern.__name__, settings, stage).items():
            pattern(scope, stack_id, settings=settings, posture=stage.posture, **options)
    return scope


def _build(
    patterns: Patterns,
    *,
    cdk_json: Path,
    context: Mapping[str, Any] | None = None,
    outdir: str | None = None,
    checked: bool = True,
) -> tuple[cdk.App, Plan]:
    patterns, in_file = tuple(patterns), read_cdk_json(cdk_json)
    app = cdk.App(
        context={**in_file, **(context or {})},
        outdir=outdir,
        stack_traces=False,
        builtin_cloud_formation_validation=None if checked else False,
        tree_metadata=None if checked else False,
    )
    types = {pattern.__name__: pattern.settings_type for pattern in patterns}
    plan = load(app.node.get_all_context(), types, files=read_files(cdk_json, in_file))
    if checked:
        cdk.Validations.of(app).add_plugins(PatternbookRules())
    for stage in plan.stages:
        add_stage(app, patterns, stage)
    return app, plan


def _stacks_of(pattern: str, settings: PatternSettings, stage: Stage) -> dict[str, StackOptions]:
    """The ids of a pattern's stacks, each with its options."""
    # Tags of the stack, not of its constructs: CloudFormation passes them on.
    options: StackOptions = {"tags": stage.tags} if stage.tags else {}
    regions = settings.regions if isinstance(settings, RegionalSettings) else ()
    stacks: dict[str, StackOptions] = {} if regions else {pattern: options}
    if not regions and not settings.pinned_region and not settings.is_global:
        regions = stage.further_regions
    for region in regions:
        stacks[f"{pattern}-{region}"] = {**options, "env": cdk.Environment(account=stage.account, region=region)}
    return stacks


def _judge_each_stack(file: Path) -> None:
    """Gives the errors of each validation plugin a report of their own.

    The CDK CLI leaves the findings of the chosen stacks in the report of a plugin, and keeps its conclusion, which is
    about all stacks. In one report, an error of one stack would refuse every other stack that has a warning. The CLI
    also says nothing of a plugin that raised an exception, and so has judged no stack.
    """
    document = json.loads(file.read_text(encoding="utf-8"))
    failed = [each for each in document["pluginReports"] if each["conclusion"] == "failure" and not each["violations"]]
    if failed:
        sys.exit("\n".join(each["metadata"]["error"] for each in failed))
    document["pluginReports"] = [part for report in document["pluginReports"] for part in _errors_apart(report)]
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")


def _errors_apart(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The report of the errors, if there are any, and the report of everything else."""
    errors = [each for each in report["violations"] if each["severity"] not in ("warning", "info")]
    if report["conclusion"] == "failure" and errors:
        yield {**report, "violations": errors, "suppressedViolations": []}
        others = [each for each in report["violations"] if each not in errors]
        report = {**report, "violations": others, "conclusion": "success"}
    yield report


def _environment_of_stage(scope: Construct) -> cdk.Environment:
    stage = scope if isinstance(scope, cdk.Stage) else cdk.Stage.of(scope)
    return cdk.Environment(account=stage.account, region=stage.region) if stage else cdk.Environment()
