"""Runs rules on a template, and drops the findings that the template acknowledges."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, Final

from patternbook.rules.template import (
    Dependencies,
    Problem,
    Template,
    all_scenarios_are_possible,
    resource_bodies,
    scenarios_of,
)

PLUGIN: Final = "Patternbook"
"""The name of the rules in the CDK, which acknowledges a finding as ``Patternbook::<rule>``."""


class Severity(Enum):
    """How severe a problem is, and in which scenarios it has to occur to be reported."""

    ERROR = "error"
    """The deployment fails, or the deployed resources do not work. One scenario with the problem is enough. If the
    template may rule scenarios out (by ``Rules``, or by conditions that depend on each other), all must have it."""
    WARNING = "warning"
    """The template can be deployed, but costs more, leaks or fails later. All scenarios must have the problem."""


ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING

Check = Callable[[Template], Iterator[Problem]]
Place = tuple[str, tuple[str | int, ...]]
"""A resource, and the path of a property."""


@dataclass(frozen=True)
class Rule:
    """A rule. The docstring of its function has three paragraphs: the summary, the fix and the source."""

    id: str
    severity: Severity
    check: Check = field(repr=False)

    @cached_property
    def _paragraphs(self) -> list[str]:
        return [" ".join(each.split()) for each in (self.check.__doc__ or "").split("\n\n")]

    @property
    def summary(self) -> str:
        """The problem, in one sentence."""
        return self._paragraphs[0]

    @property
    def fix(self) -> str:
        """How to fix it."""
        return self._paragraphs[1]

    @property
    def source(self) -> str:
        """The AWS document that the rule follows."""
        return self._paragraphs[-1]


def rule(rule_id: str, severity: Severity) -> Callable[[Check], Rule]:
    """Turns a function into a rule."""
    return lambda check: Rule(rule_id, severity, check)


def rules_in(*modules: object) -> tuple[Rule, ...]:
    """The rules that modules define, in their order."""
    return tuple(each for module in modules for each in vars(module).values() if isinstance(each, Rule))


@dataclass(frozen=True)
class Finding:
    """A rule that a resource breaks, and where."""

    rule: Rule
    problem: Problem
    resource_type: str

    @property
    def location(self) -> str:
        """The path of the property, such as ``LoadBalancers.0.ContainerName``."""
        return ".".join(map(str, self.problem.path))


@dataclass(frozen=True)
class Acknowledgement:
    """A finding that the metadata of a resource acknowledges::

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
        """A problem with the acknowledgement itself."""
        return Problem(self.resource, ("Metadata", "patternbook", "acknowledge", self.index), message)


def reason_missing(_template: Template) -> Iterator[Problem]:
    """An acknowledgement of a finding has no reason.

    Add the reason why the finding is acceptable here.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Acknowledgment.html
    """
    yield from ()


def matches_nothing(_template: Template) -> Iterator[Problem]:
    """An acknowledgement matches no finding.

    Remove the acknowledgement, correct its id, or move it to the resource that has the finding.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Validations.html
    """
    yield from ()


REASON_MISSING: Final = Rule("acknowledgement-reason", WARNING, reason_missing)
MATCHES_NOTHING: Final = Rule("acknowledgement-unused", WARNING, matches_nothing)
ACKNOWLEDGEMENT_RULES: Final = (REASON_MISSING, MATCHES_NOTHING)
"""The rules for acknowledgements. The engine applies them itself, and their findings cannot be acknowledged."""

# AWS's own macros change only what belongs to them. Any other macro may rewrite the whole template.
_HARMLESS_MACROS: Final = re.compile(
    r"AWS::(Serverless|LanguageExtensions|SecretsManager|CodeDeployBlueGreen|Include)\b.*"
)


def rewriting_macros(document: Mapping[str, Any]) -> list[str]:
    """The macros that may rewrite the whole template. A template that has one cannot be checked."""
    named = document.get("Transform", [])
    names = [
        each.get("Name") if isinstance(each, dict) else each for each in (named if isinstance(named, list) else [named])
    ]
    return [str(name) for name in names if not _HARMLESS_MACROS.fullmatch(str(name))]


def check(
    document: Mapping[str, Any], rules: Sequence[Rule], *, today: date, region: str | None = None
) -> list[Finding]:
    """Checks a template.

    :param document: see :func:`patternbook.rules.reading.read`.
    :param today: the date, because support of versions ends.
    :param region: the Region of the deployment, if it is known.
    :returns: the findings that are not acknowledged, in the order of the resources.
    """
    if rewriting_macros(document):
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
            message = f"The acknowledgement of {each.id!r} has no reason."
            findings.append(Finding(REASON_MISSING, each.problem(message), resource_type))
        if (each.resource, each.id) not in broken:
            known = any(each.id == known.id for known in rules)
            reason = "this resource has no such finding" if known else "no rule has this id"
            message = f"{each.id!r} is acknowledged, but {reason}."
            findings.append(Finding(MATCHES_NOTHING, each.problem(message), resource_type))
    order = {name: index for index, name in enumerate(bodies)}
    return sorted(findings, key=lambda each: (order[each.problem.resource], each.rule.severity.value))


def _find(document: Mapping[str, Any], rules: Iterable[Rule], today: date, region: str | None) -> list[Finding]:
    """The findings, acknowledged or not."""
    bodies = resource_bodies(document)
    dependencies = Dependencies(bodies)
    templates = [
        Template(document, today=today, region=region, scenario=scenario, dependencies=dependencies)
        for scenario in scenarios_of(document, region)
    ]
    all_possible = all_scenarios_are_possible(document)
    findings: list[Finding] = []
    for each in rules:
        in_scenarios: dict[Place, dict[int, Problem]] = {}
        for scenario, template in enumerate(templates):
            for problem in each.check(template):
                in_scenarios.setdefault((problem.resource, problem.path), {})[scenario] = problem
        for (resource, _), problems in in_scenarios.items():
            scenarios_with_resource = sum(resource in template.resources for template in templates)
            if (each.severity is ERROR and all_possible) or len(problems) == scenarios_with_resource:
                findings.append(Finding(each, next(iter(problems.values())), bodies[resource]["Type"]))
    return findings


def _acknowledgements(bodies: Mapping[str, Mapping[str, Any]]) -> Iterator[Acknowledgement]:
    for name, body in bodies.items():
        value: Any = body
        for key in ("Metadata", "patternbook", "acknowledge"):
            value = value.get(key) if isinstance(value, dict) else None
        for index, each in enumerate(value if isinstance(value, list) else []):
            entry = each if isinstance(each, dict) else {}
            yield Acknowledgement(name, index, _text_or_empty(entry.get("id")), _text_or_empty(entry.get("reason")))


def _text_or_empty(value: Any) -> str:
    return value if isinstance(value, str) else ""
