"""A pattern in somebody else's app: any scope, and all of ``cdk.StackProps``."""

import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template
from pydantic import BaseModel

import app
from patternbook import PRODUCTION, SANDBOX, PatternStack, StackOptions
from patternbook.app import add_stage
from patternbook.settings.describe import nested_models, unwrap
from patternbook.settings.loading import load_settings
from patternbook.settings.stages import Stage
from patternbook.settings.validators import Reference
from patternbook.testing.synthesis import unchecked_app
from stacks.app_runner import AppRunnerStack
from stacks.ecr import EcrSettings, EcrStack
from stacks.eks_managed_nodes import EksManagedNodesSettings, EksManagedNodesStack
from stacks.fargate_efs import FargateEfsStack
from stacks.fargate_private_link import FargatePrivateLinkStack
from stacks.lambda_edge import LambdaEdgeSettings, LambdaEdgeStack

ANY = Match.any_value()


@pytest.fixture
def company(tmp_path: Path) -> cdk.App:
    return unchecked_app(tmp_path)


KEY = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"
IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
CHINESE_TOPIC = "arn:aws-cn:sns:cn-north-1:111122223333:events"
BESIDE: Mapping[tuple[type[PatternStack], str], Mapping[str, Any]] = {
    (FargatePrivateLinkStack, "certificate_arn"): {"protocol": "TLS"},
    (AppRunnerStack, "connection_arn"): {"repository_url": "https://github.com/team/app"},
    (EcrStack, "cache_docker_hub_secret_arn"): {"cache_docker_hub_prefix": "docker-hub"},
}
"""Settings that another setting needs."""


def arns_of(model: type[BaseModel]) -> Iterator[tuple[str, Reference]]:
    """The settings with an ARN, each with its reference."""
    for each in (model, *nested_models(model)):
        for name, field in each.model_fields.items():
            found = [item for item in parts(field.annotation, field.metadata) if isinstance(item, Reference)]
            yield from ((name, item) for item in found if '"arn:' in item.text)


def parts(annotation: Any, metadata: Iterable[Any] = ()) -> Iterator[Any]:
    """The metadata of a type and of the types within it."""
    annotation, metadata = unwrap(annotation, metadata)
    yield from metadata
    for argument in typing.get_args(annotation):
        yield from parts(argument)


def stack_props() -> set[str]:
    """The names of all properties, from the CDK itself."""
    return {name for name in vars(cdk.StackProps) if not name.startswith("_")}


def test_every_property_of_a_stack_can_be_given() -> None:
    assert StackOptions.__annotations__.keys() == stack_props()


def test_properties_of_the_company_reach_the_stack(company: cdk.App) -> None:
    stack = EcrStack(
        company,
        "Registry",
        settings=EcrSettings(),
        posture=PRODUCTION,
        stack_name="team-registry",
        description="Images of the team",
        env=cdk.Environment(account="111122223333", region="eu-west-1"),
        tags={"team": "web"},
        termination_protection=False,
        permissions_boundary=cdk.PermissionsBoundary.from_name("boundary"),
        synthesizer=cdk.DefaultStackSynthesizer(qualifier="company"),
    )
    artifact = company.synth().get_stack_by_name("team-registry")
    assert (artifact.environment.account, artifact.environment.region) == ("111122223333", "eu-west-1")
    assert dict(artifact.tags) == {"team": "web"}
    assert artifact.termination_protection is False
    assert "company" in str(artifact.assume_role_arn)
    document: dict[str, Any] = dict(Template.from_stack(stack).to_json())
    assert document["Description"] == "Images of the team"
    boundaries = [
        str(each["Properties"]["PermissionsBoundary"])
        for each in document["Resources"].values()
        if each["Type"] == "AWS::IAM::Role"
    ]
    assert boundaries
    assert all("policy/boundary" in boundary for boundary in boundaries)


def test_the_posture_describes_and_protects_where_nothing_else_is_said(company: cdk.App) -> None:
    stacks = [
        EcrStack(company, posture.name, settings=EcrSettings(), posture=posture) for posture in (SANDBOX, PRODUCTION)
    ]
    assert [each.termination_protection for each in stacks] == [False, True]
    titles = [Template.from_stack(each).to_json()["Description"] for each in stacks]
    assert titles == [f"Patternbook ({name}): {EcrStack.title}" for name in ("sandbox", "production")]


def test_two_copies_of_a_pattern_stand_beside_each_other(company: cdk.App) -> None:
    team = cdk.Stage(company, "Team")
    for scope, name in ((company, "One"), (company, "Two"), (team, "One")):
        EcrStack(scope, name, settings=EcrSettings(), posture=SANDBOX)
    company.synth()


class TestRegions:
    ENV = cdk.Environment(account="111122223333", region="eu-west-1")

    def test_a_pinned_region_beats_the_one_that_is_given(self, company: cdk.App) -> None:
        stack = LambdaEdgeStack(company, "Site", settings=LambdaEdgeSettings(), posture=SANDBOX, env=self.ENV)
        assert (stack.account, stack.region) == ("111122223333", "us-east-1")

    def test_a_pinned_region_beats_that_of_the_stage_whose_account_stays(self, company: cdk.App) -> None:
        stage = cdk.Stage(company, "live", env=self.ENV)
        stack = LambdaEdgeStack(stage, "Site", settings=LambdaEdgeSettings(), posture=SANDBOX)
        assert (stack.account, stack.region) == ("111122223333", "us-east-1")

    def test_regions_of_a_pattern_beat_that_of_the_stage_whose_account_stays(self, company: cdk.App) -> None:
        settings = EksManagedNodesSettings(regions=("eu-central-1", "us-west-2"))
        live = Stage(
            name="live",
            account="111122223333",
            region="eu-west-1",
            tags={"team": "web"},
            settings={"EksManagedNodesStack": settings},
        )
        scope = add_stage(company, [EksManagedNodesStack], live)
        stacks = [each for each in scope.node.children if isinstance(each, cdk.Stack)]
        assert [(each.stack_name, each.account, each.region) for each in stacks] == [
            (f"live-EksManagedNodesStack-{region}", "111122223333", region) for region in ("eu-central-1", "us-west-2")
        ]
        assert all(each.tags.tag_values() == {"team": "web"} for each in stacks)

    def test_further_regions_of_a_stage_keep_the_names_of_its_first_region(self, company: cdk.App) -> None:
        further = ("us-east-1", "us-west-2")
        settings = {
            "EcrStack": EcrSettings(),
            "EksManagedNodesStack": EksManagedNodesSettings(regions=("eu-central-1",)),  # beats those of the stage
            "LambdaEdgeStack": LambdaEdgeSettings(),  # pinned to us-east-1, which has it once
        }
        live = Stage(name="live", region="eu-west-1", further_regions=further, settings=settings)
        scope = add_stage(company, [EcrStack, EksManagedNodesStack, LambdaEdgeStack], live)
        stacks = {each.node.path: each for each in scope.node.children if isinstance(each, cdk.Stack)}
        assert {path: (each.stack_name, each.region) for path, each in stacks.items()} == {
            "live/EcrStack": ("live-EcrStack", "eu-west-1"),
            "live/EcrStack-us-east-1": ("live-EcrStack-us-east-1", "us-east-1"),
            "live/EcrStack-us-west-2": ("live-EcrStack-us-west-2", "us-west-2"),
            "live/EksManagedNodesStack-eu-central-1": ("live-EksManagedNodesStack-eu-central-1", "eu-central-1"),
            "live/LambdaEdgeStack": ("live-LambdaEdgeStack", "us-east-1"),
        }

    @pytest.mark.parametrize(
        ("pattern", "setting", "arn"),
        [
            (FargateEfsStack, "certificate_arn", "arn:aws:acm:{}:111122223333:certificate/1a2b"),
            (FargatePrivateLinkStack, "certificate_arn", "arn:aws:acm:{}:111122223333:certificate/1a2b"),
            (AppRunnerStack, "web_acl_arn", "arn:aws:wafv2:{}:111122223333:regional/webacl/main/1a2b"),
            (AppRunnerStack, "connection_arn", f"arn:aws:apprunner:{{}}:111122223333:connection/github/{'0' * 32}"),
            (
                FargateEfsStack,
                "secret_key_arns[0]",
                "arn:aws:kms:{}:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012",
            ),
            (
                EcrStack,
                "cache_docker_hub_secret_arn",
                "arn:aws:secretsmanager:{}:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf",
            ),
            (FargateEfsStack, "parameters.GREETING", "arn:aws:ssm:{}:111122223333:parameter/greeting"),
        ],
    )
    def test_a_resource_of_another_region_refuses_the_stack(
        self, pattern: type[PatternStack], setting: str, arn: str, company: cdk.App
    ) -> None:
        """Unless the Region of the stack is unknown."""
        found = {}
        for region, stage in (("us-west-2", "elsewhere"), ("eu-west-1", "here"), ("us-west-2", "anywhere")):
            value: Any = arn.format(region)
            name, _, within = setting.replace("[", ".").partition(".")
            value = value if not within else [value] if within == "0]" else {within: value}
            settings = load_settings(pattern.settings_type, {name: value, **BESIDE.get((pattern, name), {})})
            env = None if stage == "anywhere" else self.ENV
            stack = pattern(cdk.Stage(company, stage, env=env), "Stack", settings=settings, posture=SANDBOX)
            found[stage] = [str(each.entry.data) for each in Annotations.from_stack(stack).find_error("*", ANY)]
        assert (found["here"], found["anywhere"]) == ([], [])
        [error] = found["elsewhere"]
        assert (
            f"{setting} must be an ARN of eu-west-1, the Region of the stack, got {arn.format('us-west-2')}." in error
        )

    def test_every_arn_says_whether_it_must_be_of_the_region(self) -> None:
        """IAM has no Region, and no document of ECS or App Runner pins a secret to one."""
        found = {
            name
            for pattern in app.PATTERNS
            for name, reference in arns_of(pattern.settings_type)
            if not reference.same_region
        }
        principals = {"admin_principals", "allowed_principals", "invoke_principals", "upload_principals"}
        assert found == {*principals, "application_policy_arns", "principal", "secrets"}

    def test_an_arn_in_an_environment_variable_may_be_of_any_region(self, company: cdk.App) -> None:
        settings: Any = load_settings(
            FargateEfsStack.settings_type, {"image": IMAGE, "environment": {"KEY": KEY, "TOPIC": CHINESE_TOPIC}}
        )
        stack = FargateEfsStack(company, "Web", settings=settings, posture=SANDBOX, env=self.ENV)
        assert Annotations.from_stack(stack).find_error("*", ANY) == []

    def test_the_pinned_region_takes_its_own_certificates(self, company: cdk.App) -> None:
        given = {
            "domain_names": ["www.example.com"],
            "certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/1a2b",
        }
        settings = LambdaEdgeSettings.model_validate(given)
        stack = LambdaEdgeStack(cdk.Stage(company, "live", env=self.ENV), "Site", settings=settings, posture=SANDBOX)
        assert Annotations.from_stack(stack).find_error("*", ANY) == []

    def test_a_stage_says_where_its_stacks_are(self, company: cdk.App) -> None:
        live = Stage(name="live", account="111122223333", region="eu-west-1", settings={"EcrStack": EcrSettings()})
        [stack] = [each for each in add_stage(company, [EcrStack], live).node.children if isinstance(each, cdk.Stack)]
        assert (stack.stack_name, stack.account, stack.region) == ("live-EcrStack", "111122223333", "eu-west-1")
