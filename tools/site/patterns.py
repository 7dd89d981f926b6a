"""What the site shows of each pattern, read from its package, its settings, its page and its templates."""

import html
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from patternbook import PatternStack
from patternbook.cost import Bill, monthly
from patternbook.settings.describe import nested_models
from patternbook.settings.listing import Listed, listed
from tools.explain import PATTERNS, Explained, Group, Resource, explained
from tools.site.facets import Facets, facets_of
from tools.stage import PRODUCTION, SANDBOX

POSTURES: Final = (SANDBOX, PRODUCTION)
_NAME: Final = re.compile(r"\b[A-Za-z0-9]{6,}\b")


@dataclass(frozen=True)
class Template:
    """The template of a pattern in one posture."""

    explained: Explained
    facets: Facets
    bill: Bill

    @property
    def count(self) -> int:
        """The number of resources."""
        return len(self.explained.template["Resources"])

    @property
    def unpriced(self) -> list[tuple[str, str]]:
        """What is not in the sums of the bill: an item or a type, and why."""
        lines = {line.item: line.reason for line in self.bill.unknown}
        return [*lines.items(), *((kind, "no price") for kind in self.bill.unknown_types)]

    def code_of(self, resource: Resource) -> str:
        """A resource as YAML in HTML, in which the names of other resources are links."""
        shown = {key: value for key, value in resource.body.items() if key != "Metadata"}
        text = yaml.dump({resource.logical_id: shown}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
        others = self.explained.template["Resources"].keys() - {resource.logical_id}

        def link(found: re.Match[str]) -> str:
            return f'<a href="#{found[0]}">{found[0]}</a>' if found[0] in others else found[0]

        return _NAME.sub(link, html.escape(text, quote=False))


class _Dumper(yaml.CSafeDumper):
    """Writes each part where it stands: CloudFormation accepts no anchors of YAML."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        return True


@dataclass(frozen=True)
class Pattern:
    """A pattern of the book."""

    stack: type[PatternStack]
    templates: Mapping[str, Template]
    """By posture."""

    @property
    def name(self) -> str:
        """The name of the stack, such as ``EcrStack``."""
        return self.stack.__name__

    @cached_property
    def _docstring(self) -> str:
        return (sys.modules[self.stack.__module__.rpartition(".")[0]].__doc__ or "").strip()

    @property
    def sentence(self) -> str:
        """The first sentence of its promises."""
        return " ".join(self._docstring.partition("\n\n")[0].split())

    @property
    def promises(self) -> list[str]:
        """Each promise of the pattern."""
        items = self._docstring.partition("\n\n")[2].rpartition("\n\n")[0]
        return [" ".join(each.split()) for each in re.split(r"^- ", items, flags=re.MULTILINE) if each.strip()]

    @property
    def page(self) -> str:
        """The name of its page, without the suffix."""
        return Path(self._docstring.rpartition("Page: ")[2]).stem

    @property
    def architecture(self) -> str:
        """The architecture in one line, from the module of the stack."""
        return (sys.modules[self.stack.__module__].__doc__ or "").strip()

    @property
    def constructs(self) -> list[tuple[Group, dict[str, int]]]:
        """The constructs of the stack, each with the number of its resources in each posture."""
        found: dict[str, tuple[Group, dict[str, int]]] = {}
        for posture, template in self.templates.items():
            for group in template.explained.groups:
                _, counts = found.setdefault(group.name, (group, dict.fromkeys(POSTURES, 0)))
                counts[posture] = len(group.resources)
        return list(found.values())

    @property
    def assumptions(self) -> list[str]:
        """The names of the assumptions that its bills depend on."""
        return sorted({line.assumption for each in self.templates.values() for line in each.bill.lines} - {""})

    @property
    def settings(self) -> list[tuple[str, str, list[Listed]]]:
        """The settings of the stack, then those of each kind of object in them: a name, a sentence, the settings."""
        model = self.stack.settings_type
        nested = [(each.__name__, each.__doc__ or "", list(listed(each))) for each in nested_models(model)]
        return [(self.name, "", list(listed(model))), *nested]


def patterns() -> Iterator[Pattern]:
    """All patterns in the order of the book, synthesized in both postures without checks."""
    found = explained(stages=PRODUCTION)
    for name, stack in PATTERNS.items():
        paths = {SANDBOX: name, PRODUCTION: f"{PRODUCTION}/{name}"}
        yield Pattern(stack, {posture: _template(found[path]) for posture, path in paths.items()})


def _template(found: Explained) -> Template:
    return Template(found, facets_of(found.template), monthly(found.template))
