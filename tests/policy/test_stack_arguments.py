"""Every pattern as a company has it: a copy with another id, and every standard argument of a stack."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_logs as logs
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

import app
from patternbook import PatternStack
from patternbook.settings.stages import Stage
from tests.book import book_app, settings_of, stage_of
from tests.policy.conftest import Templates
from tests.policy.test_stages import SET_BY_USERS, identities

PATTERNS: Final[Sequence[type[PatternStack]]] = list(app.PATTERNS)
TOPIC: Final = "arn:aws:sns:eu-west-1:111122223333:events"
TAGGED_BY_STACK_ONLY: Final = {("AWS::SSM::Parameter", "EksClusterKubectlReadyBarrierA32D1E84")}
"""Resources that the CDK makes without its tags. CloudFormation adds the tags of ``cdk.StackProps`` to them."""
GLOBAL: Final = ("AWS::IAM::", "AWS::S3::Bucket", "AWS::CloudFront::", "AWS::Route53::")
"""Services whose names are unique in all Regions of an account, or in all accounts."""

Resources = Mapping[str, Mapping[str, Any]]


@jsii.implements(cdk.IPropertyInjector)
class Injector:
    """Counts the log groups of a stack, whose properties a company could change here."""

    def __init__(self) -> None:
        self.calls = 0

    @property
    def construct_unique_id(self) -> str:
        return logs.LogGroup.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, scope: Any, id: str) -> Any:  # noqa: A002, ARG002 - the CDK's signature
        self.calls += 1
        return original_props


class Copies:
    """A copy of every pattern, in an app of a company. They are in production, with every option."""

    def __init__(self, outdir: Path) -> None:
        book = book_app(Stage(settings={}), outdir, checked=False)
        stage = stage_of("production", settings_of("production", "every option"))
        self.injectors = {pattern.__name__: Injector() for pattern in app.PATTERNS}
        for pattern in PATTERNS:
            stack = pattern(
                book,
                f"Copy{pattern.__name__}",
                settings=stage.settings[pattern.__name__],
                posture=stage.posture,
                analytics_reporting=True,
                cross_region_references=True,
                description="A copy",
                notification_arns=[TOPIC],
                permissions_boundary=cdk.PermissionsBoundary.from_name("boundary"),
                property_injectors=[self.injectors[pattern.__name__]],
                stack_name=f"team-{pattern.__name__}",
                suppress_template_indentation=True,
                synthesizer=cdk.DefaultStackSynthesizer(qualifier="company"),
                tags={"team": "web"},
                termination_protection=False,
            )
            cdk.Tags.of(stack).add("cost-center", "4711")
        self.assembly = book.synth()

    def artifact(self, pattern: type[PatternStack]) -> cdk.cx_api.CloudFormationStackArtifact:
        return self.assembly.get_stack_by_name(f"team-{pattern.__name__}")

    def resources(self, pattern: type[PatternStack]) -> Resources:
        return json.loads(Path(self.artifact(pattern).template_full_path).read_text(encoding="utf-8"))["Resources"]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    return Copies(tmp_path_factory.mktemp("copies"))


@pytest.mark.parametrize("pattern", app.PATTERNS, ids=lambda pattern: pattern.__name__)
class TestEveryPattern:
    def test_the_arguments_reach_the_stack(self, pattern: type[PatternStack], copies: Copies) -> None:
        artifact = copies.artifact(pattern)
        assert dict(artifact.tags) == {"team": "web"}
        assert artifact.notification_arns == [TOPIC]
        assert artifact.termination_protection is False
        assert "company" in str(artifact.assume_role_arn)
        text = Path(artifact.template_full_path).read_text(encoding="utf-8")
        assert "\n" not in text.strip()
        assert json.loads(text)["Description"] == "A copy"
        assert "CDKMetadata" in copies.resources(pattern)

    def test_property_injectors_see_its_constructs(self, pattern: type[PatternStack], copies: Copies) -> None:
        made = [each for each in copies.resources(pattern).values() if each["Type"] == "AWS::Logs::LogGroup"]
        assert copies.injectors[pattern.__name__].calls >= len(made) > 0 or not made

    def test_every_role_has_the_permissions_boundary(self, pattern: type[PatternStack], copies: Copies) -> None:
        for name, each in copies.resources(pattern).items():
            if each["Type"] in ("AWS::IAM::Role", "AWS::IAM::User"):
                assert "policy/boundary" in json.dumps(each["Properties"].get("PermissionsBoundary")), name

    def test_tags_reach_every_resource_that_takes_them(self, pattern: type[PatternStack], copies: Copies) -> None:
        untagged = {
            (each["Type"], name)
            for name, each in copies.resources(pattern).items()
            if (tags := tags_property(each["Type"])) and "4711" not in json.dumps(each.get("Properties", {}).get(tags))
        }
        assert untagged <= TAGGED_BY_STACK_ONLY

    def test_instances_and_volumes_of_launch_templates_have_all_tags(
        self, pattern: type[PatternStack], copies: Copies
    ) -> None:
        """Those of the stack, too, which CloudFormation adds to the launch template only."""
        for each in copies.resources(pattern).values():
            if each["Type"] == "AWS::EC2::LaunchTemplate":
                specifications = each["Properties"]["LaunchTemplateData"]["TagSpecifications"]
                assert {one["ResourceType"] for one in specifications} == {"instance", "volume"}
                for one in specifications:
                    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
                    assert (tags["team"], tags["cost-center"]) == ("web", "4711")

    def test_tasks_and_instances_of_ecs_have_the_tags(self, pattern: type[PatternStack], copies: Copies) -> None:
        for each in copies.resources(pattern).values():
            properties = each.get("Properties", {})
            if each["Type"] == "AWS::ECS::Service":
                assert properties["PropagateTags"] == "SERVICE"
            if each["Type"] == "AWS::ECS::CapacityProvider" and "ManagedInstancesProvider" in properties:
                assert properties["ManagedInstancesProvider"]["PropagateTags"] == "CAPACITY_PROVIDER"

    def test_a_copy_in_the_same_account_shares_no_name(
        self, pattern: type[PatternStack], copies: Copies, templates: Templates
    ) -> None:
        """Except for those that users choose, of which the stack warns."""
        original = templates("production", "every option")[pattern.__name__]
        shared = identities(original) & identities({"Resources": copies.resources(pattern)})
        assert {resource_type for resource_type, *_ in shared} <= SET_BY_USERS

    def test_a_copy_in_another_region_shares_no_name(self, pattern: type[PatternStack], templates: Templates) -> None:
        """The same stack can be deployed to two Regions: no global resource has a fixed name, unless AWS pins it."""
        fixed = {
            each for each in identities(templates("production", "every option")[pattern.__name__]) if is_global(each[0])
        }
        pinned = stage_of("sandbox", {pattern.__name__: {}}).settings[pattern.__name__].pinned_region
        assert not fixed or pinned


def test_every_pattern_can_be_in_two_regions_of_one_app(tmp_path: Path) -> None:
    """Each stack names only its own Region, and the names of its global resources are its own."""
    book = book_app(Stage(settings={}), tmp_path, checked=False)
    stage = stage_of("production", settings_of("production", "defaults"))
    regions = {"eu-west-1": "eu-central-1", "eu-central-1": "eu-west-1"}
    for region in regions:
        for pattern in PATTERNS:
            pattern(
                book,
                f"{pattern.__name__}-{region}",
                settings=stage.settings[pattern.__name__],
                posture=stage.posture,
                env=cdk.Environment(account="111122223333", region=region),
            )
    assembly = book.synth()
    for pattern in PATTERNS:
        written = {
            region: Path(assembly.get_stack_by_name(f"{pattern.__name__}-{region}").template_full_path).read_text(
                "utf-8"
            )
            for region in regions
        }
        if not stage.settings[pattern.__name__].pinned_region:
            assert not [region for region, other in regions.items() if other in written[region]], pattern
        one, two = ({each for each in identities(json.loads(text)) if is_global(each[0])} for text in written.values())
        assert one & two == set()


def is_global(resource_type: str) -> bool:
    return resource_type.startswith(GLOBAL)


def tags_property(resource_type: str) -> str | None:
    """The property of a resource for its tags, from CloudFormation's schema. None if it takes none."""
    if resource_type.startswith(("Custom::", "AWS::CDK::")):
        return None
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    tagging = schema.get("tagging", {})
    name = tagging.get("tagProperty", "/properties/Tags").rpartition("/")[2]
    return name if tagging.get("taggable", True) and name in schema["properties"] else None
