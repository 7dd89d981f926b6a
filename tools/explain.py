"""Explains templates, resource by resource: ``python -m tools.explain STACK [STAGE]``.

Nothing is written for a single resource. A group has the first sentence of its construct's docstring, a type has its
purpose from :mod:`tools.resource_types`, and a resource has the description that the template itself gives it.
"""

import inspect
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import app
from patternbook import PatternStack, SettingsError, build_app
from patternbook.settings.mistakes import did_you_mean
from tools.assembly import template_files
from tools.printing import show
from tools.resource_types import PURPOSES
from tools.stage import StageError, stage_named

ROOT: Final = Path(__file__).parents[1]
PATTERNS: Final = {pattern.__name__: pattern for pattern in app.PATTERNS}
_DESCRIPTIONS: Final = ("AlarmDescription", "GroupDescription", "Description")
_OPTIONS: Final = {"aws:cdk:enable-path-metadata": True, "aws:cdk:disable-asset-staging": True}
"""Assets are not copied, because nobody deploys these templates."""
_PAGE: Final = re.compile(r" docs/[\w-]+\.md#[\w-]+$")
_ROLE: Final = re.compile(r":\w+:`(?:~(?:\w+\.)*)?([^`]+)`")


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    type: str
    name: str
    """Its path within the construct that made it. It is empty if the construct is this resource alone."""
    says: str
    """Its own description, or an empty text."""
    body: Mapping[str, Any]

    @property
    def purpose(self) -> str:
        """What resources of its type are for."""
        return PURPOSES.get(self.type, "")


@dataclass(frozen=True)
class Group:
    """The resources of one construct of the book, or of the CDK where the stack uses that directly."""

    name: str
    """Its path within the stack."""
    construct: type
    resources: tuple[Resource, ...]

    @property
    def purpose(self) -> str:
        """The first sentence of the construct's docstring."""
        return first_sentence(self.construct)

    @property
    def source(self) -> tuple[str, int] | None:
        """The file of the construct, relative to the book, and its line. It is None for a construct of the CDK."""
        return _place_of(self.construct) if _is_ours(self.construct) else None


@dataclass(frozen=True)
class Explained:
    """The template of one stack."""

    path: str
    """The construct path of the stack, such as ``production/EcrStack``."""
    pattern: type[PatternStack]
    template: Mapping[str, Any]
    groups: tuple[Group, ...]


def explained(**context: str) -> dict[str, Explained]:
    """The stacks of the book by their construct paths, synthesized without checks.

    :param context: the keys ``patterns`` and ``stages``, see ``README.md``.
    :raises SettingsError: if there is a mistake in the settings of ``cdk.json``.
    """
    with tempfile.TemporaryDirectory(prefix="patternbook-explain-") as folder:
        book = build_app(
            app.PATTERNS, cdk_json=app.CDK_JSON, context={**context, **_OPTIONS}, outdir=folder, checked=False
        )
        book.synth()
        templates = {name: json.loads(file.read_text("utf-8")) for name, file in template_files(Path(folder)).items()}
    below = book.node.children
    in_stages = [child for each in below if not isinstance(each, PatternStack) for child in each.node.children]
    made = {each.node.path: each for each in (*below, *in_stages) if isinstance(each, PatternStack)}
    return {name: _explain(name, made[name], template) for name, template in templates.items()}


def _explain(path: str, stack: Any, template: Mapping[str, Any]) -> Explained:
    # Each path is asked of the CDK's Node, which takes a third of the time if all constructs are asked.
    ours = [each for each in stack.node.find_all() if _is_ours(type(each))]
    classes = {each.node.path: type(each) for each in (*ours, *stack.node.children)}
    found: dict[str, list[Resource]] = {}
    for logical_id, body in template["Resources"].items():
        where = body["Metadata"]["aws:cdk:path"]
        group = _group(where, path, classes)
        name = where[len(group) :].strip("/").removesuffix("Resource").removesuffix("/")
        found.setdefault(group, []).append(Resource(logical_id, body["Type"], name, _description(body), body))
    groups = [Group(each[len(path) + 1 :], classes[each], tuple(resources)) for each, resources in found.items()]
    return Explained(path, type(stack), template, tuple(groups))


def _group(resource: str, stack: str, classes: Mapping[str, type]) -> str:
    """The path of the innermost construct of the book around a resource, or else of the stack's child."""
    parts = resource[len(stack) + 1 :].split("/")
    around = [f"{stack}/{'/'.join(parts[:count])}" for count in range(1, len(parts) + 1)]
    return next((each for each in reversed(around) if each in classes and _is_ours(classes[each])), around[0])


@cache
def _place_of(construct: type) -> tuple[str, int]:
    file = Path(str(inspect.getsourcefile(construct))).resolve()
    return file.relative_to(ROOT).as_posix(), inspect.getsourcelines(construct)[1]


def _is_ours(construct: type) -> bool:
    return construct.__module__.split(".")[0] in ("patternbook", "stacks")


def _description(body: Mapping[str, Any]) -> str:
    properties = body.get("Properties", {})
    text = next((properties[key] for key in _DESCRIPTIONS if isinstance(properties.get(key), str)), "")
    return _PAGE.sub("", text)


def first_sentence(documented: object) -> str:
    """The first sentence of a docstring, without markup."""
    paragraph = " ".join((inspect.getdoc(documented) or "").partition("\n\n")[0].split())
    return _ROLE.sub(r"\1", re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]).replace("``", "")


def as_text(stack: Explained) -> str:
    """The explanation for a terminal. Resources of one type stand together."""
    groups = "\n\n".join(map(_group_as_text, stack.groups))
    count = len(stack.template["Resources"])
    return f"{stack.path}: {stack.pattern.title}\n{count} resources, by the construct that makes them.\n\n{groups}"


def _group_as_text(group: Group) -> str:
    where = f"{group.source[0]}, line {group.source[1]}" if group.source else group.construct.__module__
    lines = [f"{group.name}: {group.construct.__name__} ({where})", indented(group.purpose, 2)]
    for kind, resources in by_type(group.resources):
        lines.append(
            indented(f"{kind}{f' ({len(resources)})' if len(resources) > 1 else ''}: {resources[0].purpose}", 4)
        )
        lines += [indented(f"{each.name or group.name}: {each.says}", 8) for each in resources if each.says]
        silent = [each.name or group.name for each in resources if not each.says]
        if silent and (silent != [group.name]):
            lines.append(indented(", ".join(silent), 8))
    return "\n".join(lines)


def indented(text: str, spaces: int) -> str:
    """Wrapped lines for a terminal."""
    space = " " * spaces
    return textwrap.fill(text, 110, initial_indent=space, subsequent_indent=space, break_on_hyphens=False)


def by_type(resources: Sequence[Resource]) -> list[tuple[str, list[Resource]]]:
    """The resources of each type, in the order in which the types appear first."""
    order = {each.type: index for index, each in reversed(list(enumerate(resources)))}
    return [
        (kind, list(same))
        for kind, same in groupby(sorted(resources, key=lambda each: order[each.type]), lambda each: each.type)
    ]


def main(stack: str, stage: str = "") -> str:
    """The text to print. If the stack does not exist, it ends the program with status 1 and a message.

    :raises StageError: see :func:`tools.stage.stage_named`.
    :raises SettingsError: if there is a mistake in the settings of ``cdk.json``.
    """
    stage = stage_named(stage)
    if stack not in PATTERNS:
        message = f"STACK must be a stack of the book, got {stack!r}.{did_you_mean(stack, PATTERNS)}"
        sys.exit(f"{message} Choose from {', '.join(PATTERNS)}.")
    found = explained(patterns=stack, **({"stages": stage} if stage else {}))
    return "\n\n\n".join(as_text(each) for name, each in found.items() if name.rpartition("/")[0] == stage)


if __name__ == "__main__":
    try:
        show(main(*sys.argv[1:]))
    except (StageError, SettingsError) as error:
        sys.exit(str(error))
