"""A plugin for the CDK that runs the rules of :mod:`patternbook.rules` whenever an app is synthesized.

    cdk.Validations.of(app).add_plugins(PatternbookRules())

Acknowledge a finding on its construct or on a parent, as any other finding of the CDK's validation::

    cdk.Validations.of(cluster).acknowledge(
        cdk.Acknowledgment(id="Patternbook::eks-public-endpoint", reason="A classroom; it lives for an afternoon.")
    )
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import jsii

from patternbook.rules import EVERY_RULE, RULES
from patternbook.rules.engine import MATCHES_NOTHING, PLUGIN, REASON_MISSING, Finding, check
from patternbook.rules.reading import TemplateError, read
from patternbook.rules.rule import ADVICE, ERROR, Rule

_ACKNOWLEDGED: Final = "aws:cdk:acknowledged-rules"
"""The value of ``cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY``."""


@dataclass(frozen=True)
class _Acknowledgement:
    path: str
    """The path of the construct. The acknowledgement covers it and all constructs below it."""
    rule: str
    reason: str

    def covers(self, rule: str, path: str) -> bool:
        return self.rule == rule and (path == self.path or path.startswith(f"{self.path}/") or not self.path)


@jsii.implements(cdk.IPolicyValidationPlugin)
class PatternbookRules:
    """Finds problems in templates that break a deployment, or that no error message will tell.

    An error makes the synthesis fail. A warning is only shown. An acknowledgement without a reason or without a finding
    is a warning itself.
    """

    def __init__(self, *, today: date | None = None) -> None:
        """:param today: the date for rules about the end of support. The default is today's date in UTC."""
        self._today = today or datetime.now(timezone.utc).date()

    @property
    def name(self) -> str:
        return PLUGIN

    @property
    def version(self) -> str:
        return metadata.version("patternbook")

    @property
    def rule_ids(self) -> list[str]:
        return [rule.id for rule in EVERY_RULE]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        violations: list[cdk.PolicyViolation] = []
        found: set[tuple[str, str]] = set()
        acknowledged = list(_of_app(context.app_construct))
        for stack in context.stack_templates:
            path = Path(stack.template_path)
            try:
                document = read(path).document
            except TemplateError:  # the stack has no resources, which the CDK itself reports
                continue
            beside = _metadata(path)
            paths = _construct_paths(beside)
            acknowledged.extend(_of_constructs(beside))
            for finding in check(document, RULES, today=self._today, region=stack.region):
                if finding.severity is ADVICE:
                    continue  # the CDK would show it as a violation
                violations.append(_violation(finding, path))
                found.add((finding.rule.id, paths.get(finding.origin, stack.stack_construct_path)))
        violations.extend(_about(acknowledged, found))
        severities = {violation.severity for violation in violations}
        return cdk.PolicyValidationPluginReport(success=ERROR.value not in severities, violations=violations)


def _violation(finding: Finding, template: Path) -> cdk.PolicyViolation:
    place = cdk.PolicyViolatingResource(
        resource_logical_id=finding.origin,
        template_path=str(template),
        locations=["/".join(map(str, ("Properties", *finding.problem.path)))],
    )
    return _of_rule(finding.rule, finding.problem.message, place)


def _of_rule(rule: Rule, message: str, place: cdk.PolicyViolatingResource) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=rule.id,
        description=f"{rule.summary} {message}",
        fix=f"{rule.fix} {rule.source}",
        severity=rule.severity.value,
        violating_resources=[place],
    )


def _metadata(template: Path) -> dict[str, Any]:
    """The metadata of the constructs of a stack, by path.

    It is read from the file beside the template. Reading it from each construct would take longer than the rules.
    """
    path = template.with_name(template.name.removesuffix(".template.json") + ".metadata.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _construct_paths(beside: dict[str, Any]) -> dict[str, str]:
    """The paths of constructs by the logical ids of their resources."""
    return {
        entry["data"]: path.removeprefix("/")
        for path, entries in beside.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }


def _about(acknowledged: Sequence[_Acknowledgement], found: set[tuple[str, str]]) -> Iterator[cdk.PolicyViolation]:
    """Findings about acknowledgements without a reason, or without a finding."""
    for each in acknowledged:
        place = cdk.PolicyViolatingResource(construct_path=each.path, locations=[])
        if not each.reason.strip():
            yield _of_rule(REASON_MISSING, f"{each.rule!r} is acknowledged without a reason.", place)
        if not any(each.covers(rule, path) for rule, path in found):
            yield _of_rule(MATCHES_NOTHING, f"{each.rule!r} is acknowledged, but no rule has found it.", place)


def _of_app(app: Any) -> Iterator[_Acknowledgement]:
    """The acknowledgements of the app itself, for all stacks."""
    for entry in app.node.metadata:
        if entry.type == _ACKNOWLEDGED:
            yield from _in_entry("", entry.data)


def _of_constructs(beside: dict[str, Any]) -> Iterator[_Acknowledgement]:
    for path, entries in beside.items():
        for entry in entries:
            if entry["type"] == _ACKNOWLEDGED:
                yield from _in_entry(path.removeprefix("/"), entry["data"])


def _in_entry(path: str, data: Any) -> Iterator[_Acknowledgement]:
    for rule, reason in dict(data).items():
        if rule.startswith(f"{PLUGIN}::"):
            yield _Acknowledgement(path, rule.removeprefix(f"{PLUGIN}::"), reason)
