"""The lifecycle rules of the repository."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from stacks.ecr.settings import Release


def lifecycle_rules(
    *, untagged_days: int, releases: Sequence[Release], other_days: int | None
) -> list[ecr.LifecycleRule]:
    """Rules in order of priority. A rule cannot expire images whose tags an earlier rule selects.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    days = cdk.Duration.days
    rules = [ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=days(untagged_days))]
    rules += [ecr.LifecycleRule(tag_prefix_list=[each.prefix], max_image_count=each.keep) for each in releases]
    if other_days is not None:
        rules.append(ecr.LifecycleRule(tag_status=ecr.TagStatus.ANY, max_image_age=days(other_days)))
    return rules
