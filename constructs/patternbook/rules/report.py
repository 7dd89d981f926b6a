"""Writes findings as text, as JSON, or as SARIF for code scanning."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from patternbook.rules.engine import Finding
from patternbook.rules.rule import Rule, Severity

SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

INFORMATION: Final = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/best-practices.html"
"""SARIF wants an address of the tool. This repository has none that is public, so it is that of AWS's advice."""
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
"""The levels of SARIF."""


@dataclass(frozen=True)
class Checked:
    """A file and its findings."""

    path: str
    findings: Sequence[Finding] = ()
    lines: Mapping[str, int] | None = None
    """The line in which each resource starts."""
    refused: str = ""
    """The reason why the file is not a template."""
    unchecked: str = ""
    """The reason why the template is not checked."""
    notices: Sequence[str] = ()
    """What is odd about the file, and what is not checked in it."""

    def line(self, finding: Finding) -> int:
        """The line of a finding: the one in which its resource, or the loop that makes it, starts."""
        return (self.lines or {}).get(finding.origin, 1)


def as_text(checked: Sequence[Checked]) -> str:
    """One paragraph for each finding, and a summary."""
    paragraphs = [
        "\n".join(
            (
                f"{each.path}:{each.line(finding)}: {finding.severity.value} {finding.rule.id}",
                f"  {finding.problem.resource} ({finding.resource_type}), {finding.location or 'whole resource'}",
                f"  {finding.rule.summary}",
                f"  {finding.problem.message}",
                f"  {finding.rule.fix}",
                f"  {finding.rule.source}",
            )
        )
        for each in checked
        for finding in each.findings
    ]
    templates = [each for each in checked if not each.refused]
    found = [finding for each in checked for finding in each.findings]
    advice = sum(each.severity is Severity.ADVICE for each in found)
    findings = _count(len(found) - advice, "finding") + _and_advice(advice)
    skipped = sum(bool(each.unchecked) for each in templates)
    summary = f"{findings} in {_count(len(templates), 'template')}" + (f", {skipped} not checked" if skipped else "")
    paragraphs.append(summary if templates else "No templates")
    return printable("\n\n".join(paragraphs))


def as_json(checked: Sequence[Checked]) -> str:
    """An object with all findings, an error for each file that is not a template, and what is not checked."""
    return json.dumps(
        {
            "findings": [
                {
                    "file": each.path,
                    "line": each.line(finding),
                    "rule": finding.rule.id,
                    "severity": finding.severity.value,
                    "resource": finding.problem.resource,
                    "type": finding.resource_type,
                    "path": list(finding.problem.path),
                    "summary": finding.rule.summary,
                    "message": finding.problem.message,
                    "fix": finding.rule.fix,
                    "source": finding.rule.source,
                }
                for each in checked
                for finding in each.findings
            ],
            "errors": [{"file": each.path, "message": each.refused} for each in checked if each.refused],
            "unchecked": [{"file": each.path, "message": each.unchecked} for each in checked if each.unchecked],
            "notices": [{"file": each.path, "message": notice} for each in checked for notice in each.notices],
        },
        indent=2,
    )


def as_sarif(checked: Sequence[Checked], rules: Sequence[Rule]) -> str:
    """A SARIF log with one run."""
    from importlib import metadata  # only here: it takes as long as a template

    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "patternbook",
                        "version": metadata.version("patternbook"),
                        "informationUri": INFORMATION,
                        "rules": [_sarif_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(each, finding) for each in checked for finding in each.findings],
                "invocations": [
                    {
                        "executionSuccessful": not any(each.refused for each in checked),
                        "toolExecutionNotifications": [
                            {"level": level, "message": {"text": f"{each.path}: {message}"}}
                            for each in checked
                            for level, message in _notifications(each)
                        ],
                    }
                ],
            }
        ],
    }
    return json.dumps(log, indent=2)


def _notifications(checked: Checked) -> Iterator[tuple[str, str]]:
    """What SARIF tells about a file beside the findings: levels and messages."""
    if checked.refused:
        yield "error", checked.refused
    if checked.unchecked:
        yield "warning", f"not checked, because {checked.unchecked}"
    yield from (("note", each) for each in checked.notices)


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": f"{rule.fix} {rule.source}"},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(checked: Checked, finding: Finding) -> dict[str, Any]:
    where = f"{finding.problem.resource} {finding.location}".strip()
    return {
        "ruleId": finding.rule.id,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}: {finding.problem.message} {finding.rule.fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(checked.path)},
                    "region": {"startLine": checked.line(finding)},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.problem.resource, "kind": "resource"}],
            }
        ],
    }


def _uri(path: str) -> str:
    """The path as the URI reference that SARIF requires."""
    kept = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
    encoded = path.replace("\\", "/").encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte) in kept else f"%{byte:02X}" for byte in encoded)


def _and_advice(number: int) -> str:
    return f" and {number} piece{'' if number == 1 else 's'} of advice" if number else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """The text without characters by which a template could control the terminal."""
    return "".join(
        each if each == "\n" or each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
