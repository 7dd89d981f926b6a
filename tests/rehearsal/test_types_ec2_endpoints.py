"""VPC endpoints and endpoint services in the emulated account."""

from typing import Any

import pytest

from rehearsal.account import REGION
from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    load_balancer,
    network_load_balancer,
    of,
    only,
    ref,
    tags,
    without_aws_tags,
)


def test_endpoints(stack: Stack) -> None:
    def resources(private_dns: bool) -> Resources:
        return {
            **NETWORK,
            "Endpoint": of(
                "EC2::VPCEndpoint",
                PrivateDnsEnabled=private_dns,
                SecurityGroupIds=[get_att("Group", "GroupId")],
                ServiceName=f"com.amazonaws.{REGION}.ecr.api",
                SubnetIds=[ref("Subnet")],
                VpcEndpointType="Interface",
                VpcId=ref("Vpc"),
            ),
        }

    def read() -> Any:
        found = stack.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[stack.id_of("Endpoint")])
        endpoint = only(found["VpcEndpoints"])
        assert only(endpoint["Groups"])["GroupId"] == stack.id_of("Group")
        assert endpoint["SubnetIds"] == [stack.id_of("Subnet")]
        return endpoint["PrivateDnsEnabled"], endpoint["VpcEndpointType"], endpoint["ServiceName"]

    first, second = check_life_cycle(stack, resources(True), resources(False), read)
    assert first == (True, "Interface", "com.amazonaws.us-east-1.ecr.api")
    assert second == (False, *first[1:])


def endpoint_service(**settings: Any) -> Resources:
    return {
        **network_load_balancer(),
        "Service": of("EC2::VPCEndpointService", NetworkLoadBalancerArns=[ref("Balancer")], **settings),
    }


def described_service(stack: Stack) -> dict[str, Any]:
    found = stack.client("ec2").describe_vpc_endpoint_service_configurations(ServiceIds=[stack.id_of("Service")])
    return only(found["ServiceConfigurations"])


def test_endpoint_services(stack: Stack) -> None:
    def read() -> Any:
        service = described_service(stack)
        assert service["NetworkLoadBalancerArns"] == [stack.id_of("Balancer")]
        assert service["ServiceName"] == f"com.amazonaws.vpce.{REGION}.{stack.id_of('Service')}"
        name, verification = service.get("PrivateDnsName"), service.get("PrivateDnsNameConfiguration", {})
        return service["AcceptanceRequired"], name, verification.get("State"), without_aws_tags(service["Tags"])

    first, second = check_life_cycle(
        stack,
        endpoint_service(AcceptanceRequired=False, PrivateDnsName="api.example.com", Tags=tags(Name="one")),
        endpoint_service(Tags=tags(Name="two")),
        read,
    )
    assert first == (False, "api.example.com", "pendingVerification", tags(Name="one"))
    assert second == (True, None, None, tags(Name="two"))


def test_an_endpoint_service_has_a_verification_record_for_its_private_dns_name(stack: Stack) -> None:
    parameters = {
        name: of("SSM::Parameter", Type="String", Value=get_att("Service", f"PrivateDnsNameConfiguration.{name}"))
        for name in ("Name", "Value")
    }
    stack.deploy({**endpoint_service(PrivateDnsName="api.example.com"), **parameters})
    ssm, verification = stack.client("ssm"), described_service(stack)["PrivateDnsNameConfiguration"]
    for name in parameters:
        assert ssm.get_parameter(Name=stack.id_of(name))["Parameter"]["Value"] == verification[name]


def test_an_endpoint_service_requires_a_network_load_balancer(stack: Stack) -> None:
    service = of("EC2::VPCEndpointService", NetworkLoadBalancerArns=[ref("Balancer")])
    with pytest.raises(AssertionError, match="is not a Network Load Balancer"):
        stack.deploy({**load_balancer(), "Service": service})


def test_permissions_of_endpoint_services(stack: Stack) -> None:
    def resources(*accounts: str) -> Resources:
        principals = [f"arn:aws:iam::{account}:root" for account in accounts]
        permissions = of("EC2::VPCEndpointServicePermissions", AllowedPrincipals=principals, ServiceId=ref("Service"))
        return {**endpoint_service(), "Permissions": permissions}

    def read() -> Any:
        found = stack.client("ec2").describe_vpc_endpoint_service_permissions(ServiceId=stack.id_of("Service"))
        return [item["Principal"] for item in found["AllowedPrincipals"]]

    first, second = check_life_cycle(stack, resources("111122223333"), resources("111122223333", "444455556666"), read)
    assert first == ["arn:aws:iam::111122223333:root"]
    assert second == [*first, "arn:aws:iam::444455556666:root"]
    assert check_life_cycle(stack, resources("111122223333"), endpoint_service(), read) == (first, [])


def consumed(acceptance_required: bool) -> Resources:
    return {
        **endpoint_service(AcceptanceRequired=acceptance_required),
        "Endpoint": of(
            "EC2::VPCEndpoint",
            ServiceName={"Fn::Sub": "com.amazonaws.vpce.${AWS::Region}.${Service}"},
            SubnetIds=[ref("Subnet")],
            VpcEndpointType="Interface",
            VpcId=ref("Vpc"),
        ),
    }


@pytest.mark.parametrize(("acceptance_required", "state"), [(False, "available"), (True, "pendingAcceptance")])
def test_the_endpoint_service_decides_about_acceptance(stack: Stack, acceptance_required: bool, state: str) -> None:
    name = of("SSM::Parameter", Type="String", Value={"Fn::Select": [0, get_att("Endpoint", "DnsEntries")]})
    stack.deploy({**consumed(acceptance_required), "Name": name})
    found = stack.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[stack.id_of("Endpoint")])
    endpoint = only(found["VpcEndpoints"])
    assert endpoint["State"] == state
    zone, name = stack.client("ssm").get_parameter(Name=stack.id_of("Name"))["Parameter"]["Value"].split(":")
    regional, of_a_zone = endpoint["DnsEntries"]
    assert regional == {"DnsName": name, "HostedZoneId": zone}
    assert stack.id_of("Endpoint") in name
    assert name.endswith(f".{stack.id_of('Service')}.{REGION}.vpce.amazonaws.com")
    assert "-us-east-1b." in of_a_zone["DnsName"]


def test_an_endpoint_service_with_endpoints_cannot_be_deleted(stack: Stack) -> None:
    stack.deploy(consumed(False))
    ec2 = stack.client("ec2")
    of_somebody = ec2.create_vpc_endpoint(
        ServiceName=described_service(stack)["ServiceName"], VpcEndpointType="Interface", VpcId=stack.id_of("Vpc")
    )["VpcEndpoint"]["VpcEndpointId"]
    with pytest.raises(AssertionError, match="has existing active VPC Endpoint connections"):
        stack.delete()
    ec2.delete_vpc_endpoints(VpcEndpointIds=[of_somebody])


def test_an_endpoint_requires_an_existing_service(stack: Stack) -> None:
    name = f"com.amazonaws.vpce.{REGION}.vpce-svc-0"
    endpoint = of("EC2::VPCEndpoint", ServiceName=name, VpcEndpointType="Interface", VpcId=ref("Vpc"))
    with pytest.raises(AssertionError, match="vpce-svc-0' does not exist"):
        stack.deploy({**NETWORK, "Endpoint": endpoint})
