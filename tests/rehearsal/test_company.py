"""A pattern in the VPC, with the key and under the domain name of a company, whose account is not empty."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import HOSTED_ZONE_ID
from rehearsal.account import REGION, EmulatedAccount
from rehearsal.assemblies import CLI_CONTEXT
from rehearsal.cycle import Cycle
from rehearsal.late_failures import fail_first_deployment, fail_update
from rehearsal.plan import AS_CONFIGURED, CHANGED, SANDBOX
from rehearsal.plans import PLANS
from rehearsal.report import Report
from tests.book import book_app, stage_of
from tests.rehearsal.templates import Stack, of, ref

PATTERN = "FargateEfsStack"
TIERS = {"public_subnets": 0, "private_subnets": 10, "isolated_subnets": 20}
"""The tiers of the VPC, each with the third number of its first CIDR block."""
ZONES = ("a", "c")


def subnet_id(tier: str, zone: str) -> str:
    return f"{tier.title().replace('_', '')}{zone}"


def company_resources() -> dict[str, Any]:
    """A VPC with routes, and a key."""
    resources = {
        "Vpc": of("EC2::VPC", CidrBlock="10.20.0.0/16", EnableDnsHostnames=True, EnableDnsSupport=True),
        "Gateway": of("EC2::InternetGateway"),
        "Attachment": of("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
        "Routes": of("EC2::RouteTable", VpcId=ref("Vpc")),
        "Route": of(
            "EC2::Route", RouteTableId=ref("Routes"), DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("Gateway")
        ),
        "Key": of("KMS::Key", Description="Key of the company"),
    }
    for tier, first in TIERS.items():
        for number, zone in enumerate(ZONES):
            name = subnet_id(tier, zone)
            block = f"10.20.{first + number}.0/24"
            zone_name = f"{REGION}{zone}"
            resources[name] = of("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=block, AvailabilityZone=zone_name)
            resources[f"{name}Routes"] = of(
                "EC2::SubnetRouteTableAssociation", SubnetId=ref(name), RouteTableId=ref("Routes")
            )
    return resources


class Company:
    """What the account has before the pattern comes."""

    def __init__(self, account: EmulatedAccount, stack: Stack) -> None:
        self._session = account.session
        stack.deploy(company_resources())
        described = stack.cloudformation.describe_stack_resources(StackName="Types")["StackResources"]
        self._ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}
        self.key_id = self._ids["Key"]
        self.key_arn = self._session.client("kms").describe_key(KeyId=self.key_id)["KeyMetadata"]["Arn"]
        self.vpc = {
            "vpc_id": self._ids["Vpc"],
            **{tier: {f"{REGION}{zone}": self._ids[subnet_id(tier, zone)] for zone in ZONES} for tier in TIERS},
        }

    def state(self) -> dict[str, Any]:
        """Everything that a stack could change, as AWS describes it."""
        ec2, kms = self._session.client("ec2"), self._session.client("kms")
        of_vpc = {"Filters": [{"Name": "vpc-id", "Values": [self._ids["Vpc"]]}]}
        answers = {
            "vpc": ec2.describe_vpcs(VpcIds=[self._ids["Vpc"]])["Vpcs"],
            "subnets": ec2.describe_subnets(**of_vpc)["Subnets"],
            "routes": ec2.describe_route_tables(**of_vpc)["RouteTables"],
            "endpoints": ec2.describe_vpc_endpoints(**of_vpc)["VpcEndpoints"],
            "flow logs": ec2.describe_flow_logs()["FlowLogs"],
            "key": kms.describe_key(KeyId=self.key_id)["KeyMetadata"],
            "policy": kms.get_key_policy(KeyId=self.key_id, PolicyName="default")["Policy"],
        }
        for subnet in answers["subnets"]:
            del subnet["AvailableIpAddressCount"]  # network interfaces of the pattern take addresses
        return json.loads(json.dumps(answers, default=str))

    def groups(self) -> set[str]:
        groups = self._session.client("ec2").describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [self._ids["Vpc"]]}]
        )
        return {each["GroupName"] for each in groups["SecurityGroups"]}

    def records(self) -> set[str]:
        records = self._session.client("route53").list_resource_record_sets(HostedZoneId=HOSTED_ZONE_ID)
        return {f"{each['Name']} {each['Type']}" for each in records["ResourceRecordSets"]}


@pytest.fixture
def company(account: EmulatedAccount) -> Iterator[Company]:
    stack = Stack(account)
    yield Company(account, stack)
    stack.delete()


def test_a_pattern_lives_in_the_vpc_of_a_company_and_leaves_it_as_it_was(
    account: EmulatedAccount, company: Company, tmp_path: Path
) -> None:
    """These are the steps of a rehearsal that change something. Whether they are complete is tested elsewhere."""
    before, groups, records = company.state(), company.groups(), company.records()
    settings = {
        "vpc": company.vpc,
        "key_arn": company.key_arn,
        "domain_name": "files.example.com",
        "hosted_zone_id": HOSTED_ZONE_ID,
    }
    for folder, more in ((AS_CONFIGURED, {}), (CHANGED, PLANS[PATTERN].values)):
        chosen = stage_of(SANDBOX, {PATTERN: {**settings, **more}})
        book_app(chosen, tmp_path / folder, checked=False, **CLI_CONTEXT).synth()
    cycle = Cycle(account, tmp_path, SANDBOX, [PATTERN], Report(io.StringIO()))
    inventory = account.inventory()

    assert fail_first_deployment(cycle) == []
    cycle.deploy()
    cycle.check("check")
    assert company.state() == before
    assert company.records() == records | {f"files.example.com. {kind}" for kind in ("A", "AAAA")}
    assert company.groups() > groups
    [deployed] = cycle.stacks
    assert deployed.outputs["Url"] == "https://files.example.com"
    made = {each.type for each in deployed.resources()}
    assert not made & {"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Route", "AWS::KMS::Key"}
    [file_system] = account.session.client("efs").describe_file_systems()["FileSystems"]
    assert file_system["KmsKeyId"] == company.key_arn

    fail_update(cycle)
    cycle.update()
    assert cycle.destroy() == []
    cycle.check_nothing_left(inventory, [])
    assert (company.state(), company.records(), company.groups()) == (before, records, groups)
