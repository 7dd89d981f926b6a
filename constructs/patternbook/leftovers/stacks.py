"""The stacks of Patternbook that an account has, and those that it had in the last 90 days."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer

EXPIRES: Final = "patternbook:expires"
"""The tag with the date, such as ``2026-12-01``, after which nobody needs a resource. ``make prove`` sets it."""
STACK_ID: Final = "aws:cloudformation:stack-id"
STACK_NAME: Final = "aws:cloudformation:stack-name"
"""The tags that CloudFormation itself puts on resources:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html"""
OURS: Final = re.compile(r"Patternbook \(\w+\): ")
"""The start of the description of every stack, see :class:`patternbook.app.PatternStack`."""
DELETED: Final = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Leftover(Answer):
    """Something that is in the account, and costs money or blocks something else."""

    name: str = ""
    """Its ARN, its id or its name."""
    stack: str = ""
    """The name of the stack that made it."""
    expires: str = ""
    """The value of the tag :data:`EXPIRES`; empty without the tag."""


@dataclass(frozen=True)
class BookStack:
    """A stack of Patternbook."""

    name: str
    id: str
    status: str
    expires: str = ""
    deleted: str = ""
    """The date of its deletion."""


@dataclass(frozen=True)
class Book:
    """All stacks of Patternbook in a Region of an account."""

    stacks: Sequence[BookStack]
    today: str
    """The date in UTC, such as ``2026-11-29``."""
    only: str = ""
    """The name of the only stack to look at; empty for all."""
    region: str = ""
    existing: Mapping[str, str] = field(default_factory=dict)
    """The names of all stacks that exist, those of others included, by id."""

    @cached_property
    def living(self) -> list[BookStack]:
        """The stacks that exist."""
        return [each for each in self.stacks if not each.deleted]

    @cached_property
    def gone(self) -> list[BookStack]:
        """The stacks that were deleted, which CloudFormation lists for 90 days."""
        return [each for each in self.stacks if each.deleted]

    @cached_property
    def _names_of_gone(self) -> list[str]:
        return sorted({each.name for each in self.gone} - set(self.existing.values()))

    def maker_of(self, name: str) -> str:
        """The name of the deleted stack that made a resource with a generated name; empty if none did.

        CloudFormation, CDK and the services put the name of the stack at the beginning of a generated name, or of a
        part of it. Aurora writes it in lower case. A stack that exists may still need the resource, if it has the same
        name, or one that begins with it: ``EcrStack-Extra`` has the log group ``/aws/lambda/EcrStack-Extra-Scan``.
        """
        for stack in self._names_of_gone:
            longer = [each for each in self.existing.values() if each.lower().startswith(stack.lower())]
            if _names(stack, name) and not any(_names(each, name) for each in longer):
                return stack
        return ""

    def may_be_living(self, tags: Mapping[str, str]) -> bool:
        """Whether a resource belongs to a stack that exists, or may exist in another Region, by its tags.

        us-east-1 lists resources without a Region, such as those of CloudFront, whose stack may be elsewhere.
        """
        stack = tags.get(STACK_ID, "")
        return stack in self.existing or (bool(stack) and stack.split(":")[3] != self.region)


def _names(stack: str, name: str) -> bool:
    """Whether a part of a generated name begins with the name of a stack."""
    return re.search(rf"(?<![\w-]){re.escape(stack)}(?![A-Za-z0-9])", name, re.IGNORECASE) is not None


def book_in(account: Account, *, today: str, stack: str = "") -> Book:
    """Asks for the stacks.

    :param stack: the name of the only stack to look at; empty for all.
    :raises CouldNotAskError: if AWS does not list them. Nothing else can be told then.
    """
    every = account.all("cloudformation.list_stacks", "StackSummaries")
    ours = [
        _stack(account, each)
        for each in every
        if OURS.match(each.get("TemplateDescription") or "") and stack in ("", each["StackName"])
    ]
    existing = {each["StackId"]: each["StackName"] for each in every if each["StackStatus"] != DELETED}
    return Book(ours, today, stack, account.region, existing)


def _stack(account: Account, summary: Mapping[str, Any]) -> BookStack:
    name, stack_id, status = summary["StackName"], summary["StackId"], summary["StackStatus"]
    if status == DELETED:
        return BookStack(name, stack_id, status, deleted=f"{summary['DeletionTime']:%Y-%m-%d}")
    described = account.ask("cloudformation.describe_stacks", StackName=name, absent=("ValidationError",))
    tags = tags_in(described["Stacks"][0].get("Tags", ())) if described else {}
    return BookStack(name, stack_id, status, tags.get(EXPIRES, ""))


def tags_in(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags as most services write them, by key."""
    return {each["Key"]: each["Value"] for each in tags}


def made_by_proof(stack: Mapping[str, Any]) -> bool:
    """Whether a stack is one of the book with the tag of ``make prove``, as ``describe_stacks`` answers it."""
    return EXPIRES in tags_in(stack.get("Tags", ())) and OURS.match(stack.get("Description", "")) is not None
