"""What a rule is, what it finds, and what somebody has acknowledged of that."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, Final

from patternbook.rules.template import Graph, Problem, Template, every_world_can_be, resource_bodies, worlds

PLUGIN: Final = "Patternbook"
"""What CDK calls the rules: it acknowledges ``Patternbook::<rule>``."""


class Severity(Enum):
    """How bad it is, and when a rule says so."""

    ERROR = "error"
    """The deployment fails, or what it makes does not work. Found if it can happen, whatever parameters it takes.
    Where assertions (``Rules``), or conditions that depend on each other, exclude who knows what: as a warning is."""
    WARNING = "warning"
    """It works, but for how long, or for whom? Found only if no choice of parameters avoids it."""


ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING

Check = Callable[[Template], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule: a function, whose docstring says what is wrong, how to mend it, and which document says so."""

    id: str
    severity: Severity
    check: Check = field(repr=False)

    @cached_property
    def _paragraphs(self) -> list[str]:
        return [" ".join(each.split()) for each in (self.check.__doc__ or "").split("\n\n")]

    @property
    def wrong(self) -> str:
        """What is wrong, in one sentence."""
        return self._paragraphs[0]

    @property
    def mend(self) -> str:
        """How to mend it."""
        return self._paragraphs[1]

    @property
    def source(self) -> str:
        """The document that it comes from."""
        return self._paragraphs[-1]


def rule(rule_id: str, severity: Severity) -> Callable[[Check], Rule]:
    """Makes a rule of a function."""
    return lambda check: Rule(rule_id, severity, check)


def rules_in(module: object) -> tuple[Rule, ...]:
    """The rules of a module, as they stand there."""
    return tuple(each for each in vars(module).values() if isinstance(each, Rule))


@dataclass(frozen=True)
class Finding:
    """Where a rule is broken."""

    rule: Rule
    problem: Problem
    resource_type: str

    @property
    def location(self) -> str:
        """The property, as ``LoadBalancers.0.ContainerName``."""
        return ".".join(map(str, self.problem.path))


@dataclass(frozen=True)
class Acknowledgement:
    """What the metadata of a resource acknowledges::

    Metadata:
      patternbook:
        acknowledge:
          - id: eks-public-endpoint
            reason: A classroom; it lives for an afternoon.
    """

    resource: str
    index: int
    id: str
    reason: str

    def problem(self, message: str) -> Problem:
        return Problem(self.resource, ("Metadata", "patternbook", "acknowledge", self.index), message)


def reason_missing(_template: Template) -> Iterator[Problem]:
    """A finding is acknowledged without a reason.

    Say why it is acceptable here, for whoever reads it in a year.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Acknowledgment.html
    """
    yield from ()


def matches_nothing(_template: Template) -> Iterator[Problem]:
    """An acknowledgement matches no finding.

    Remove the acknowledgement, or correct its id or its place: it holds for the resource that it stands at.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Validations.html
    """
    yield from ()


REASON_MISSING: Final = Rule("acknowledgement-reason", WARNING, reason_missing)
MATCHES_NOTHING: Final = Rule("acknowledgement-unused", WARNING, matches_nothing)
OF_ACKNOWLEDGEMENTS: Final = (REASON_MISSING, MATCHES_NOTHING)
"""Rules of the engine itself, which no acknowledgement takes away."""

# Macros that leave alone what they do not know. Any other may rewrite all of a template.
_MILD_MACROS: Final = re.compile(r"AWS::(Serverless|LanguageExtensions|SecretsManager|CodeDeployBlueGreen|Include)\b.*")


def macros_of(document: Mapping[str, Any]) -> list[str]:
    """The macros that may change anything before it is deployed: nothing can be said of such a template."""
    named = document.get("Transform", [])
    names = [
        each.get("Name") if isinstance(each, dict) else each for each in (named if isinstance(named, list) else [named])
    ]
    return [str(name) for name in names if not _MILD_MACROS.fullmatch(str(name))]


def check(
    document: Mapping[str, Any], rules: Sequence[Rule], *, today: date, region: str | None = None
) -> list[Finding]:
    """What the rules find in a template, in the order of its resources, without what is acknowledged.

    :param document: see :func:`patternbook.rules.reading.read`.
    :param today: for what depends on the date.
    :param region: that it is deployed to, where that is known.
    """
    if macros_of(document):
        return []
    bodies = resource_bodies(document)
    found = _find(document, rules, today, region)
    acknowledged = list(_acknowledgements(bodies))
    accepted = {(each.resource, each.id) for each in acknowledged}
    findings = [each for each in found if (each.problem.resource, each.rule.id) not in accepted]
    broken = {(each.problem.resource, each.rule.id) for each in found}
    for each in acknowledged:
        resource_type = bodies[each.resource]["Type"]
        if not each.reason.strip():
            message = f"{each.id!r} is acknowledged without a reason."
            findings.append(Finding(REASON_MISSING, each.problem(message), resource_type))
        if (each.resource, each.id) not in broken:
            known = any(each.id == known.id for known in rules)
            message = f"{each.id!r} is acknowledged, " + (
                "and there is no such finding here." if known else "which is the id of no rule."
            )
            findings.append(Finding(MATCHES_NOTHING, each.problem(message), resource_type))
    order = {name: index for index, name in enumerate(bodies)}
    return sorted(findings, key=lambda each: (order[each.problem.resource], each.rule.severity.value))


def _find(document: Mapping[str, Any], rules: Iterable[Rule], today: date, region: str | None) -> list[Finding]:
    """What the rules find, whether acknowledged or not."""
    bodies = resource_bodies(document)
    graph = Graph(bodies)
    templates = [
        Template(document, today=today, region=region, world=world, graph=graph) for world in worlds(document, region)
    ]
    can_be = every_world_can_be(document)
    findings: list[Finding] = []
    for each in rules:
        problems: dict[tuple[str, tuple[str | int, ...]], Problem] = {}
        counts: dict[tuple[str, tuple[str | int, ...]], int] = {}
        for template in templates:
            here = {(problem.resource, problem.path): problem for problem in each.check(template)}
            problems = here | problems
            for place in here:
                counts[place] = counts.get(place, 0) + 1
        for place, problem in problems.items():
            existing = sum(problem.resource in template.resources for template in templates)
            if (each.severity is ERROR and can_be) or counts[place] == existing:
                findings.append(Finding(each, problem, bodies[problem.resource]["Type"]))
    return findings


def _acknowledgements(bodies: Mapping[str, Mapping[str, Any]]) -> Iterator[Acknowledgement]:
    for name, body in bodies.items():
        value: Any = body
        for key in ("Metadata", "patternbook", "acknowledge"):
            value = value.get(key) if isinstance(value, Mapping) else None
        for index, each in enumerate(value if isinstance(value, list) else []):
            entry = each if isinstance(each, Mapping) else {}
            yield Acknowledgement(name, index, _said(entry.get("id")), _said(entry.get("reason")))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else ""
