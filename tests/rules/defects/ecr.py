"""Defects for the rules of ECR."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.rules.defects.base import REPOSITORY, Apply, Defect, Template, get, of_type, set_properties


def _change_lifecycle_rules(change: Callable[[list[Any]], None]) -> Apply:
    """Changes the rules of a lifecycle policy."""

    def apply(template: Template) -> bool:
        for _, repository in of_type(template, REPOSITORY):
            text = get(repository, "LifecyclePolicy.LifecyclePolicyText")
            if isinstance(text, str):
                policy = json.loads(text)
                change(policy["rules"])
                repository["LifecyclePolicy"]["LifecyclePolicyText"] = json.dumps(policy)
                return True
        return False

    return apply


def _put_any_first(rules: list[Any]) -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 500}
    for each in rules:
        each["rulePriority"] += 1
    rules[:] = [each for each in rules if each["selection"]["tagStatus"] != "any"]
    rules.insert(0, {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}})


DEFECTS: Final = (
    Defect(
        "ecr-lifecycle-policy",
        "not JSON",
        set_properties(REPOSITORY, {"LifecyclePolicy.LifecyclePolicyText": "{'rules': []}"}),
        REPOSITORY,
    ),
    Defect(
        "ecr-lifecycle-policy", "priority", _change_lifecycle_rules(lambda rules: rules.append(rules[0])), REPOSITORY
    ),
    Defect(
        "ecr-lifecycle-policy",
        "status",
        _change_lifecycle_rules(lambda rules: rules[0]["selection"].update(tagStatus="old")),
        REPOSITORY,
    ),
    Defect(
        "ecr-lifecycle-policy",
        "count",
        _change_lifecycle_rules(lambda rules: rules[0]["selection"].update(countNumber=0)),
        REPOSITORY,
    ),
    Defect(
        "ecr-lifecycle-policy", "no action", _change_lifecycle_rules(lambda rules: rules[0].pop("action")), REPOSITORY
    ),
    Defect("ecr-lifecycle-order", "any first", _change_lifecycle_rules(_put_any_first), REPOSITORY),
)
