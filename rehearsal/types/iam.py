"""What MiniStack leaves of managed policies."""

from ministack.services import iam

from rehearsal.types.seams import Properties, amend_type


def register() -> None:
    amend_type("AWS::IAM::Role", forget=forget_role)


def forget_role(_name: str, _properties: Properties) -> None:
    """Of an AWS managed policy that nobody has any more, a count of 0 stays behind."""
    counts = iam._aws_managed_attachment_counts
    for arn in [arn for arn, count in counts.items() if not count]:
        counts.pop(arn)
