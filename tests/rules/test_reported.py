"""Templates with mistakes that people reported, and sound ones that checkers reported without need."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.reading import read
from patternbook.rules.rule import ADVICE
from tests.rules.cases.base import TODAY

REPORTED: Final = Path(__file__).parent / "cases" / "reported"
FOUND: Final[Mapping[str, set[str]]] = {
    "cloudfront-no-cache-policy": {"cloudfront-cache-policy"},
    "cloudfront-target-origin": {"cloudfront-target-origin"},
    "ecs-awsvpc-no-network": {"ecs-network-configuration"},
    "ecs-capacity-association": {"ecs-waits-for-capacity-provider"},
    "ecs-public-address-on-ec2": {"ecs-public-address-on-ec2"},
    "ecs-role-with-awsvpc": {"ecs-role-with-awsvpc"},
    "ecs-secret-resolved": {"ecs-resolved-secret"},
    "eks-access-entry-config-map": {"eks-access-entry-mode"},
    "eks-add-on-before-nodes": {"eks-add-on-before-nodes"},
    "eks-config-map-no-creator": {"eks-config-map-creator"},
    "eks-disk-size-launch-template": {"eks-launch-template"},
    "eks-fargate-public-subnet": {"eks-fargate-public-subnet"},
    "eks-version-default": {"eks-version-ended"},
    "lambda-runtime-ended": {"lambda-runtime-ended"},
    "lambda-s3-notification": {"s3-notification-permission"},
    "lambda-vpc-role": {"lambda-vpc-permissions"},
    "network-route-before-attachment": {"network-route-before-attachment"},
    "foreach-lambda": {"lambda-memory", "lambda-timeout"},
    "sam-bad": {
        *("lambda-environment-name", "lambda-layers", "lambda-memory", "lambda-provisioned-above-reserved"),
        *("lambda-queue-partial-batch", "lambda-queue-visibility", "lambda-storage"),
    },
}
"""The rules that find each mistake."""


def found(path: Path) -> set[tuple[str, str]]:
    """The rules and severities of the findings."""
    findings = check(read(path).document, RULES, today=TODAY)
    return {(each.rule.id, each.severity.value) for each in findings}


@pytest.mark.parametrize("path", sorted(REPORTED.glob("[ms]*/*.yaml")), ids=lambda path: path.stem)
def test_a_reported_mistake_is_found_by_its_rule(path: Path) -> None:
    assert {rule for rule, _ in found(path)} == FOUND[path.stem]


@pytest.mark.parametrize("path", sorted(REPORTED.glob("false/*.yaml")), ids=lambda path: path.stem)
def test_a_sound_template_has_no_finding(path: Path) -> None:
    """Two switches that exclude each other in practice only are advice."""
    expected = {("ecs-fargate-size", ADVICE.value)} if path.stem == "exclusive-parameters" else set()
    assert found(path) == expected


def test_each_reported_mistake_is_there() -> None:
    assert {path.stem for path in REPORTED.glob("[ms]*/*.yaml")} == set(FOUND)
