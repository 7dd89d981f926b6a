"""The stack that a template becomes in an account: its values, and what of it exists already."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from patternbook.preflight.account import Account, CouldNotAskError
from patternbook.rules.template import UNKNOWN, Node, Resource, Template

NAMES_PER_CALL: Final = 10
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""
_LOOKED_UP: Final = "AWS::SSM::Parameter::Value<"
_LISTS: Final = re.compile(r"(List<|CommaDelimitedList$|AWS::SSM::Parameter::Value<(List|CommaDelimitedList))")
_NO_STACK: Final = ("ValidationError",)
"""CloudFormation's error code for a stack that does not exist."""


@dataclass(frozen=True)
class Target:
    """Where a template goes."""

    account_id: str
    partition: str
    url_suffix: str
    region: str
    stack_name: str = ""
    """Empty if nobody says it."""


@dataclass(frozen=True)
class Looked:
    """A parameter whose value is the name of an SSM parameter."""

    name: str
    ssm_name: str
    type: str
    value: str | None
    """The value that CloudFormation would put in; None if there is none."""
    problem: str = ""
    """The reason why AWS gave no answer."""


@dataclass(eq=False)
class Stack:
    """A template that is to be deployed."""

    path: str
    document: Mapping[str, Any]
    target: Target
    assembly: "Assembly"
    looked_up: Sequence[Looked]
    template: Template
    status: str | None
    """The state of the stack in the account. None if it does not exist, or is not known."""
    existing: Mapping[str, str]
    """The physical ids of its resources in the account, by logical id."""
    problem: str = ""
    """The reason why the account did not say whether the stack exists."""
    earlier: tuple["Stack", ...] = ()
    """Stacks that the same command asks about, and that are deployed before this one into the same Region."""
    missing_parameters: Sequence[str] = field(default_factory=tuple)

    @property
    def name(self) -> str:
        """The name of the stack for messages."""
        return self.target.stack_name or Path(self.path).name

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of these types."""
        return self.template.of_type(*types)

    def added(self, *types: str) -> list[Resource]:
        """The resources of these types that the stack does not have yet."""
        return [each for each in self.of_type(*types) if each.id not in self.existing]

    def owns(self, resource: Node, physical_id: str) -> bool:
        """Whether something in the account is this resource of the stack."""
        return self.existing.get(resource.resource_id) == physical_id

    def texts(self) -> Iterator[tuple[Node, str]]:
        """All known texts in the properties of resources, each with its place."""
        for resource in self.template.resources.values():
            yield from _texts_in(resource)


def _texts_in(node: Node) -> Iterator[tuple[Node, str]]:
    if isinstance(node.value, dict):
        for each in node.entries.values():
            yield from _texts_in(each)
    elif isinstance(node.value, list):
        for each in node.items:
            yield from _texts_in(each)
    elif isinstance(node.value, str):
        yield node, node.value


@dataclass(frozen=True)
class Assembly:
    """What a CDK app wrote beside a template. Everything is empty for a template from elsewhere."""

    stack_name: str = ""
    account_id: str = ""
    region: str = ""
    bootstrap_version: int = 0
    """The version of the bootstrap stack that the assets need."""
    bootstrap_parameter: str = ""
    """The SSM parameter with the version that the account has."""
    assets: Mapping[str, Any] = field(default_factory=dict)
    """The content of the ``.assets.json`` file."""

    @cached_property
    def destinations(self) -> list[Mapping[str, str]]:
        """Where the files and images of the app go."""
        kinds = (self.assets.get("files", {}), self.assets.get("dockerImages", {}))
        return [each for kind in kinds for asset in kind.values() for each in asset.get("destinations", {}).values()]


def assembly_of(path: str) -> Assembly:
    """Reads the manifest of a CDK app, if it is beside the template.

    https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
    """
    template = Path(path)
    try:
        manifest = json.loads((template.parent / "manifest.json").read_text(encoding="utf-8"))
        artifacts = manifest["artifacts"]
        [stack] = [
            each
            for each in artifacts.values()
            if each["type"] == "aws:cloudformation:stack" and each["properties"]["templateFile"] == template.name
        ]
        properties = stack["properties"]
        account_id, _, region = stack["environment"].removeprefix("aws://").partition("/")
        found = Assembly(
            stack_name=properties.get("stackName") or stack.get("displayName", ""),
            account_id=account_id if account_id.isdigit() else "",
            region=region if not region.startswith("unknown") else "",
            bootstrap_version=properties.get("requiresBootstrapStackVersion", 0),
            bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", ""),
            assets=_assets_of(template),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Assembly()
    return found


def _assets_of(template: Path) -> Mapping[str, Any]:
    path = template.with_name(template.name.replace(".template.json", ".assets.json"))
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path != template else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def stack_in(
    account: Account,
    path: str,
    document: Mapping[str, Any],
    *,
    target: Target,
    assembly: Assembly,
    given: Mapping[str, str],
    today: date,
    earlier: Sequence[Stack] = (),
) -> Stack:
    """Reads from the account what a template says about itself only there.

    :param given: values of parameters that replace the defaults.
    :param today: the date in UTC.
    """
    values: dict[str, Any] = {
        "AWS::AccountId": target.account_id,
        "AWS::Partition": target.partition,
        "AWS::URLSuffix": target.url_suffix,
        "AWS::Region": target.region,
    }
    if target.stack_name:
        values["AWS::StackName"] = target.stack_name
    parameters = document.get("Parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    chosen: dict[str, Any] = {
        name: given[name] if name in given else body.get("Default", UNKNOWN)
        for name, body in parameters.items()
        if isinstance(body, dict)
    }
    looked_up = _look_up(account, {name: (chosen[name], str(parameters[name].get("Type", ""))) for name in chosen})
    chosen.update({each.name: UNKNOWN if each.value is None else each.value for each in looked_up})
    for name, value in chosen.items():
        if isinstance(value, str) and _LISTS.match(str(parameters[name].get("Type", ""))):
            chosen[name] = [each.strip() for each in value.split(",")]
    values.update(chosen)
    status, existing, problem = _existing(account, target.stack_name)
    return Stack(
        path=path,
        document=document,
        target=target,
        assembly=assembly,
        looked_up=looked_up,
        template=Template(document, today=today, region=target.region, scenario=values),
        status=status,
        existing=existing,
        problem=problem,
        earlier=tuple(each for each in earlier if each.target.region == target.region),
        missing_parameters=[
            name for name, value in chosen.items() if value is UNKNOWN and "Default" not in parameters[name]
        ],
    )


def _look_up(account: Account, parameters: Mapping[str, tuple[Any, str]]) -> list[Looked]:
    wanted = {
        name: (value, kind)
        for name, (value, kind) in parameters.items()
        if kind.startswith(_LOOKED_UP) and isinstance(value, str)
    }
    names = sorted({value for value, _ in wanted.values()})
    found: dict[str, str] = {}
    problem = ""
    for start in range(0, len(names), NAMES_PER_CALL):
        try:
            answer = account.ask("ssm.get_parameters", Names=names[start : start + NAMES_PER_CALL])
        except CouldNotAskError as error:
            problem = str(error)
            continue
        found.update({each["Name"] + each.get("Selector", ""): each["Value"] for each in answer["Parameters"]})
    return [
        Looked(name, value, kind, found.get(value), "" if value in found else problem)
        for name, (value, kind) in wanted.items()
    ]


def _existing(account: Account, stack_name: str) -> tuple[str | None, Mapping[str, str], str]:
    """The state of a stack and the physical ids of its resources, and why they are not known."""
    if not stack_name:
        return None, {}, ""
    try:
        answer = account.ask("cloudformation.describe_stacks", StackName=stack_name, absent=_NO_STACK)
        if not answer or not answer["Stacks"]:
            return None, {}, ""
        resources = account.all("cloudformation.list_stack_resources", "StackResourceSummaries", StackName=stack_name)
    except CouldNotAskError as error:
        return None, {}, str(error)
    existing = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for each in resources
        if each["ResourceStatus"] != "DELETE_COMPLETE"
    }
    return answer["Stacks"][0]["StackStatus"], existing, ""
