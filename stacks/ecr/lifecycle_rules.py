"""The lifecycle policies of the repository and of cached images."""

import json
from typing import Any

from stacks.ecr.settings import EcrSettings

EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def lifecycle_policy(settings: EcrSettings) -> str:
    """Rules in order of priority. A rule cannot expire images whose tags an earlier rule selects.

    The rules of CDK's own repository only expire images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
    """
    rules = [
        (_by_age("untagged", settings.untagged_days), EXPIRE),
        *(
            (
                {
                    "tagStatus": "tagged",
                    "tagPrefixList": [each.prefix],
                    "countType": "imageCountMoreThan",
                    "countNumber": each.keep,
                },
                EXPIRE,
            )
            for each in settings.releases
        ),
    ]
    if settings.other_days is not None:
        rules.append((_by_age("any", settings.other_days), EXPIRE))
    if settings.archive_days is not None:
        rules.append((_by_age("any", settings.archive_days, since="sinceImagePulled"), ARCHIVE))
    return _policy(rules)


def cache_policy(days: int) -> str:
    """Lets cached images expire at an age in days."""
    return _policy([(_by_age("any", days), EXPIRE)])


def _by_age(tag_status: str, days: int, *, since: str = "sinceImagePushed") -> dict[str, Any]:
    return {"tagStatus": tag_status, "countType": since, "countNumber": days, "countUnit": "days"}


def _policy(rules: list[tuple[dict[str, Any], dict[str, str]]]) -> str:
    numbered = [
        {"rulePriority": number, "selection": selection, "action": action}
        for number, (selection, action) in enumerate(rules, start=1)
    ]
    return json.dumps({"rules": numbered}, separators=(",", ":"))
