"""The report of a gate, as text and as Markdown for a person who approves."""

from collections.abc import Sequence
from typing import Final

from patternbook.rollout.changes import Finding, Judged, Kind

TITLES: Final = {
    Kind.DATA: "Stored data is replaced or removed",
    Kind.UNSEEN: "Cannot be judged",
    Kind.REPLACED: "Replaced or removed, without stored data",
    Kind.SECURITY: "About security: read these changes",
}


def as_text(judged: Sequence[Judged]) -> str:
    lines = []
    for each in judged:
        lines.append(f"{each.stack}: {_counted(each)}")
        for kind in Kind:
            found = [finding for finding in each.findings if finding.kind is kind]
            if found:
                lines.append(f"  {TITLES[kind]}:")
                lines += [f"    {_sentence(finding)}" for finding in found]
    return "\n".join(lines)


def as_markdown(judged: Sequence[Judged]) -> str:
    lines = []
    for each in judged:
        lines += [f"### {each.stack}", "", f"{_counted(each)}", ""]
        if each.findings:
            lines += ["| | resource | type | change |", "|---|---|---|---|"]
            for finding in each.findings:
                mark = "**stops**" if finding.stops else "allowed" if finding.allowed else finding.kind.value
                lines.append(f"| {mark} | `{finding.logical_id}` | {finding.resource_type} | {finding.what} |")
            lines.append("")
    return "\n".join(lines)


def _counted(judged: Judged) -> str:
    counts = ", ".join(f"{count} {action.lower()}" for action, count in sorted(judged.counts.items()))
    return counts or "no changes"


def _sentence(finding: Finding) -> str:
    allowed = " (allowed)" if finding.allowed and finding.kind is not Kind.SECURITY else ""
    return f"{finding.logical_id} ({finding.resource_type}) {finding.what}{allowed}"
