"""EC2 networks in the emulated account: addresses, NAT gateways, flow logs and security groups."""

from typing import Any

import pytest

from rehearsal.account import ACCOUNT_ID
from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    tags,
    trust,
    without_aws_tags,
)


def test_addresses_and_nat_gateways(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "Address": of("EC2::EIP", Domain="vpc", Tags=tags(Name=name)),
            "Gateway": of(
                "EC2::NatGateway",
                AllocationId=get_att("Address", "AllocationId"),
                SubnetId=ref("Subnet"),
                Tags=tags(Name=name),
            ),
        }

    def read() -> Any:
        ec2 = stack.client("ec2")
        address = only(ec2.describe_addresses()["Addresses"])
        gateway = only(ec2.describe_nat_gateways(NatGatewayIds=[stack.id_of("Gateway")])["NatGateways"])
        assert gateway["SubnetId"] == stack.id_of("Subnet")
        assert stack.id_of("Address") == address["PublicIp"]
        attached = only(gateway["NatGatewayAddresses"])
        for name in ("AllocationId", "AssociationId", "PublicIp"):
            assert attached[name] == address[name]
        return gateway["State"], without_aws_tags(address["Tags"]), without_aws_tags(gateway["Tags"])

    first, second = check_life_cycle(stack, resources("one"), resources("two"), read)
    assert first == ("available", tags(Name="one"), tags(Name="one"))
    assert second == ("available", tags(Name="two"), tags(Name="two"))


def test_deleting_a_nat_gateway_frees_its_address(stack: Stack) -> None:
    address = {**NETWORK, "Address": of("EC2::EIP", Domain="vpc")}
    gateway = of("EC2::NatGateway", AllocationId=get_att("Address", "AllocationId"), SubnetId=ref("Subnet"))
    stack.deploy({**address, "Gateway": gateway})
    with pytest.raises(AssertionError, match="already associated"):
        stack.deploy({**address, "Gateway": gateway, "Second": {**gateway, "DependsOn": "Gateway"}})
    stack.deploy(address)
    assert "AssociationId" not in only(stack.client("ec2").describe_addresses()["Addresses"])


def test_flow_logs(stack: Stack) -> None:
    def resources(traffic: str, name: str) -> Resources:
        return {
            **NETWORK,
            "Logs": of("Logs::LogGroup", RetentionInDays=7),
            "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("vpc-flow-logs.amazonaws.com")),
            "FlowLog": of(
                "EC2::FlowLog",
                DeliverLogsPermissionArn=get_att("Role", "Arn"),
                LogDestinationType="cloud-watch-logs",
                LogGroupName=ref("Logs"),
                ResourceId=ref("Vpc"),
                ResourceType="VPC",
                Tags=tags(Name=name),
                TrafficType=traffic,
            ),
        }

    def read() -> Any:
        log = only(stack.client("ec2").describe_flow_logs(FlowLogIds=[stack.id_of("FlowLog")])["FlowLogs"])
        assert log["ResourceId"] == stack.id_of("Vpc")
        assert log["LogGroupName"] == stack.id_of("Logs")
        assert log["DeliverLogsPermissionArn"] == f"arn:aws:iam::{ACCOUNT_ID}:role/{stack.id_of('Role')}"
        names = ("FlowLogStatus", "LogDestinationType", "MaxAggregationInterval", "TrafficType")
        return {name: log[name] for name in names}, without_aws_tags(log["Tags"])

    settings = {
        "FlowLogStatus": "ACTIVE",
        "LogDestinationType": "cloud-watch-logs",
        "MaxAggregationInterval": 600,
        "TrafficType": "ALL",
    }
    first, second = check_life_cycle(stack, resources("ALL", "one"), resources("REJECT", "two"), read)
    assert first == (settings, tags(Name="one"))
    assert second == ({**settings, "TrafficType": "REJECT"}, tags(Name="two"))


NOWHERE = {
    "CidrIp": "255.255.255.255/32",
    "Description": "nowhere",
    "FromPort": 252,
    "IpProtocol": "icmp",
    "ToPort": 86,
}


def test_tags_of_a_flow_log_are_updated_in_place(stack: Stack) -> None:
    log = {"LogDestination": "arn:aws:s3:::some", "LogDestinationType": "s3", "ResourceId": ref("Vpc")}

    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "FlowLog": of("EC2::FlowLog", **log, ResourceType="VPC", TrafficType="ALL", Tags=tags(Name=name)),
        }

    def read() -> Any:
        found = only(stack.client("ec2").describe_flow_logs(FlowLogIds=[stack.id_of("FlowLog")])["FlowLogs"])
        return found["FlowLogId"], found["LogDestination"], without_aws_tags(found["Tags"])

    first, second = check_life_cycle(stack, resources("one"), resources("two"), read)
    assert first[0] == second[0]
    assert first[1:] == ("arn:aws:s3:::some", tags(Name="one"))
    assert second[2] == tags(Name="two")


def test_rules_of_security_groups(stack: Stack) -> None:
    def resources(description: str | None, port: int) -> Resources:
        described = {"Description": description} if description else {}
        tcp = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **described}
        return {
            **NETWORK,
            "Other": of(
                "EC2::SecurityGroup", GroupDescription="Other", VpcId=ref("Vpc"), SecurityGroupEgress=[NOWHERE]
            ),
            "In": of(
                "EC2::SecurityGroupIngress",
                GroupId=get_att("Group", "GroupId"),
                SourceSecurityGroupId=get_att("Other", "GroupId"),
                **tcp,
            ),
            "Range": of("EC2::SecurityGroupIngress", GroupId=get_att("Group", "GroupId"), CidrIp="192.0.2.0/24", **tcp),
            "Out": of(
                "EC2::SecurityGroupEgress",
                GroupId=get_att("Other", "GroupId"),
                DestinationSecurityGroupId=get_att("Group", "GroupId"),
                **tcp,
            ),
        }

    def read() -> Any:
        groups = {stack.id_of(name): name for name in ("Group", "Other")}
        rules = stack.client("ec2").describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": list(groups)}]
        )["SecurityGroupRules"]
        return {
            (
                groups[rule["GroupId"]],
                "out" if rule["IsEgress"] else "in",
                groups.get(rule.get("ReferencedGroupInfo", {}).get("GroupId")) or rule.get("CidrIpv4"),
                rule["FromPort"],
                rule.get("Description"),
            )
            for rule in rules
        }

    first, second = check_life_cycle(stack, resources("first", 443), resources(None, 8443), read)
    always = {("Group", "out", "0.0.0.0/0", -1, None), ("Other", "out", "255.255.255.255/32", 252, "nowhere")}
    assert first - always == {
        ("Group", "in", "Other", 443, "first"),
        ("Group", "in", "192.0.2.0/24", 443, "first"),
        ("Other", "out", "Group", 443, "first"),
    }
    assert second - always == {
        ("Group", "in", "Other", 8443, None),
        ("Group", "in", "192.0.2.0/24", 8443, None),
        ("Other", "out", "Group", 8443, None),
    }


def test_the_description_of_a_rule_is_updated_in_place(stack: Stack) -> None:
    def resources(**described: str) -> Resources:
        rule = {"CidrIp": "192.0.2.0/24", "GroupId": get_att("Group", "GroupId"), "IpProtocol": "-1", **described}
        return {**NETWORK, "Rule": of("EC2::SecurityGroupIngress", **rule)}

    def read() -> Any:
        rule_id = stack.id_of("Rule")
        rules = stack.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[rule_id])
        return rule_id, only(rules["SecurityGroupRules"]).get("Description")

    (rule_id, first), (same_id, second) = check_life_cycle(stack, resources(Description="one"), resources(), read)
    assert rule_id == same_id
    assert (first, second) == ("one", None)


def test_the_first_egress_rule_removes_the_default_rule(stack: Stack) -> None:
    everything = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}
    groups = {
        "Silent": of("EC2::SecurityGroup", GroupDescription="Silent", VpcId=ref("Vpc")),
        "Declared": of(
            "EC2::SecurityGroup", GroupDescription="Declared", SecurityGroupEgress=[everything], VpcId=ref("Vpc")
        ),
    }
    https = {"CidrIp": "192.0.2.0/24", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = {
        f"{name}Rule": of("EC2::SecurityGroupEgress", GroupId=get_att(name, "GroupId"), **https) for name in groups
    }

    def out(name: str) -> list[str]:
        found = stack.client("ec2").describe_security_groups(GroupIds=[stack.id_of(name)])["SecurityGroups"]
        return [rule["IpRanges"][0]["CidrIp"] for rule in only(found)["IpPermissionsEgress"]]

    stack.deploy({**NETWORK, **groups})
    assert out("Silent") == out("Declared") == ["0.0.0.0/0"]
    stack.deploy({**NETWORK, **groups, **rules})
    assert out("Silent") == ["192.0.2.0/24"]
    assert out("Declared") == ["0.0.0.0/0", "192.0.2.0/24"]


def test_attributes_of_networks(stack: Stack) -> None:
    resources = {
        **NETWORK,
        **{
            name: of("SSM::Parameter", Type="String", Value=value)
            for name, value in {
                "Range": get_att("Vpc", "CidrBlock"),
                "SubnetRange": get_att("Subnet", "CidrBlock"),
                "SubnetVpc": get_att("Subnet", "VpcId"),
            }.items()
        },
    }
    stack.deploy(resources)
    ssm = stack.client("ssm")
    values = [
        ssm.get_parameter(Name=stack.id_of(name))["Parameter"]["Value"]
        for name in ("Range", "SubnetRange", "SubnetVpc")
    ]
    assert values == ["10.0.0.0/16", "10.0.0.0/20", stack.id_of("Vpc")]
