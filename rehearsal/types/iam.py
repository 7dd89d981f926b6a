"""Managed policies. MiniStack leaves records of them behind."""

from ministack.services import iam

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::IAM::Role", clean_up=clean_up_role)


def clean_up_role(_name: str, _properties: Properties) -> None:
    """Removes the attachment counts of 0 that MiniStack keeps for AWS managed policies."""
    counts = iam._aws_managed_attachment_counts
    for arn in [arn for arn, count in counts.items() if not count]:
        counts.pop(arn)
