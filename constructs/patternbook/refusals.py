"""What a stack says of its settings once it has a Region, and neighbours in the app."""

from collections.abc import Iterable

import aws_cdk as cdk

from patternbook.limits.images import PRIVATE_ECR
from patternbook.partitions import partition_of, refuse_arn_of_other_region, refuse_resource_of_other_partition
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import texts_of
from patternbook.settings.fields import IMAGE_URI
from patternbook.settings.validators import Reference


def refuse_resources_of_other_regions(stack: cdk.Stack, settings: PatternSettings, *, asked_region: str) -> None:
    """Adds an error for each ARN or image in the settings that the deployment would refuse in the Region of the stack.

    Texts that name no resource, such as environment variables, are left alone.

    :param asked_region: the Region that was asked for. It tells the partition of a stack that AWS pins to one Region,
        because an account belongs to one partition.
    """
    region, partition = stack.region, partition_of(asked_region)
    if cdk.Token.is_unresolved(region):
        return
    for path, text, metadata in texts_of(settings):
        reference = next((item for item in metadata if isinstance(item, Reference)), None)
        image = PRIVATE_ECR.fullmatch(text) if IMAGE_URI in metadata else None
        of, own = partition, region
        if image:
            of = partition_of(image["region"])
        elif reference and text.startswith("arn:"):
            _, of, _, own, *_ = text.split(":")
        if None not in (of, partition) and of != partition:
            refuse_resource_of_other_partition(stack, path, text, region=asked_region)
        elif reference and reference.same_region and own != region:
            refuse_arn_of_other_region(stack, path, text, source=reference.same_region)


def warn_of_shared_domain_names(
    stack: cdk.Stack, settings: PatternSettings, others: Iterable[tuple[cdk.Stack, PatternSettings]]
) -> None:
    """CloudFront accepts a domain name on one distribution only, in all accounts. A hosted zone has one record of a
    name and a type. The second deployment fails:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/alternate-domain-names-move.html
    """
    names = _domain_names(settings)
    for other, given in others if names else ():
        shared = [name for name in _domain_names(given) if name in names]
        if shared:
            setting = "domain_names" if hasattr(given, "domain_names") else "domain_name"
            cdk.Annotations.of(stack).add_warning_v2(
                "patternbook:sharedDomainNames",
                f"{other.node.path} has {', '.join(shared)} in {setting}, too. A domain name belongs to one stack, and "
                "the second deployment with it fails. Give each stack, in each stage, names of its own.",
            )


def _domain_names(settings: PatternSettings) -> list[str]:
    given = dict(settings)
    return [*given.get("domain_names", ()), *filter(None, [given.get("domain_name")])]
