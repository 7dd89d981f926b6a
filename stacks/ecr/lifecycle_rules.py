"""The lifecycle rules of the repository."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from stacks.ecr.settings import EcrSettings


def lifecycle_rules(settings: EcrSettings) -> list[ecr.LifecycleRule]:
    """Rules in order of priority. A rule cannot expire images whose tags an earlier rule selects.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    """
    days = cdk.Duration.days
    rules = [ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=days(settings.untagged_days))]
    rules += [ecr.LifecycleRule(tag_prefix_list=[each.prefix], max_image_count=each.keep) for each in settings.releases]
    if settings.other_days is not None:
        rules.append(ecr.LifecycleRule(tag_status=ecr.TagStatus.ANY, max_image_age=days(settings.other_days)))
    return rules
