"""Cases for the rules of ECR."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, resource

LIFECYCLE: Final[dict[str, Any]] = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},
            "action": {"type": "expire"},
        },
    ]
}
REPOSITORY: Final[dict[str, Any]] = {
    "Repository": resource("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": json.dumps(LIFECYCLE)})
}
POLICY = "Repository.LifecyclePolicy.LifecyclePolicyText"


def lifecycle(**changes: Any) -> dict[str, Any]:
    """A change of the first rule of a lifecycle policy. A path is written with two underscores between its keys."""
    policy = deepcopy(LIFECYCLE)
    for path, value in changes.items():
        here: Any = policy["rules"][0]
        *keys, last = path.split("__")
        for key in keys:
            here = here[key]
        if value is REMOVED:
            del here[last]
        else:
            here[last] = value
    return {POLICY: json.dumps(policy)}


CASES: Final[Mapping[str, Case]] = {
    "ecr-lifecycle-policy": case(
        REPOSITORY,
        {POLICY: "{"},
        {POLICY: "[]"},
        {POLICY: '{"rules": []}'},
        lifecycle(rulePriority="1"),
        lifecycle(rulePriority=2),
        lifecycle(selection__tagStatus="none"),
        lifecycle(selection__tagStatus="tagged"),
        lifecycle(selection__tagPrefixList=["v"]),
        lifecycle(selection__countType="olderThan"),
        lifecycle(selection__countUnit=REMOVED),
        lifecycle(selection__countType="imageCountMoreThan"),
        lifecycle(selection__countNumber=0),
        lifecycle(action__type="delete"),
        lifecycle(action=REMOVED),
        lifecycle(selection__tagStatuses=["v"]),
        lifecycle(rule="x"),
        lifecycle(action__target="archive"),
        lifecycle(description=5),
        lifecycle(selection__tagStatus="tagged", selection__tagPatternList=["a*b*c*d*e*"]),
        lifecycle(selection__tagStatus="tagged", selection__tagPrefixList="v"),
        lifecycle(selection__storageClass="cold"),
        lifecycle(selection__storageClass="archive"),
        lifecycle(selection__countType="sinceImageTransitioned"),
        lifecycle(action__type="transition"),
        lifecycle(action__targetStorageClass="archive"),
        {POLICY: json.dumps({**LIFECYCLE, "version": 1})},
        {POLICY: json.dumps({"rules": [{**LIFECYCLE["rules"][0], "rulePriority": each + 1} for each in range(51)]})},
        harmless=(
            lifecycle(action={"type": "transition", "targetStorageClass": "archive"}),
            lifecycle(selection__countType="sinceImageTransitioned", selection__storageClass="archive"),
            lifecycle(selection__countType="sinceImagePulled", selection__storageClass="standard"),
            lifecycle(selection__tagStatus="tagged", selection__tagPatternList=["a*b*c*d*"], description="old"),
            {POLICY: {"Fn::Sub": "${Parameter}"}},
        ),
    ),
    "ecr-lifecycle-order": case(REPOSITORY, lifecycle(rulePriority=3)),
}
