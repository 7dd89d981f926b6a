"""A requirement of production that a stack misses is an error annotation on that stack, and concerns no other."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match, Template

import app
from patternbook import PatternStack
from patternbook.network.settings import PublicLoadBalancerSettings
from patternbook.testing.synthesis import variant
from stacks.ecr import EcrStack
from stacks.fargate_efs import FargateEfsStack
from tests.book import book_app, stage_of

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
PUBLIC = [pattern for pattern in app.PATTERNS if issubclass(pattern.settings_type, PublicLoadBalancerSettings)]


def errors(pattern: type[PatternStack], outdir: Path, **settings: Any) -> list[str]:
    """The error annotations of a stack."""
    stack = variant(pattern, outdir, **settings)
    return [str(each.entry.data) for each in Annotations.from_stack(stack).find_error("*", Match.any_value())]


@pytest.mark.parametrize("pattern", PUBLIC, ids=lambda pattern: pattern.__name__)
def test_production_serves_https_or_says_otherwise(pattern: type[PatternStack], tmp_path: Path) -> None:
    [error] = errors(pattern, tmp_path / "without", posture="production")
    assert "Set certificate_arn to the ARN of an ACM certificate" in error
    assert "or set allow_plain_http to true" in error
    assert not errors(pattern, tmp_path / "with", posture="production", certificate_arn=CERTIFICATE)
    assert not errors(pattern, tmp_path / "plain", posture="production", allow_plain_http=True)
    assert not errors(pattern, tmp_path / "sandbox", posture="sandbox")


def test_a_refused_stack_and_its_neighbour_can_be_read(tmp_path: Path) -> None:
    stage = stage_of("production", {"FargateEfsStack": {}, "EcrStack": {}})
    made = book_app(stage, tmp_path, **{"@aws-cdk/core:annotationsInValidationReport": False})
    production = made.node.find_child("production")
    for pattern, resource in ((FargateEfsStack, "AWS::ECS::Service"), (EcrStack, "AWS::ECR::Repository")):
        stack = production.node.find_child(pattern.__name__)
        assert isinstance(stack, PatternStack)
        Template.from_stack(stack).resource_count_is(resource, 1)
