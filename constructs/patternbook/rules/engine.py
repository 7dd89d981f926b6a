"""Runs rules on a template, and drops the findings that the template acknowledges."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from patternbook.rules.expanding import expand, rewriting_macros
from patternbook.rules.rule import WARNING, Rule, Severity
from patternbook.rules.search import problems_of
from patternbook.rules.template import Problem, Template, resource_bodies

PLUGIN: Final = "Patternbook"
"""The name of the rules in the CDK, which acknowledges a finding as ``Patternbook::<rule>``."""


@dataclass(frozen=True)
class Finding:
    """A rule that a resource breaks, and where."""

    rule: Rule
    problem: Problem
    resource_type: str
    severity: Severity
    origin: str
    """The resource or loop in the template. A loop or SAM may make other resources of it."""

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


def check(
    document: Mapping[str, Any], rules: Sequence[Rule], *, today: date, region: str | None = None
) -> list[Finding]:
    """Checks a template.

    :param document: see :func:`patternbook.rules.reading.read`.
    :param today: the date, because support of versions ends.
    :param region: the Region of the deployment, if it is known.
    :returns: the findings that are not acknowledged, in the order of the resources. Empty if the template is not
        checked, see :func:`patternbook.rules.expanding.rewriting_macros`.
    """
    if rewriting_macros(document):
        return []
    expanded = expand(document)
    bodies = resource_bodies(expanded.document)

    def finding(rule: Rule, problem: Problem, severity: Severity) -> Finding:
        name = problem.resource
        return Finding(rule, problem, bodies[name]["Type"], severity, expanded.origins.get(name, name))

    found = [finding(*each) for each in problems_of(expanded.document, rules, today, region)]
    acknowledged = list(_acknowledgements(bodies))
    accepted = {(each.resource, each.id) for each in acknowledged}
    findings = [each for each in found if not {(name, each.rule.id) for name in _names(each)} & accepted]
    broken = {(name, each.rule.id) for each in found for name in _names(each)}
    for each in acknowledged:
        if not each.reason.strip():
            message = f"The acknowledgement of {each.id!r} has no reason."
            findings.append(finding(REASON_MISSING, each.problem(message), REASON_MISSING.severity))
        if (each.resource, each.id) not in broken:
            known = any(each.id == known.id for known in rules)
            reason = "this resource has no such finding" if known else "no rule has this id"
            message = f"{each.id!r} is acknowledged, but {reason}."
            findings.append(finding(MATCHES_NOTHING, each.problem(message), MATCHES_NOTHING.severity))
    order = {name: index for index, name in enumerate(bodies)}
    severities = list(Severity)
    return sorted(findings, key=lambda each: (order[each.problem.resource], severities.index(each.severity)))


def _names(finding: Finding) -> tuple[str, str]:
    """The names by which an acknowledgement finds the resource of a finding."""
    return finding.problem.resource, finding.origin


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
