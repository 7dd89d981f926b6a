"""Which images expire."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from stacks.ecr.settings import EcrSettings


def lifecycle_rules(settings: EcrSettings) -> list[ecr.LifecycleRule]:
    """Rules in order of priority. What a rule selects by its tags is out of reach of those after it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    days = cdk.Duration.days
    untagged = ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=days(settings.untagged_days))
    releases = [
        ecr.LifecycleRule(tag_prefix_list=[release.prefix], max_image_count=release.keep)
        for release in settings.releases
    ]
    if settings.other_days is None:
        return [untagged, *releases]
    return [
        untagged,
        *releases,
        ecr.LifecycleRule(tag_status=ecr.TagStatus.ANY, max_image_age=days(settings.other_days)),
    ]
