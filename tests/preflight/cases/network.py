"""Quotas of VPCs, of what is in them, and of load balancers."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.account import stack_is
from tests.preflight.cases.base import NO_QUOTA, default_quota, quota, zones
from tests.preflight.world import ACCOUNT_ID, Case, Refused, az, ref, resource

VPC = {"Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16")}
GATEWAY = {"Gateway": resource("AWS::EC2::InternetGateway")}
ADDRESS = {"Address": resource("AWS::EC2::EIP")}
NAT = {
    "Subnet": resource("AWS::EC2::Subnet", AvailabilityZone=az(1)),
    "Nat": resource("AWS::EC2::NatGateway", SubnetId=ref("Subnet")),
}
ENDPOINT = {"Endpoint": resource("AWS::EC2::VPCEndpoint", ServiceName="com.amazonaws.us-east-1.s3", VpcId="vpc-1")}
GROUP = {"Group": resource("AWS::EC2::SecurityGroup", GroupDescription="x")}
TARGETS = {"Targets": resource("AWS::ElasticLoadBalancingV2::TargetGroup")}
BALANCER = {"Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer")}
NETWORK_BALANCER = {"Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Type="network")}


def vpcs(count: int, owner: str = ACCOUNT_ID) -> dict[str, Any]:
    return {"ec2.describe_vpcs": {"Vpcs": [{"VpcId": f"vpc-{each}", "OwnerId": owner} for each in range(count)]}}


def gateways(count: int) -> dict[str, Any]:
    return {"ec2.describe_internet_gateways": {"InternetGateways": [{"OwnerId": ACCOUNT_ID}] * count}}


def addresses(count: int) -> dict[str, Any]:
    return {"ec2.describe_addresses": {"Addresses": [{"PublicIp": "192.0.2.1"}] * count}}


def nats(count: int) -> dict[str, Any]:
    return {"ec2.describe_nat_gateways": {"NatGateways": [{"SubnetId": "subnet-in-b"}] * count}}


def rules(count: int, **more: Any) -> dict[str, Any]:
    ingress = [{"IpProtocol": "tcp", "CidrIp": f"10.0.{each}.0/24", **more} for each in range(count)]
    return {"Group": resource("AWS::EC2::SecurityGroup", GroupDescription="x", SecurityGroupIngress=ingress)}


def balancers(**counts: int) -> dict[str, Any]:
    found = [{"Type": kind} for kind, count in counts.items() for _ in range(count)]
    return {"elbv2.describe_load_balancers": {"LoadBalancers": found}}


vpc = Case("quota-vpcs", "fine", "4 in use, the template adds 1, the quota is 5", VPC, {**quota(5), **vpcs(4)})
nat = Case(
    "quota-nat-gateways",
    "fine",
    "(us-east-1b): 4 in use, the template adds 1",
    NAT,
    {**quota(5), **nats(4), **zones("use1-az1", "use1-az2")},
)
group_rules = Case("quota-rules", "fine", "has 60 rules in one direction, the quota is 60", rules(60), quota(60))
OUTSIDE = {"Rule": resource("AWS::EC2::SecurityGroupIngress", GroupId="sg-1", IpProtocol="tcp")}
CASES = (
    vpc,
    replace(vpc, given={**default_quota(5), **vpcs(4)}),
    replace(vpc, given={**NO_QUOTA, **vpcs(4)}, says="AWS documents 5"),
    replace(vpc, given={**NO_QUOTA, **vpcs(5)}, verdict="may", says="AWS documents 5"),
    replace(vpc, given={**quota(5), **vpcs(5)}, verdict="stops", says="5 in use, the template adds 1, the quota is 5"),
    replace(vpc, given={**quota(5), **vpcs(5, owner="999999999999")}, says="0 in use"),
    replace(vpc, earlier=VPC, verdict="stops", says="4 in use, templates before it add 1, the template adds 1"),
    Case("quota-internet-gateways", "fine", "4 in use", GATEWAY, {**quota(5), **gateways(4)}),
    Case("quota-internet-gateways", "stops", "5 in use", GATEWAY, {**quota(5), **gateways(5)}),
    Case("quota-elastic-ips", "fine", "4 in use", ADDRESS, {**quota(5), **addresses(4)}),
    Case("quota-elastic-ips", "stops", "5 in use", ADDRESS, {**quota(5), **addresses(5)}),
    nat,
    replace(nat, given={**nat.given, **nats(5)}, verdict="stops", says="(us-east-1b): 5 in use"),
    replace(
        nat,
        resources={"Nat": resource("AWS::EC2::NatGateway", SubnetId={"Fn::ImportValue": "Subnet"})},
        verdict="unknown",
        says="The AZ of a NAT gateway is not known",
    ),
    Case(
        "quota-gateway-endpoints",
        "fine",
        "19 in use",
        ENDPOINT,
        {**quota(20), "ec2.describe_vpc_endpoints": {"VpcEndpoints": [{"VpcEndpointId": "vpce-1"}] * 19}},
    ),
    Case(
        "quota-gateway-endpoints",
        "stops",
        "20 in use",
        ENDPOINT,
        {**quota(20), "ec2.describe_vpc_endpoints": {"VpcEndpoints": [{"VpcEndpointId": "vpce-1"}] * 20}},
    ),
    Case(
        "quota-security-groups",
        "fine",
        "1 in use",
        GROUP,
        {**quota(2), "ec2.describe_security_groups": {"SecurityGroups": [{"OwnerId": ACCOUNT_ID}]}},
    ),
    Case(
        "quota-security-groups",
        "stops",
        "2 in use",
        GROUP,
        {**quota(2), "ec2.describe_security_groups": {"SecurityGroups": [{"OwnerId": ACCOUNT_ID}] * 2}},
    ),
    group_rules,
    replace(group_rules, given=default_quota(60)),
    replace(group_rules, resources=rules(61), verdict="stops", says="Group has 61 ingress rules, the quota is 60"),
    replace(
        group_rules,
        resources=rules(1, SourcePrefixListId="pl-1"),
        given={**quota(60), "ec2.describe_managed_prefix_lists": {"PrefixLists": [{"MaxEntries": 100}]}},
        verdict="stops",
        says="Group has 100 ingress rules",
    ),
    replace(
        group_rules,
        resources=OUTSIDE,
        given={**quota(60), "ec2.describe_security_group_rules": {"SecurityGroupRules": [{"IsEgress": False}] * 60}},
        verdict="stops",
        says="sg-1 has 61 ingress rules",
    ),
    replace(
        group_rules,
        resources=OUTSIDE,
        given={**quota(60), "ec2.describe_security_group_rules": {"SecurityGroupRules": [{"IsEgress": True}] * 60}},
        says="has 1 rules",
    ),
    Case(
        "quota-target-groups",
        "fine",
        "0 in use",
        TARGETS,
        {**quota(1), "elbv2.describe_target_groups": {"TargetGroups": []}},
    ),
    Case(
        "quota-target-groups",
        "stops",
        "1 in use",
        TARGETS,
        {**quota(1), "elbv2.describe_target_groups": {"TargetGroups": [{"TargetGroupName": "x"}]}},
    ),
    Case("quota-load-balancers", "fine", "1 in use", BALANCER, {**quota(2), **balancers(application=1, network=9)}),
    Case("quota-load-balancers", "stops", "Application", BALANCER, {**quota(2), **balancers(application=2)}),
    Case("quota-load-balancers", "stops", "Network", NETWORK_BALANCER, {**quota(2), **balancers(network=2)}),
)
UPDATE = replace(vpc, stack_name="Web", given={**quota(5), **vpcs(5), **stack_is("CREATE_COMPLETE", "Vpc")})
"""An account that is full, and a stack that has its VPC already."""
DENIED_QUOTA = replace(vpc, given={**vpcs(4), "service-quotas.get_service_quota": Refused("AccessDeniedException")})
