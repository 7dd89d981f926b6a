"""Every pattern with a network can be in a VPC that exists, and changes nothing in it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from patternbook import PatternStack
from patternbook.app import add_stage
from patternbook.posture import SANDBOX
from patternbook.settings.loading import load_settings
from patternbook.settings.stages import Stage
from patternbook.testing.options import EXISTING_VPC
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import refusal, unchecked_app
from tests.book import book_app, patterns_with, settings_of, stage_of

PATTERNS = [pattern.__name__ for pattern in patterns_with("existing VPC")]
TIERS = ("public_subnets", "private_subnets", "isolated_subnets")
SUBNETS: Mapping[str, str] = {subnet: tier for tier in TIERS for subnet in EXISTING_VPC[tier].values()}
OF_THE_VPC = {
    *("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::NatGateway"),
    *("AWS::EC2::FlowLog", "AWS::EC2::InternetGateway", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::EIP"),
}
INTERNET_FACING = {"FargateEfsStack", "EcsEc2Stack", "EcsManagedInstancesStack"}
DATA_ONLY = {"AuroraServerlessStack"}
WITH_DATA = {"FargateEfsStack", "EcsEc2Stack", "EksManagedNodesStack", "EksFargateStack", *DATA_ONLY}
PUBLIC = EXISTING_VPC["public_subnets"]
PRIVATE = EXISTING_VPC["private_subnets"]
ONE_AZ = {"eu-west-1a": PRIVATE["eu-west-1a"]}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> cdk.App:
    """Every pattern in the VPC, in production, with everything that it can have there."""
    stage = stage_of("production", settings_of("production", "existing VPC"), nested=False)
    return book_app(stage, tmp_path_factory.mktemp("vpc"), checked=False)


@pytest.fixture(scope="module")
def stacks(book: cdk.App) -> Mapping[str, Reading]:
    return {each.node.id: Reading(each) for each in book.node.children if isinstance(each, PatternStack)}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def users(stack: Reading) -> dict[str, set[str]]:
    """The types of the resources with a subnet, each with the tiers of its subnets."""
    found: dict[str, set[str]] = {}
    for resource in stack.resources.values():
        tiers = {SUBNETS[text] for text in texts(resource.body.get("Properties", {})) if text in SUBNETS}
        if tiers:
            found.setdefault(resource.type, set()).update(tiers)
    return found


def test_the_patterns_are_those_with_a_vpc_of_their_own() -> None:
    assert set(PATTERNS) == {each.__name__ for each in app.PATTERNS if "vpc_cidr" in each.settings_type.model_fields}


@pytest.mark.parametrize("name", PATTERNS)
class TestEveryPattern:
    def test_nothing_in_the_vpc_is_made_or_changed(self, name: str, stacks: Mapping[str, Reading]) -> None:
        stack = stacks[name]
        assert not {each.type for each in stack.resources.values()} & OF_THE_VPC
        assert all("RouteTableId" not in json.dumps(each.body) for each in stack.resources.values())
        endpoints = stack.all("AWS::EC2::VPCEndpoint")
        # Without private ingress, App Runner needs none either. A private DNS name would be for the whole VPC.
        assert len(endpoints) == (name == "AppRunnerStack")
        assert all(endpoint["PrivateDnsEnabled"] is False for endpoint in endpoints)

    def test_every_resource_is_in_the_given_vpc_and_its_subnets(self, name: str, stacks: Mapping[str, Reading]) -> None:
        stack = stacks[name]
        groups = stack.all("AWS::EC2::SecurityGroup")
        assert groups
        assert {group["VpcId"] for group in groups} == {EXISTING_VPC["vpc_id"]}
        found = {text for each in stack.resources.values() for text in texts(each.body) if text.startswith("subnet-")}
        subnets = {subnet for text in found for subnet in text.split(",")}  # the definition of a workflow has a list
        assert subnets <= SUBNETS.keys()
        expected = set() if name in DATA_ONLY else {"private_subnets"}
        expected |= {"public_subnets"} if name in INTERNET_FACING else set()
        expected |= {"isolated_subnets"} if name in WITH_DATA else set()
        assert {SUBNETS[subnet] for subnet in subnets} == expected

    def test_each_tier_has_its_own_resources(self, name: str, stacks: Mapping[str, Reading]) -> None:
        tiers = {
            "AWS::EFS::MountTarget": {"isolated_subnets"},
            "AWS::FSx::FileSystem": {"isolated_subnets"},
            "AWS::RDS::DBSubnetGroup": {"isolated_subnets"},
            "AWS::ElasticLoadBalancingV2::LoadBalancer": {
                "public_subnets" if name in INTERNET_FACING else "private_subnets"
            },
        }
        for resource_type, found in users(stacks[name]).items():
            assert found == tiers.get(resource_type, {"private_subnets"}), resource_type

    def test_the_cdk_warns_of_nothing_in_the_vpc(self, name: str, book: cdk.App, stacks: Mapping[str, Reading]) -> None:
        # Annotations.from_stack would synthesize the whole book again for each pattern.
        messages = book.synth().get_stack_artifact(stacks[name].stack.artifact_id).messages
        assert not [each.entry.data for each in messages if "subnet" in str(each.entry.data)]


def test_data_is_in_private_subnets_where_there_are_no_isolated_ones(tmp_path: Path) -> None:
    vpc = {name: value for name, value in EXISTING_VPC.items() if name != "isolated_subnets"}
    given: dict[str, dict[str, Any]] = {
        "FargateEfsStack": {"vpc": vpc},
        "EksManagedNodesStack": {"vpc": vpc, "storage": ["efs", "fsx-lustre", "fsx-ontap"]},
        "AuroraServerlessStack": {"vpc": vpc},
    }
    made = book_app(stage_of("sandbox", given), tmp_path, checked=False)
    for each in made.node.children:
        if isinstance(each, PatternStack):
            stack = Reading(each)
            found = users(stack)
            data = {"AWS::EFS::MountTarget", "AWS::FSx::FileSystem", "AWS::RDS::DBSubnetGroup"} & found.keys()
            assert data
            assert all(found[resource_type] == {"private_subnets"} for resource_type in data)
            assert len(stack.all("AWS::EFS::MountTarget")) == 2 * (each.node.id not in DATA_ONLY)


def test_groups_that_admit_the_whole_vpc_admit_its_cidr_blocks(stacks: Mapping[str, Reading]) -> None:
    blocks = set(EXISTING_VPC["cidr_blocks"])
    for name, description in (("AppRunnerStack", "Endpoint of App Runner"), ("EcsExpressStack", "Tasks")):
        rules = [rule for group, rule in stacks[name].inbound() if group["GroupDescription"] == description]
        assert {rule["CidrIp"] for rule in rules} == blocks


def test_without_cidr_blocks_they_admit_private_networks(tmp_path: Path) -> None:
    vpc = {**EXISTING_VPC, "cidr_blocks": []}
    made = book_app(stage_of("sandbox", {"EcsExpressStack": {"vpc": vpc}}), tmp_path, checked=False)
    [stack] = [Reading(each) for each in made.node.children if isinstance(each, PatternStack)]
    found = {rule["CidrIp"] for _, rule in stack.inbound()}
    assert found == {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
    assert users(stack) == {"AWS::ECS::ExpressGatewayService": {"public_subnets"}}


@pytest.mark.parametrize(
    ("blocks", "services"),
    [
        ([], "172.20.0.0/16"),
        (["10.20.0.0/16", "172.20.0.0/16"], "10.100.0.0/16"),
        (["10.100.0.0/16", "172.20.4.0/22"], "172.21.0.0/16"),
    ],
)
def test_addresses_of_kubernetes_services_are_outside_of_the_vpc(
    tmp_path: Path, blocks: list[str], services: str
) -> None:
    vpc = {**EXISTING_VPC, "cidr_blocks": blocks}
    made = book_app(stage_of("sandbox", {"EksSelfManagedNodesStack": {"vpc": vpc}}), tmp_path, checked=False)
    [stack] = [Reading(each) for each in made.node.children if isinstance(each, PatternStack)]
    assert stack.one("AWS::EKS::Cluster")["KubernetesNetworkConfig"]["ServiceIpv4Cidr"] == services


def test_the_consumer_of_an_endpoint_service_is_in_the_zones_of_the_service(tmp_path: Path) -> None:
    given = {"consumer": True, "acceptance_required": False}
    zones = {"existing": {"vpc": EXISTING_VPC}, "chosen": {"availability_zones": ["eu-west-1a", "eu-west-1c"]}}
    for name, chosen in zones.items():
        settings = {"FargatePrivateLinkStack": {**given, **chosen}}
        made = book_app(stage_of("sandbox", settings), tmp_path / name, checked=False)
        [stack] = [Reading(each) for each in made.node.children if isinstance(each, PatternStack)]
        assert {each["AvailabilityZone"] for each in stack.all("AWS::EC2::Subnet")} == {"eu-west-1a", "eu-west-1c"}
        consumers = [each for each in stack.all("AWS::EC2::VPC") if each["CidrBlock"] == "10.1.0.0/24"]
        assert len(consumers) == 1


class TestMistakes:
    """Each message names the setting, the value given, what it must be and what to do."""

    @pytest.mark.parametrize(
        ("pattern", "vpc", "expected"),
        [
            pytest.param(
                "FargateEfsStack",
                {"private_subnets": PRIVATE},
                ["public_subnets must have a subnet in each of at least 2 AZs, got none", "load balancers that face"],
                id="no tier for the load balancer",
            ),
            pytest.param(
                "EksFargateStack", {"public_subnets": PUBLIC}, ["private_subnets must have"], id="no tier for nodes"
            ),
            pytest.param(
                "EcsExpressStack", {"private_subnets": PRIVATE}, ["public_subnets must have"], id="Express in public"
            ),
            pytest.param(
                "FargatePrivateLinkStack",
                {"private_subnets": ONE_AZ},
                ["private_subnets must have subnets in at least 2 AZs, got eu-west-1a"],
                id="one AZ",
            ),
            pytest.param(
                "FargateEfsStack",
                {"public_subnets": PUBLIC, "private_subnets": PRIVATE, "isolated_subnets": PRIVATE},
                ["each subnet only once", *PRIVATE.values()],
                id="a subnet twice",
            ),
            pytest.param(
                "FargateEfsStack",
                {"public_subnets": PUBLIC, "private_subnets": dict(zip("ab", PRIVATE.values(), strict=True))},
                ['the name of an AZ such as "eu-west-1a"'],
                id="no names of AZs",
            ),
            pytest.param(
                "FargateEfsStack",
                {
                    "public_subnets": PUBLIC,
                    "private_subnets": {"eu-west-1a": "subnet-0000000a", "eu-west-1b": "subnet-0000000b"},
                },
                ["private_subnets must be in the same AZs as public_subnets (eu-west-1a, eu-west-1c)", "eu-west-1b"],
                id="tiers of other AZs",
            ),
            pytest.param(
                "EksFargateStack",
                {"private_subnets": {"eu-west-1a": "subnet-0000000a", "us-east-1b": "subnet-0000000b"}},
                ["AZs must be of one Region, got AZs of eu-west-1, us-east-1"],
                id="two Regions",
            ),
        ],
    )
    def test_a_vpc_that_does_not_suit_the_pattern(self, pattern: str, vpc: dict[str, Any], expected: list[str]) -> None:
        given: dict[str, Any] = {"vpc": {"vpc_id": EXISTING_VPC["vpc_id"], **vpc}}
        message = " ".join(refusal(named(pattern), **given).values())
        assert [part for part in expected if part not in message] == [], message

    def test_all_mistakes_are_in_one_message(self) -> None:
        vpc = {
            "vpc_id": EXISTING_VPC["vpc_id"],
            "private_subnets": {"eu-west-1a": "subnet-0000000a"},
            "isolated_subnets": {"us-east-1a": "subnet-0000000a", "eu-west-1b": "subnet-0000000c"},
        }
        found = refusal(
            named("FargateEfsStack"), vpc=vpc, vpc_cidr="10.1.0.0/16", availability_zones=["eu-west-1a", "eu-west-1b"]
        )
        for part in (
            "public_subnets must have",
            "private_subnets must have subnets in at least 2 AZs",
            "isolated_subnets must be in the same AZs as private_subnets",
            "each subnet only once",
            "AZs of eu-west-1, us-east-1",
            "together with vpc_cidr",
            "together with availability_zones",
        ):
            assert part in found["vpc"]

    def test_wrong_ids_and_missing_tiers_are_in_one_message(self) -> None:
        vpc = {
            "vpc_id": "vpc",
            "private_subnets": {"eu-west-1a": "subnet-0000000a", "eu-west-1b": "eni-0000000b"},
            "a": 1,
        }
        found = refusal(named("FargateEfsStack"), vpc=vpc)
        assert found["vpc"].startswith("public_subnets must have a subnet in each of at least 2 AZs, got none.")
        assert found["vpc.vpc_id"].startswith("Must be the id of a VPC")
        assert found["vpc.private_subnets.eu-west-1b"].startswith("Must be the id of a subnet")
        assert found["vpc.a"].startswith("Unknown setting.")

    @pytest.mark.parametrize(("name", "refused"), [("EksFargateStack", False), ("FargateEfsStack", True)])
    def test_a_tier_that_the_pattern_does_not_use_may_be_in_other_zones(self, name: str, refused: bool) -> None:
        vpc = {**EXISTING_VPC, "public_subnets": {"eu-west-1b": "subnet-0000000b"}}
        if refused:
            assert "same AZs as public_subnets" in refusal(named(name), vpc=vpc)["vpc"]
        else:
            settings: Any = load_settings(named(name).settings_type, {"vpc": vpc})
            assert settings.vpc.public_subnets == {}
            assert settings.vpc.private_subnets == PRIVATE

    def test_private_express_services_need_private_subnets_only(self) -> None:
        vpc = {"vpc_id": EXISTING_VPC["vpc_id"], "private_subnets": PRIVATE}
        load_settings(named("EcsExpressStack").settings_type, {"vpc": vpc, "private_ingress": True})

    def test_a_standby_of_ontap_would_change_route_tables(self) -> None:
        given = {"vpc": EXISTING_VPC, "storage": ["fsx-ontap"], "alarm_email": "ops@example.com"}
        found = refusal(named("EksManagedNodesStack"), posture="production", **given)
        assert found["storage"].startswith("FSx for ONTAP has a standby in production")

    @pytest.mark.parametrize(
        ("zones", "expected"),
        [
            (["eu-west-1a"], "at least 2 AZs, got 1"),
            (["eu-west-1a", 2], "either names or numbers"),
            ([1, 1], "each AZ only once"),
            ([0, 1], "begin with 1"),
            ([1, 7], "end with 6"),
            ([True, 2], "or its number from 1"),
            ([1.0, 2], "or its number from 1"),
            (["use1-az1", "use1-az2"], 'the name of an AZ such as "eu-west-1a"'),
            (["us-west-2-lax-1a", "us-west-2-lax-1b"], 'the name of an AZ such as "eu-west-1a"'),
            (["eu-west-1a", "us-east-1a"], "one Region"),
            ([1, 2, 3, 4], "a list of two or three AZs"),
            ("eu-west-1a", "a list of two or three AZs"),
        ],
    )
    def test_zones_that_cannot_be(self, zones: Any, expected: str) -> None:
        found = refusal(named("EksFargateStack"), availability_zones=zones)
        assert expected in " ".join(found.values())

    @pytest.mark.parametrize("given", [{"vpc": EXISTING_VPC}, {"availability_zones": ["eu-west-1a", "eu-west-1c"]}])
    def test_zones_of_another_region_than_the_stacks(self, given: dict[str, Any]) -> None:
        pattern = named("FargatePrivateLinkStack")
        settings = load_settings(pattern.settings_type, given)
        for region, refused in (("us-east-1", True), ("eu-west-1", False)):
            stage = Stage(name=region, region=region, posture=SANDBOX, settings={pattern.__name__: settings})
            [stack] = add_stage(unchecked_app(), [pattern], stage).node.children
            errors = [
                entry.data for each in stack.node.find_all() for entry in each.node.metadata if "error" in entry.type
            ]
            assert bool(errors) == refused
            assert all("must have AZs of us-east-1, the Region of the stack" in str(each) for each in errors)


def named(name: str) -> type[PatternStack]:
    return next(each for each in app.PATTERNS if each.__name__ == name)
