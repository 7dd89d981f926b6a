"""What a drawing shows of a template: the resources that each node stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final

import aws_cdk as cdk

from patternbook.rules.template import Resource, Template
from patternbook.testing.drawings.source import Drawing, Node


class Deployed:
    """A template, with the path of the construct that each of its resources belongs to."""

    def __init__(self, document: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        """:param paths: the construct path within the stack, by logical id, see :func:`construct_paths`."""
        self.document = document
        self.template = Template(document, today=date.today())
        self.paths = paths

    @cached_property
    def references(self) -> Mapping[str, frozenset[str]]:
        """The resources that each resource names in its properties, by logical id."""
        return {each.id: frozenset(each.references) for each in self.template.resources.values()}

    def find(self, meaning: str) -> list[Resource]:
        """The resources that ``# stands for:`` names: ``TYPE`` or ``TYPE in PATH``. A path may have wildcards."""
        kind, _, path = meaning.partition(" in ")
        return [each for each in self.template.of_type(kind) if not path or _is_in(self.paths.get(each.id, ""), path)]

    def below(self, meaning: str) -> list[Resource]:
        """Everything in the constructs that ``# stands for:`` names; without a path only the resources themselves."""
        path = meaning.partition(" in ")[2]
        if not path:
            return self.find(meaning)
        return [each for each in self.template.resources.values() if _is_in(self.paths.get(each.id, ""), path)]


@dataclass(frozen=True)
class Shown:
    """A node of a drawing in one template."""

    deployed: Deployed
    node: Node

    @cached_property
    def resources(self) -> list[Resource]:
        """The resources that the node stands for."""
        return [each for meaning in self.node.meanings for each in self.deployed.find(meaning)]

    @cached_property
    def family(self) -> dict[str, Resource]:
        """These and everything else in their constructs, by logical id: listeners, security groups, roles, aliases."""
        found = [each for meaning in self.node.meanings for each in self.deployed.below(meaning)]
        return {each.id: each for each in found}

    @property
    def missing(self) -> list[str]:
        """What the node says that it stands for, and the template does not have."""
        return [meaning for meaning in self.node.meanings if not self.deployed.find(meaning)]

    def names(self, *types: str) -> set[str]:
        """The resources of some types that the node names, directly or by what it is made from."""
        found, waiting = set[str](), list(self.family)
        seen = set(waiting)
        while waiting:
            for name in self.deployed.references[waiting.pop()]:
                kind = self.deployed.template.resources[name].type if name in self.deployed.references else ""
                if kind in types:
                    found.add(name)
                if kind in _MADE_FROM and name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return found | {name for name, each in self.family.items() if each.type in types}


_MADE_FROM: Final = (
    *("AWS::ECS::TaskDefinition", "AWS::EC2::LaunchTemplate", "AWS::IAM::InstanceProfile"),
    *("AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"),
)
"""What services, instances and URLs are made from, whose roles and security groups are theirs."""


def shown(drawing: Drawing, deployed: Deployed) -> dict[str, Shown]:
    """Each node of a drawing in a template, by the node's path."""
    return {path: Shown(deployed, node) for path, node in drawing.nodes.items()}


def construct_paths(stack: cdk.Stack) -> dict[str, str]:
    """The path of each resource's construct within its stack, by logical id, as the CDK records it."""
    assembly = (cdk.Stage.of(stack) or stack.node.root).synth()  # ty: ignore[missing-attribute]
    entries = assembly.get_stack_artifact(stack.artifact_id).find_metadata_by_type("aws:cdk:logicalId")
    return {
        str(entry.data): entry.path.removeprefix(f"/{stack.node.path}/").removesuffix("/Resource") for entry in entries
    }


def _is_in(path: str, pattern: str) -> bool:
    """Whether a construct is one that a pattern names, or is below one."""
    parts = path.split("/")[: pattern.count("/") + 1]
    return fnmatchcase("/".join(parts), pattern)


def unshown(found: Iterable[Shown], deployed: Deployed, types: Iterable[str]) -> list[str]:
    """The resources of some types that no node stands for, by their construct paths."""
    drawn = {each.id for node in found for each in node.resources}
    return [
        f"{each.type} in {deployed.paths.get(each.id, each.id)}"
        for each in deployed.template.of_type(*types)
        if each.id not in drawn
    ]
