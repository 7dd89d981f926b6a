"""Judges a change set: what it replaces or removes, what of that holds data, and what is about security.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html

Change sets have to be described without the values of properties. With them, CloudFormation leaves out changes that it
cannot render (https://github.com/aws/aws-cdk-cli/issues/1780) and the reason of a change set that failed
(https://github.com/boto/boto3/issues/4178), and it may cut long values off.
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
COMMAND: Final = "aws cloudformation describe-change-set --stack-name STACK --change-set-name NAME"
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


def judge(document: Any, *, allowed: Collection[str] = (), others: Collection[str] = ()) -> Judged:
    """Judges the answer of ``describe-change-set``.

    :param allowed: logical ids of resources that may be replaced or removed although they hold data.
    :param others: ids of other change sets that are judged, such as those of nested stacks.
    :raises ChangeSetError: if it is no such answer, or not the whole one, or cannot be executed.
    """
    stack, changes = _read(document)
    resources = [each["ResourceChange"] for each in changes if each.get("Type", "Resource") == "Resource"]
    replaced = _replaced(resources)
    counts: dict[str, int] = {}
    findings: list[Finding] = []
    for each in resources:
        counts[each["Action"]] = counts.get(each["Action"], 0) + 1
        of_change = (each["LogicalResourceId"], each["ResourceType"])
        if each.get("ChangeSetId") in others:
            continue  # the change set of the nested stack says what changes
        for kind, what in _said(each, replaced):
            findings.append(Finding(kind, stack, *of_change, what, allowed=of_change[0] in allowed))
    order = list(Kind)
    return Judged(stack, counts, sorted(findings, key=lambda each: order.index(each.kind)))


def _read(document: Any) -> tuple[str, list[Any]]:
    if not isinstance(document, dict) or not isinstance(document.get("Changes"), list) or "StackName" not in document:
        raise ChangeSetError(
            f"This is no answer of describe-change-set, which has StackName and Changes. Write one by: {COMMAND}"
        )
    if document.get("NextToken"):
        raise ChangeSetError("This is the first page only, because it has a NextToken. Let the AWS CLI read all pages.")
    status, reason = document.get("Status"), str(document.get("StatusReason") or "")
    if status == "FAILED" and any(part in reason for part in NO_CHANGES):
        return document["StackName"], []
    if status == "FAILED" and not reason:
        raise ChangeSetError(f"The change set has failed, and does not say why. Describe it by: {COMMAND}")
    if status != "CREATE_COMPLETE":
        raise ChangeSetError(f"The change set has the status {status}, not CREATE_COMPLETE. {reason}".strip())
    if (execution := document.get("ExecutionStatus", "AVAILABLE")) != "AVAILABLE":
        raise ChangeSetError(f"The change set cannot be executed, because its execution status is {execution}.")
    for change in document["Changes"]:
        inner = change.get("ResourceChange") if isinstance(change, dict) else None
        if not isinstance(inner, dict) or not {"Action", "LogicalResourceId", "ResourceType"} <= inner.keys():
            raise ChangeSetError("A change has no ResourceChange with Action, LogicalResourceId and ResourceType.")
        if "BeforeContext" in inner or "AfterContext" in inner or "--include-property-values" in reason:
            raise ChangeSetError(
                f"With the values of properties, CloudFormation can leave out changes. Describe it by: {COMMAND}"
            )
    return document["StackName"], document["Changes"]


def _replaced(resources: Sequence[Mapping[str, Any]]) -> set[str]:
    """The logical ids of resources that may be others afterwards, so that what refers to their ids or ARNs changes."""
    replaced = {each["LogicalResourceId"] for each in resources if each["Action"] not in ("Modify", "SyncWithActual")}
    while more := {
        each["LogicalResourceId"]
        for each in resources
        if each["LogicalResourceId"] not in replaced and any(_replacing(each, replaced))
    }:
        replaced |= more
    return replaced


def _said(change: Mapping[str, Any], replaced: Collection[str]) -> Iterator[tuple[Kind, str]]:
    action, resource_type = change["Action"], change["ResourceType"]
    if action == "Dynamic" or (resource_type == NESTED and action != "Add"):
        yield Kind.UNSEEN, _UNSEEN[resource_type == NESTED]
    elif action == "Remove":
        yield _kind(resource_type), f"is removed. {_fate(change)}"
    elif action in ("Modify", "Import", "SyncWithActual") and (why := list(_replacing(change, replaced))):
        changed = ", ".join(dict.fromkeys(why))
        verb = "is replaced" if _certain(change) else "may be replaced"
        yield _kind(resource_type), f"{verb}, because of {changed}. {_fate(change)}"
    names = {name for name in map(_property, change.get("Details", ())) if name}
    if resource_type in SECURITY:
        yield Kind.SECURITY, f"{_VERBS.get(action, 'changes')} {', '.join(sorted(names))}".strip()
    elif action != "Add" and (opened := names & SECURITY_PROPERTIES):
        yield Kind.SECURITY, f"changes {', '.join(sorted(opened))}"


_UNSEEN: Final = {
    True: "The change set of the nested stack says what changes, and is not here. Give it, too, or allow this by name.",
    False: "CloudFormation decides later what changes. Look at it in the console, and allow it by name.",
}
_VERBS: Final = {"Add": "is added", "Remove": "is removed", "Modify": "changes"}


def _kind(resource_type: str) -> Kind:
    return Kind.DATA if resource_type in STORED_DATA else Kind.REPLACED


def _fate(change: Mapping[str, Any]) -> str:
    """A sentence about the fate of the old resource."""
    match change.get("PolicyAction"):
        case "Retain" | "ReplaceAndRetain":
            return "The old one is retained, and the stack no longer knows it."
        case "Snapshot" | "ReplaceAndSnapshot":
            return "A snapshot of the old one is taken, and the new one is empty."
        case "Delete" | "ReplaceAndDelete":
            return "The old one is deleted."
    return "The change set does not say what becomes of the old one."


def _certain(change: Mapping[str, Any]) -> bool:
    replacement, policy = change.get("Replacement"), str(change.get("PolicyAction", ""))
    return replacement == "True" or (replacement != "Conditional" and policy.startswith("Replace"))


def _replacing(change: Mapping[str, Any], replaced: Collection[str]) -> Iterator[str]:
    """The names of the properties that replace a resource. Conditionally counts, unless something disproves it."""
    replacement, certain = change.get("Replacement"), _certain(change)
    if replacement == "False" and not certain:
        return
    details: Sequence[Mapping[str, Any]] = change.get("Details", ())
    reasons = [each for each in details if each.get("Target", {}).get("RequiresRecreation") != "Never"]
    if not reasons and (replacement or certain):
        yield "an unknown property"
    properties = create_only(change["ResourceType"])
    proven = [each for each in reasons if not _disproved(each, properties, replaced)]
    for detail in proven or (reasons if certain else ()):
        yield _property(detail) or detail.get("Target", {}).get("Attribute", "an unknown property")


def _disproved(detail: Mapping[str, Any], properties: frozenset[str] | None, replaced: Collection[str]) -> bool:
    """Whether a change that CloudFormation calls conditional replaces nothing.

    A property that changes directly counts even if it also refers to a resource that stays, because it can have
    referred to another one before.
    """
    target = detail.get("Target", {})
    if target.get("Attribute") in ATTRIBUTES or target.get("AttributeChangeType") == "SyncWithActual":
        return True
    recreation, name = target.get("RequiresRecreation"), _property(detail)
    if recreation == "Conditionally" and properties is not None and name and name not in properties:
        return True  # CloudFormation's schema has no change of it that replaces
    if detail.get("Evaluation") != "Dynamic":
        return False
    entity, _, attribute = str(detail.get("CausingEntity", "")).partition(".")
    source = detail.get("ChangeSource")
    # An id and an ARN are others only if their resource is replaced. Attributes such as StreamArn change in place, too.
    stable = source == "ResourceReference" or (source == "ResourceAttribute" and attribute == "Arn")
    return stable and entity not in replaced


def _property(detail: Mapping[str, Any]) -> str | None:
    target = detail.get("Target", {})
    return target.get("Name") if target.get("Attribute", "Properties") == "Properties" else None


def unknown(allowed: Iterable[str], judged: Sequence[Judged]) -> list[str]:
    """The names in ``allowed`` that no finding is about, which a later change must not find open."""
    found = {finding.logical_id for each in judged for finding in each.findings if finding.kind is not Kind.SECURITY}
    return [name for name in allowed if name not in found]
