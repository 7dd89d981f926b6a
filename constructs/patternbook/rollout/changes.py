"""Judges a change set: what it replaces or removes, what of that holds data, and what is about security.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from patternbook.limits.stored_data import SECURITY, SECURITY_PROPERTIES, STORED_DATA
from patternbook.rollout.schemas import create_only

NESTED: Final = "AWS::CloudFormation::Stack"
NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
"""Parts of the reason that CloudFormation gives for a change set without changes."""
ATTRIBUTES: Final = ("Tags", "Metadata", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy")
"""Parts of a resource that are no properties, so that their change replaces nothing."""


class ChangeSetError(Exception):
    """A document is not a change set that can be judged. The message says why."""


class Kind(Enum):
    """What a finding is about, in the order of a report."""

    DATA = "stored data"
    UNSEEN = "cannot be judged"
    REPLACED = "replaced or removed"
    SECURITY = "security"


@dataclass(frozen=True)
class Finding:
    """One change that a person should see before it is executed."""

    kind: Kind
    stack: str
    logical_id: str
    resource_type: str
    what: str
    allowed: bool = False
    """Whether it is accepted although it stops otherwise."""

    @property
    def stops(self) -> bool:
        return self.kind in (Kind.DATA, Kind.UNSEEN) and not self.allowed


@dataclass(frozen=True)
class Judged:
    """A change set, and what is to be said of it."""

    stack: str
    counts: Mapping[str, int]
    """The number of changes, by the action that CloudFormation names."""
    findings: Sequence[Finding]


def judge(document: Any, *, allowed: Collection[str] = ()) -> Judged:
    """Judges the answer of ``describe-change-set``.

    :param allowed: logical ids of resources that may be replaced or removed although they hold data.
    :raises ChangeSetError: if it is no such answer, or not the whole one.
    """
    stack, changes = _read(document)
    resources = [each["ResourceChange"] for each in changes if each.get("Type", "Resource") == "Resource"]
    by_id = {each["LogicalResourceId"]: each for each in resources}
    counts: dict[str, int] = {}
    findings: list[Finding] = []
    for each in resources:
        counts[each["Action"]] = counts.get(each["Action"], 0) + 1
        of_change = (each["LogicalResourceId"], each["ResourceType"])
        for kind, what in _said(each, by_id):
            findings.append(Finding(kind, stack, *of_change, what, allowed=of_change[0] in allowed))
    order = list(Kind)
    return Judged(stack, counts, sorted(findings, key=lambda each: order.index(each.kind)))


def _read(document: Any) -> tuple[str, list[Any]]:
    if not isinstance(document, dict) or not isinstance(document.get("Changes"), list) or "StackName" not in document:
        raise ChangeSetError(
            "This is no answer of describe-change-set, which has StackName and Changes. Write one by: "
            "aws cloudformation describe-change-set --include-property-values --stack-name STACK --change-set-name NAME"
        )
    if document.get("NextToken"):
        raise ChangeSetError("This is the first page only, because it has a NextToken. Let the AWS CLI read all pages.")
    status, reason = document.get("Status"), str(document.get("StatusReason") or "")
    if status == "FAILED" and any(part in reason for part in NO_CHANGES):
        return document["StackName"], []
    if status != "CREATE_COMPLETE":
        raise ChangeSetError(f"The change set has the status {status}, not CREATE_COMPLETE. {reason}".strip())
    for change in document["Changes"]:
        inner = change.get("ResourceChange") if isinstance(change, dict) else None
        if not isinstance(inner, dict) or not {"Action", "LogicalResourceId", "ResourceType"} <= inner.keys():
            raise ChangeSetError("A change has no ResourceChange with Action, LogicalResourceId and ResourceType.")
    return document["StackName"], document["Changes"]


def _said(change: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Kind, str]]:
    action, resource_type = change["Action"], change["ResourceType"]
    if action == "Dynamic" or (resource_type == NESTED and action != "Add"):
        yield Kind.UNSEEN, "The change set does not say what changes. Look at it in the console, and allow it by name."
    elif action == "Remove":
        yield _kind(resource_type), f"is removed. {_fate(change)}"
    elif action in ("Modify", "Import", "SyncWithActual") and (why := list(_replacing(change, others))):
        changed = ", ".join(dict.fromkeys(why))
        yield _kind(resource_type), f"is replaced, because of {changed}. {_fate(change)}"
    names = {name for name in map(_property, change.get("Details", ())) if name}
    if resource_type in SECURITY:
        yield Kind.SECURITY, f"{_VERBS.get(action, 'changes')} {', '.join(sorted(names))}".strip()
    elif action != "Add" and (opened := names & SECURITY_PROPERTIES):
        yield Kind.SECURITY, f"changes {', '.join(sorted(opened))}"


_VERBS: Final = {"Add": "is added", "Remove": "is removed", "Modify": "changes"}


def _kind(resource_type: str) -> Kind:
    return Kind.DATA if resource_type in STORED_DATA else Kind.REPLACED


def _fate(change: Mapping[str, Any]) -> str:
    """What becomes of the old resource. CloudFormation leaves the policy out where it deletes."""
    match change.get("PolicyAction"):
        case "Retain" | "ReplaceAndRetain":
            return "The old one is retained, and the stack no longer knows it."
        case "Snapshot" | "ReplaceAndSnapshot":
            return "A snapshot of the old one is taken, and the new one is empty."
    return "The old one is deleted."


def _replacing(change: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The names of the properties that replace a resource. Conditionally counts, unless something disproves it."""
    if change.get("Replacement", "False") == "False":
        return
    details: Sequence[Mapping[str, Any]] = change.get("Details", ())
    reasons = [each for each in details if each.get("Target", {}).get("RequiresRecreation") != "Never"]
    if not reasons:
        yield "an unknown property"
    properties = create_only(change["ResourceType"])
    for detail in reasons:
        target = detail.get("Target", {})
        sure = target.get("RequiresRecreation") == "Always" and detail.get("Evaluation") != "Dynamic"
        if sure or not _disproved(detail, properties, others):
            yield _property(detail) or target.get("Attribute", "an unknown property")


def _disproved(
    detail: Mapping[str, Any], properties: frozenset[str] | None, others: Mapping[str, Mapping[str, Any]]
) -> bool:
    target = detail.get("Target", {})
    if target.get("Attribute") in ATTRIBUTES:
        return True
    name = _property(detail)
    if properties is not None and name and name not in properties:
        return True  # CloudFormation's schema has no change of it that replaces
    before, after = target.get("BeforeValue"), target.get("AfterValue")
    if before is not None and before == after:
        return True
    # A reference to a resource has another value only if that resource is replaced.
    if detail.get("ChangeSource") == "ResourceReference":
        cause = others.get(str(detail.get("CausingEntity", "")).partition(".")[0], {})
        return cause.get("Action", "Modify") == "Modify" and cause.get("Replacement", "False") == "False"
    return False


def _property(detail: Mapping[str, Any]) -> str | None:
    target = detail.get("Target", {})
    return target.get("Name") if target.get("Attribute", "Properties") == "Properties" else None


def unknown(allowed: Iterable[str], judged: Sequence[Judged]) -> list[str]:
    """The names in ``allowed`` that no finding is about, which a later change must not find open."""
    found = {finding.logical_id for each in judged for finding in each.findings if finding.kind is not Kind.SECURITY}
    return [name for name in allowed if name not in found]
