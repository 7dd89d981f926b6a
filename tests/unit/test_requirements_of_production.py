"""A requirement of production that a stack misses is an error annotation on that stack, and concerns no other."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_cdk.assertions import Annotations, Match, Template

import app
from patternbook import PatternStack
from patternbook.api.settings import SignInSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import PublicLoadBalancerSettings
from patternbook.settings.base import PatternSettings
from patternbook.testing.synthesis import variant
from stacks.deploy_role import DeployRoleStack
from stacks.ecr import EcrStack
from stacks.fargate_efs import FargateEfsStack
from stacks.web_api import WebApiStack
from tests.book import book_app, stage_of

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


class Requirement(NamedTuple):
    settings_type: type[PatternSettings]
    met_by: dict[str, Any]
    opt_out: str
    error: str


REQUIREMENTS = (
    Requirement(
        PublicLoadBalancerSettings,
        {"certificate_arn": CERTIFICATE},
        "allow_plain_http",
        "requires HTTPS, and the load balancer has no certificate. Set domain_name and hosted_zone_id to get one,",
    ),
    Requirement(
        AlarmSettings,
        {"alarm_email": "ops@example.com"},
        "allow_silent_alarms",
        "requires an address for alarms, and there is none. Set alarm_email to an e-mail address",
    ),
    Requirement(
        SignInSettings,
        {"callback_urls": ["https://app.example.com/callback"]},
        "allow_localhost_callback",
        "requires the URLs of an app, and there is none. Set callback_urls to URLs of your app",
    ),
)


def requirements_of(pattern: type[PatternStack]) -> list[Requirement]:
    return [each for each in REQUIREMENTS if issubclass(pattern.settings_type, each.settings_type)]


PATTERNS = [pattern for pattern in app.PATTERNS if requirements_of(pattern)]
PUBLIC = [pattern for pattern in PATTERNS if issubclass(pattern.settings_type, PublicLoadBalancerSettings)]


def errors(pattern: type[PatternStack], outdir: Path, **settings: Any) -> list[str]:
    """The error annotations of a stack."""
    stack = variant(pattern, outdir, **settings)
    return [str(each.entry.data) for each in Annotations.from_stack(stack).find_error("*", Match.any_value())]


def warnings(pattern: type[PatternStack], outdir: Path, **settings: Any) -> list[str]:
    stack = variant(pattern, outdir, **settings)
    return [str(each.entry.data) for each in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_production_refuses_what_misses_a_requirement(pattern: type[PatternStack], tmp_path: Path) -> None:
    required = requirements_of(pattern)
    found = errors(pattern, tmp_path, posture="production")
    assert len(found) == len(required)
    for each in required:
        assert any(each.error in said and f"set {each.opt_out} to true" in said for said in found), each


def test_production_accepts_what_says_otherwise(tmp_path: Path) -> None:
    for pattern in (FargateEfsStack, WebApiStack):
        settings = {each.opt_out: True for each in requirements_of(pattern)}
        assert not errors(pattern, tmp_path / pattern.__name__, posture="production", **settings)


def test_production_accepts_what_meets_the_requirements(tmp_path: Path) -> None:
    for pattern in (FargateEfsStack, WebApiStack):
        met = {name: value for each in requirements_of(pattern) for name, value in each.met_by.items()}
        assert not errors(pattern, tmp_path / pattern.__name__, posture="production", **met)


def test_sandbox_requires_nothing(tmp_path: Path) -> None:
    for pattern in (FargateEfsStack, WebApiStack):
        assert not errors(pattern, tmp_path / pattern.__name__, posture="sandbox")


def test_only_two_patterns_have_no_requirement() -> None:
    assert set(app.PATTERNS) - set(PATTERNS) == {DeployRoleStack, EcrStack}


@pytest.mark.parametrize("pattern", PUBLIC, ids=lambda pattern: pattern.__name__)
def test_plain_http_is_one_message(pattern: type[PatternStack], tmp_path: Path) -> None:
    """A stack that is refused for want of a certificate has no warning about it as well."""
    assert warnings(pattern, tmp_path / "refused", posture="production") == []
    [warning] = warnings(pattern, tmp_path / "plain", posture="production", allow_plain_http=True)
    assert "Set domain_name and hosted_zone_id, or certificate_arn, to serve HTTPS" in warning


def test_a_refused_stack_and_its_neighbour_can_be_read(tmp_path: Path) -> None:
    """With the feature flag ``annotationsInValidationReport``, the CDK would raise for both outside of its CLI."""
    stage = stage_of("production", {"FargateEfsStack": {}, "EcrStack": {}})
    made = book_app(stage, tmp_path)
    production = made.node.find_child("production")
    for pattern, resource in ((FargateEfsStack, "AWS::ECS::Service"), (EcrStack, "AWS::ECR::Repository")):
        stack = production.node.find_child(pattern.__name__)
        assert isinstance(stack, PatternStack)
        Template.from_stack(stack).resource_count_is(resource, 1)
