"""The CloudFormation types of :mod:`rehearsal.types`, each through a whole life: created, read back by boto3, changed,
rolled back, changed back, deleted, and nothing left.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount
from tests.rehearsal.templates import (
    NETWORK,
    STACK,
    Resources,
    Stack,
    att,
    balancer_of,
    front,
    network_front,
    of,
    ref,
    service,
    tags,
    trust,
)


@pytest.fixture
def stack(account: EmulatedAccount) -> Iterator[Stack]:
    before = account.inventory()
    made = Stack(account)
    yield made
    if made.status():
        made.delete()
    left = {store: set(keys) - set(before.get(store, ())) for store, keys in account.inventory().items()}
    assert not {store: keys for store, keys in left.items() if keys}


def live(stack: Stack, first: Resources, second: Resources, read: Callable[[], Any]) -> tuple[Any, Any]:
    """What ``read`` returns after the first deployment and after the second.

    Between the two a roll-back leaves all as it was, and so does one afterwards; going back to the first deployment
    brings its state back. Then the stack is deleted.
    """
    stack.put(first)
    at_first = read()
    stack.roll_back(second)
    assert read() == at_first
    stack.put(second)
    changed = read()
    assert changed != at_first
    stack.roll_back(first)
    assert read() == changed
    stack.put(first)
    assert read() == at_first
    stack.delete()
    return at_first, changed


def only(found: list[Any]) -> Any:
    assert len(found) == 1, found
    return found[0]


def without_own_tags(described: list[dict[str, str]]) -> list[dict[str, str]]:
    """Tags but those that CloudFormation adds."""
    return [tag for tag in described if not tag["Key"].startswith("aws:")]


# EC2


def test_addresses_and_nat_gateways(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "Address": of("EC2::EIP", Domain="vpc", Tags=tags(Name=name)),
            "Gateway": of(
                "EC2::NatGateway",
                AllocationId=att("Address", "AllocationId"),
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
        return gateway["State"], without_own_tags(address["Tags"]), without_own_tags(gateway["Tags"])

    first, second = live(stack, resources("one"), resources("two"), read)
    assert first == ("available", tags(Name="one"), tags(Name="one"))
    assert second == ("available", tags(Name="two"), tags(Name="two"))


def test_an_address_is_free_once_its_nat_gateway_is_gone(stack: Stack) -> None:
    address = {**NETWORK, "Address": of("EC2::EIP", Domain="vpc")}
    gateway = of("EC2::NatGateway", AllocationId=att("Address", "AllocationId"), SubnetId=ref("Subnet"))
    stack.put({**address, "Gateway": gateway})
    with pytest.raises(AssertionError, match="already associated"):
        stack.put({**address, "Gateway": gateway, "Second": {**gateway, "DependsOn": "Gateway"}})
    stack.put(address)
    assert "AssociationId" not in only(stack.client("ec2").describe_addresses()["Addresses"])


def test_flow_logs(stack: Stack) -> None:
    def resources(traffic: str, name: str) -> Resources:
        return {
            **NETWORK,
            "Logs": of("Logs::LogGroup", RetentionInDays=7),
            "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("vpc-flow-logs.amazonaws.com")),
            "FlowLog": of(
                "EC2::FlowLog",
                DeliverLogsPermissionArn=att("Role", "Arn"),
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
        return {name: log[name] for name in names}, without_own_tags(log["Tags"])

    settings = {
        "FlowLogStatus": "ACTIVE",
        "LogDestinationType": "cloud-watch-logs",
        "MaxAggregationInterval": 600,
        "TrafficType": "ALL",
    }
    first, second = live(stack, resources("ALL", "one"), resources("REJECT", "two"), read)
    assert first == (settings, tags(Name="one"))
    assert second == ({**settings, "TrafficType": "REJECT"}, tags(Name="two"))


NOWHERE = {
    "CidrIp": "255.255.255.255/32",
    "Description": "nowhere",
    "FromPort": 252,
    "IpProtocol": "icmp",
    "ToPort": 86,
}


def test_tags_of_a_flow_log_change_in_place(stack: Stack) -> None:
    log = {"LogDestination": "arn:aws:s3:::some", "LogDestinationType": "s3", "ResourceId": ref("Vpc")}

    def resources(name: str) -> Resources:
        return {
            **NETWORK,
            "FlowLog": of("EC2::FlowLog", **log, ResourceType="VPC", TrafficType="ALL", Tags=tags(Name=name)),
        }

    def read() -> Any:
        found = only(stack.client("ec2").describe_flow_logs(FlowLogIds=[stack.id_of("FlowLog")])["FlowLogs"])
        return found["FlowLogId"], found["LogDestination"], without_own_tags(found["Tags"])

    first, second = live(stack, resources("one"), resources("two"), read)
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
                GroupId=att("Group", "GroupId"),
                SourceSecurityGroupId=att("Other", "GroupId"),
                **tcp,
            ),
            "Range": of("EC2::SecurityGroupIngress", GroupId=att("Group", "GroupId"), CidrIp="192.0.2.0/24", **tcp),
            "Out": of(
                "EC2::SecurityGroupEgress",
                GroupId=att("Other", "GroupId"),
                DestinationSecurityGroupId=att("Group", "GroupId"),
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

    first, second = live(stack, resources("first", 443), resources(None, 8443), read)
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


def test_the_description_of_a_rule_changes_in_place(stack: Stack) -> None:
    def resources(**described: str) -> Resources:
        rule = {"CidrIp": "192.0.2.0/24", "GroupId": att("Group", "GroupId"), "IpProtocol": "-1", **described}
        return {**NETWORK, "Rule": of("EC2::SecurityGroupIngress", **rule)}

    def read() -> Any:
        rule_id = stack.id_of("Rule")
        rules = stack.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[rule_id])
        return rule_id, only(rules["SecurityGroupRules"]).get("Description")

    (rule_id, first), (same_id, second) = live(stack, resources(Description="one"), resources(), read)
    assert rule_id == same_id
    assert (first, second) == ("one", None)


def test_endpoints(stack: Stack) -> None:
    def resources(private_dns: bool) -> Resources:
        return {
            **NETWORK,
            "Endpoint": of(
                "EC2::VPCEndpoint",
                PrivateDnsEnabled=private_dns,
                SecurityGroupIds=[att("Group", "GroupId")],
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

    first, second = live(stack, resources(True), resources(False), read)
    assert first == (True, "Interface", "com.amazonaws.us-east-1.ecr.api")
    assert second == (False, *first[1:])


def endpoint_service(**settings: Any) -> Resources:
    return {
        **network_front(),
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
        return service["AcceptanceRequired"], name, verification.get("State"), without_own_tags(service["Tags"])

    first, second = live(
        stack,
        endpoint_service(AcceptanceRequired=False, PrivateDnsName="api.example.com", Tags=tags(Name="one")),
        endpoint_service(Tags=tags(Name="two")),
        read,
    )
    assert first == (False, "api.example.com", "pendingVerification", tags(Name="one"))
    assert second == (True, None, None, tags(Name="two"))


def test_the_record_that_verifies_a_private_dns_name(stack: Stack) -> None:
    parameters = {
        name: of("SSM::Parameter", Type="String", Value=att("Service", f"PrivateDnsNameConfiguration.{name}"))
        for name in ("Name", "Value")
    }
    stack.put({**endpoint_service(PrivateDnsName="api.example.com"), **parameters})
    ssm, verification = stack.client("ssm"), described_service(stack)["PrivateDnsNameConfiguration"]
    for name in parameters:
        assert ssm.get_parameter(Name=stack.id_of(name))["Parameter"]["Value"] == verification[name]


def test_only_a_network_load_balancer_has_an_endpoint_service(stack: Stack) -> None:
    service = of("EC2::VPCEndpointService", NetworkLoadBalancerArns=[ref("Balancer")])
    with pytest.raises(AssertionError, match="is not a Network Load Balancer"):
        stack.put({**front(), "Service": service})


def test_permissions_of_endpoint_services(stack: Stack) -> None:
    def resources(*accounts: str) -> Resources:
        principals = [f"arn:aws:iam::{account}:root" for account in accounts]
        permissions = of("EC2::VPCEndpointServicePermissions", AllowedPrincipals=principals, ServiceId=ref("Service"))
        return {**endpoint_service(), "Permissions": permissions}

    def read() -> Any:
        found = stack.client("ec2").describe_vpc_endpoint_service_permissions(ServiceId=stack.id_of("Service"))
        return [item["Principal"] for item in found["AllowedPrincipals"]]

    first, second = live(stack, resources("111122223333"), resources("111122223333", "444455556666"), read)
    assert first == ["arn:aws:iam::111122223333:root"]
    assert second == [*first, "arn:aws:iam::444455556666:root"]
    assert live(stack, resources("111122223333"), endpoint_service(), read) == (first, [])


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
def test_an_endpoint_waits_where_its_service_says_so(stack: Stack, acceptance_required: bool, state: str) -> None:
    name = of("SSM::Parameter", Type="String", Value={"Fn::Select": [0, att("Endpoint", "DnsEntries")]})
    stack.put({**consumed(acceptance_required), "Name": name})
    found = stack.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[stack.id_of("Endpoint")])
    endpoint = only(found["VpcEndpoints"])
    assert endpoint["State"] == state
    zone, name = stack.client("ssm").get_parameter(Name=stack.id_of("Name"))["Parameter"]["Value"].split(":")
    regional, of_a_zone = endpoint["DnsEntries"]
    assert regional == {"DnsName": name, "HostedZoneId": zone}
    assert stack.id_of("Endpoint") in name
    assert name.endswith(f".{stack.id_of('Service')}.{REGION}.vpce.amazonaws.com")
    assert "-us-east-1b." in of_a_zone["DnsName"]


def test_an_endpoint_service_goes_after_its_endpoints(stack: Stack) -> None:
    stack.put(consumed(False))
    ec2 = stack.client("ec2")
    of_somebody = ec2.create_vpc_endpoint(
        ServiceName=described_service(stack)["ServiceName"], VpcEndpointType="Interface", VpcId=stack.id_of("Vpc")
    )["VpcEndpoint"]["VpcEndpointId"]
    with pytest.raises(AssertionError, match="has existing active VPC Endpoint connections"):
        stack.delete()
    ec2.delete_vpc_endpoints(VpcEndpointIds=[of_somebody])


def test_an_endpoint_of_no_service_is_refused(stack: Stack) -> None:
    name = f"com.amazonaws.vpce.{REGION}.vpce-svc-0"
    endpoint = of("EC2::VPCEndpoint", ServiceName=name, VpcEndpointType="Interface", VpcId=ref("Vpc"))
    with pytest.raises(AssertionError, match="vpce-svc-0' does not exist"):
        stack.put({**NETWORK, "Endpoint": endpoint})


def test_a_rule_takes_the_one_that_lets_everything_out_away(stack: Stack) -> None:
    everything = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}
    groups = {
        "Silent": of("EC2::SecurityGroup", GroupDescription="Silent", VpcId=ref("Vpc")),
        "Declared": of(
            "EC2::SecurityGroup", GroupDescription="Declared", SecurityGroupEgress=[everything], VpcId=ref("Vpc")
        ),
    }
    https = {"CidrIp": "192.0.2.0/24", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = {f"{name}Rule": of("EC2::SecurityGroupEgress", GroupId=att(name, "GroupId"), **https) for name in groups}

    def out(name: str) -> list[str]:
        found = stack.client("ec2").describe_security_groups(GroupIds=[stack.id_of(name)])["SecurityGroups"]
        return [rule["IpRanges"][0]["CidrIp"] for rule in only(found)["IpPermissionsEgress"]]

    stack.put({**NETWORK, **groups})
    assert out("Silent") == out("Declared") == ["0.0.0.0/0"]
    stack.put({**NETWORK, **groups, **rules})
    assert out("Silent") == ["192.0.2.0/24"]
    assert out("Declared") == ["0.0.0.0/0", "192.0.2.0/24"]


def test_attributes_of_networks(stack: Stack) -> None:
    resources = {
        **NETWORK,
        **{
            name: of("SSM::Parameter", Type="String", Value=value)
            for name, value in {
                "Range": att("Vpc", "CidrBlock"),
                "SubnetRange": att("Subnet", "CidrBlock"),
                "SubnetVpc": att("Subnet", "VpcId"),
            }.items()
        },
    }
    stack.put(resources)
    ssm = stack.client("ssm")
    values = [
        ssm.get_parameter(Name=stack.id_of(name))["Parameter"]["Value"]
        for name in ("Range", "SubnetRange", "SubnetVpc")
    ]
    assert values == ["10.0.0.0/16", "10.0.0.0/20", stack.id_of("Vpc")]


# Elastic Load Balancing


def test_attributes_of_load_balancers_and_target_groups(stack: Stack) -> None:
    attributes = {
        "balancer": [{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}],
        "targets": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    }

    def read() -> Any:
        elb = stack.client("elbv2")
        balancer, targets = stack.id_of("Balancer"), stack.id_of("Targets")
        of_balancer = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        of_targets = elb.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
        values = {one["Key"]: one["Value"] for one in (*of_balancer, *of_targets)}
        group = only(elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"])
        return (
            values["routing.http.drop_invalid_header_fields.enabled"],
            values["deregistration_delay.timeout_seconds"],
            values["idle_timeout.timeout_seconds"],
            group["HealthCheckIntervalSeconds"],
            group["HealthCheckPath"],
        )

    first, second = live(stack, front(**attributes), front(interval=20, path="/up"), read)
    assert first == ("true", "30", "60", 15, "/")
    assert second == ("false", "300", "60", 20, "/up")


def test_load_balancers_stand_in_the_network_of_their_subnets(stack: Stack) -> None:
    stack.put(front())
    elb = stack.client("elbv2")
    balancer = only(elb.describe_load_balancers(LoadBalancerArns=[stack.id_of("Balancer")])["LoadBalancers"])
    assert balancer["VpcId"] == stack.id_of("Vpc")
    zone = only(balancer["AvailabilityZones"])
    assert (zone["ZoneName"], zone["SubnetId"]) == ("us-east-1b", stack.id_of("Subnet"))


def test_the_full_name_of_a_target_group_is_a_dimension(stack: Stack) -> None:
    stack.put({**front(), "Name": of("SSM::Parameter", Type="String", Value=att("Targets", "TargetGroupFullName"))})
    name = stack.client("ssm").get_parameter(Name=stack.id_of("Name"))["Parameter"]["Value"]
    assert name == stack.id_of("Targets").rpartition(":")[2]
    assert name.startswith("targetgroup/")


def test_listeners(stack: Stack) -> None:
    certificate = f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/1a2b3c4d"
    https = {
        "Certificates": [{"CertificateArn": certificate}],
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    }

    def read() -> Any:
        elb = stack.client("elbv2")
        listener = only(elb.describe_listeners(LoadBalancerArn=stack.id_of("Balancer"))["Listeners"])
        assert only(listener["DefaultActions"])["TargetGroupArn"] == stack.id_of("Targets")
        return {name: listener.get(name) for name in https}

    first, second = live(stack, front(listener=https), front(), read)
    assert first == https
    assert second == {"Certificates": None, "Port": 80, "Protocol": "HTTP", "SslPolicy": None}


def test_network_load_balancers(stack: Stack) -> None:
    enforced = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"

    def read() -> Any:
        elb = stack.client("elbv2")
        balancer, targets = stack.id_of("Balancer"), stack.id_of("Targets")
        of_balancer = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        of_targets = elb.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
        values = {one["Key"]: one["Value"] for one in (*of_balancer, *of_targets)}
        described = only(elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"])
        group = only(elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"])
        listener = only(elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"])
        assert (described["Type"], described["Scheme"]) == ("network", "internal")
        assert described["SecurityGroups"] == [stack.id_of("Group")]
        assert "routing.http2.enabled" not in values, "that is one of an Application Load Balancer"
        return (
            described[enforced],
            values["deletion_protection.enabled"],
            values["preserve_client_ip.enabled"],
            (group["HealthCheckProtocol"], group.get("HealthCheckPath"), group.get("Matcher")),
            (listener["Protocol"], listener.get("SslPolicy")),
        )

    tls = {
        "Certificates": [{"CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT_ID}:certificate/1a2b3c4d"}],
        "Port": 443,
        "Protocol": "TLS",
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    }
    changed = network_front(
        balancer=[{"Key": "deletion_protection.enabled", "Value": "true"}],
        more={enforced: "off"},
        targets=[{"Key": "preserve_client_ip.enabled", "Value": "true"}],
        health={"HealthCheckPath": "/up", "HealthCheckProtocol": "HTTP"},
        listener=tls,
    )
    first, second = live(stack, network_front(), changed, read)
    assert first == ("on", "false", "false", ("TCP", None, None), ("TCP", None))
    up = ("HTTP", "/up", {"HttpCode": "200-399"})
    assert second == ("off", "true", "true", up, ("TLS", tls["SslPolicy"]))


def test_a_tls_listener_without_a_certificate_is_refused(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="A certificate must be specified for TLS listeners"):
        stack.put(network_front(listener={"Port": 443, "Protocol": "TLS"}))


# WAF


def test_web_acls(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        acl = f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/{name}/1a2b3c4d"
        return {**front(), "Association": of("WAFv2::WebACLAssociation", ResourceArn=ref("Balancer"), WebACLArn=acl)}

    def read() -> Any:
        found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=stack.id_of("Balancer"))
        return found.get("WebACL", {}).get("Name")

    assert live(stack, resources("one"), resources("two"), read) == ("one", "two")
    assert live(stack, resources("one"), front(), read) == ("one", None)


# ECS


def test_capacity_providers_outlive_a_change_of_the_cluster(stack: Stack) -> None:
    def read() -> Any:
        found = stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")], include=["SETTINGS"])
        cluster = only(found["clusters"])
        return cluster["capacityProviders"], cluster["settings"][0]["value"]

    first, second = live(stack, service(), service(cluster="enhanced"), read)
    assert first == (["FARGATE", "FARGATE_SPOT"], "enabled")
    assert second == (["FARGATE", "FARGATE_SPOT"], "enhanced")


def test_capacity_providers(stack: Stack) -> None:
    cluster = {"Cluster": of("ECS::Cluster")}

    def resources(provider: str, weight: int) -> Resources:
        return {
            **cluster,
            "Capacity": of(
                "ECS::ClusterCapacityProviderAssociations",
                CapacityProviders=[provider],
                Cluster=ref("Cluster"),
                DefaultCapacityProviderStrategy=[{"CapacityProvider": provider, "Weight": weight}],
            ),
        }

    def read() -> Any:
        found = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
        return found["capacityProviders"], found["defaultCapacityProviderStrategy"]

    first, second = live(stack, resources("FARGATE", 1), resources("FARGATE_SPOT", 2), read)
    assert first == (["FARGATE"], [{"capacityProvider": "FARGATE", "weight": 1}])
    assert second == (["FARGATE_SPOT"], [{"capacityProvider": "FARGATE_SPOT", "weight": 2}])
    assert live(stack, cluster, resources("FARGATE", 1), read) == (([], []), first)


def test_task_definitions(stack: Stack) -> None:
    volume = {
        "EFSVolumeConfiguration": {
            "AuthorizationConfig": {"AccessPointId": "fsap-1", "IAM": "ENABLED"},
            "FilesystemId": "fs-1",
            "TransitEncryption": "ENABLED",
        },
        "Name": "shared",
    }
    task = {
        "EphemeralStorage": {"SizeInGiB": 30},
        "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
        "Volumes": [volume, {"Name": "state"}],
        "container": {
            "Environment": [{"Name": "MODE", "Value": "1"}],
            "HealthCheck": {"Command": ["CMD", "/healthy"], "Interval": 15, "StartPeriod": 30},
            "LinuxParameters": {"InitProcessEnabled": True, "Tmpfs": [{"ContainerPath": "/tmp", "Size": 64}]},
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "MountPoints": [{"ContainerPath": "/shared", "ReadOnly": False, "SourceVolume": "shared"}],
            "ReadonlyRootFilesystem": True,
            "Secrets": [{"Name": "PASSWORD", "ValueFrom": "arn:aws:secretsmanager:x"}],
            "StopTimeout": 30,
            "User": "1000:1000",
        },
    }

    def read() -> Any:
        ecs = stack.client("ecs")
        definition = ecs.describe_task_definition(taskDefinition=stack.id_of("Task"))["taskDefinition"]
        current = only(
            ecs.describe_services(cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")])["services"]
        )
        assert current["taskDefinition"] == definition["taskDefinitionArn"]
        names = ("ephemeralStorage", "runtimePlatform", "volumes")
        return {name: definition.get(name) for name in names}, only(definition["containerDefinitions"])

    first, second = live(stack, service(task), service(), read)
    container = {
        "cpu": 0,
        "essential": True,
        "image": "public.ecr.aws/nginx/nginx:stable",
        "name": "web",
        "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
    }
    assert first == (
        {
            "ephemeralStorage": {"sizeInGiB": 30},
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [
                {
                    "efsVolumeConfiguration": {
                        "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                        "fileSystemId": "fs-1",
                        "transitEncryption": "ENABLED",
                    },
                    "name": "shared",
                },
                {"name": "state"},
            ],
        },
        {
            **container,
            "environment": [{"name": "MODE", "value": "1"}],
            "healthCheck": {"command": ["CMD", "/healthy"], "interval": 15, "startPeriod": 30},
            "linuxParameters": {"initProcessEnabled": True, "tmpfs": [{"containerPath": "/tmp", "size": 64}]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "mountPoints": [{"containerPath": "/shared", "readOnly": False, "sourceVolume": "shared"}],
            "readonlyRootFilesystem": True,
            "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:x"}],
            "stopTimeout": 30,
            "user": "1000:1000",
        },
    )
    assert second == ({"ephemeralStorage": None, "runtimePlatform": None, "volumes": []}, container)


def test_services(stack: Stack) -> None:
    settings = {
        "AvailabilityZoneRebalancing": "DISABLED",
        "CapacityProviderStrategy": [
            {"Base": 2, "CapacityProvider": "FARGATE", "Weight": 50},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 50},
        ],
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 150,
            "MinimumHealthyPercent": 75,
        },
        "EnableECSManagedTags": True,
        "EnableExecuteCommand": True,
        "HealthCheckGracePeriodSeconds": 60,
        "PlatformVersion": "1.4.0",
        "PropagateTags": "SERVICE",
        "Tags": tags(Team="one"),
    }

    def read() -> Any:
        found = stack.client("ecs").describe_services(
            cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")], include=["TAGS"]
        )
        described = only(found["services"])
        names = {
            "availabilityZoneRebalancing",
            "capacityProviderStrategy",
            "deploymentConfiguration",
            "enableECSManagedTags",
            "enableExecuteCommand",
            "healthCheckGracePeriodSeconds",
            "platformVersion",
            "propagateTags",
        }
        own = [tag for tag in described["tags"] if not tag["key"].startswith("aws:")]
        return {name: described.get(name) for name in names} | {"tags": own}

    first, second = live(stack, service(settings=settings), service(), read)
    assert first == {
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategy": [
            {"base": 2, "capacityProvider": "FARGATE", "weight": 50},
            {"capacityProvider": "FARGATE_SPOT", "weight": 50},
        ],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 150,
            "minimumHealthyPercent": 75,
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "platformVersion": "1.4.0",
        "propagateTags": "SERVICE",
        "tags": [{"key": "Team", "value": "one"}],
    }
    assert second == {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 0,
        "platformVersion": "LATEST",
        "propagateTags": "NONE",
        "tags": [],
    }


# EC2 instances, by Auto Scaling and a capacity provider


def instances(
    *, most: int = 2, kind: str = "t4g.small", hops: int = 1, protected: bool = False, **group: Any
) -> dict[str, Any]:
    """A launch template, and a group that starts instances from its latest version."""
    return {
        **NETWORK,
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("ec2.amazonaws.com")),
        "Profile": of("IAM::InstanceProfile", Roles=[ref("Role")]),
        "Template": of(
            "EC2::LaunchTemplate",
            LaunchTemplateData={
                "IamInstanceProfile": {"Arn": att("Profile", "Arn")},
                "ImageId": "ami-1",
                "MetadataOptions": {"HttpPutResponseHopLimit": hops, "HttpTokens": "required"},
                "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [att("Group", "GroupId")]}],
            },
        ),
        "Instances": of(
            "AutoScaling::AutoScalingGroup",
            MaxSize=str(most),
            MinSize="0",
            MixedInstancesPolicy={
                "InstancesDistribution": {"OnDemandBaseCapacity": 1},
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {
                        "LaunchTemplateId": ref("Template"),
                        "Version": att("Template", "LatestVersionNumber"),
                    },
                    "Overrides": [{"InstanceType": kind}],
                },
            },
            NewInstancesProtectedFromScaleIn=protected,
            VPCZoneIdentifier=[ref("Subnet")],
            **group,
        ),
    }


def on_instances(*, name: str = "on-ec2", protection: str = "DISABLED", target: int = 100, **more: Any) -> Resources:
    """A capacity provider of the group, and the cluster that has it."""
    return {
        **instances(protected=protection == "ENABLED"),
        "Cluster": of("ECS::Cluster"),
        "Provider": of(
            "ECS::CapacityProvider",
            AutoScalingGroupProvider={
                "AutoScalingGroupArn": ref("Instances"),
                "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": target},
                "ManagedTerminationProtection": protection,
                **more,
            },
            Name=name,
        ),
        "Capacity": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=[ref("Provider")],
            Cluster=ref("Cluster"),
            DefaultCapacityProviderStrategy=[{"CapacityProvider": ref("Provider"), "Weight": 1}],
        ),
    }


def test_auto_scaling_groups(stack: Stack) -> None:
    def read() -> Any:
        groups = stack.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[stack.id_of("Instances")]
        )
        group = only(groups["AutoScalingGroups"])
        policy = group["MixedInstancesPolicy"]
        used = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        assert "LaunchTemplate" not in group
        assert used["LaunchTemplateId"] == stack.id_of("Template")
        version = only(
            stack.client("ec2").describe_launch_template_versions(
                LaunchTemplateId=used["LaunchTemplateId"], Versions=[used["Version"]]
            )["LaunchTemplateVersions"]
        )
        return (
            group["MaxSize"],
            group["AvailabilityZones"],
            group["NewInstancesProtectedFromScaleIn"],
            group.get("MaxInstanceLifetime"),
            len(group.get("EnabledMetrics", [])),
            policy["LaunchTemplate"]["Overrides"],
            policy["InstancesDistribution"]["OnDemandBaseCapacity"],
            version["LaunchTemplateData"]["MetadataOptions"]["HttpPutResponseHopLimit"],
        )

    second = instances(
        most=3,
        kind="m7g.large",
        hops=2,
        protected=True,
        MaxInstanceLifetime=86400,
        MetricsCollection=[{"Granularity": "1Minute"}],
    )
    assert live(stack, instances(), second, read) == (
        (2, ["us-east-1b"], False, None, 0, [{"InstanceType": "t4g.small"}], 1, 1),
        (3, ["us-east-1b"], True, 86400, 8, [{"InstanceType": "m7g.large"}], 1, 2),
    )


def test_a_service_with_a_launch_type_uses_no_capacity_provider(stack: Stack) -> None:
    resources = service(settings={"LaunchType": "FARGATE"})
    del resources["Service"]["Properties"]["CapacityProviderStrategy"]
    stack.put(resources)
    del resources["Capacity"]
    stack.put({**resources, "Service": {**resources["Service"], "DependsOn": ["Listener"]}})
    cluster = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
    assert cluster["capacityProviders"] == []


def test_scaling_policies_of_groups(stack: Stack) -> None:
    def resources(percent: int) -> Resources:
        tracking = {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": percent,
        }
        policy = of(
            "AutoScaling::ScalingPolicy",
            AutoScalingGroupName=ref("Instances"),
            EstimatedInstanceWarmup=120,
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration=tracking,
        )
        return {**instances(), "Policy": policy}

    def read() -> Any:
        autoscaling, name = stack.client("autoscaling"), stack.id_of("Instances")
        policy = only(autoscaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"])
        assert policy["PolicyARN"] == stack.id_of("Policy")
        tracking = policy["TargetTrackingConfiguration"]
        metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
        return policy["PolicyType"], policy["EstimatedInstanceWarmup"], metric, tracking["TargetValue"]

    tracked = ("TargetTrackingScaling", 120, "ASGAverageCPUUtilization")
    assert live(stack, resources(50), resources(60), read) == ((*tracked, 50), (*tracked, 60))


def test_capacity_providers_of_groups(stack: Stack) -> None:
    def read() -> Any:
        ecs, name = stack.client("ecs"), stack.id_of("Provider")
        found = only(ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"])
        provider = found["autoScalingGroupProvider"]
        assert provider["autoScalingGroupArn"].endswith(f":autoScalingGroupName/{stack.id_of('Instances')}")
        cluster = only(ecs.describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
        assert cluster["capacityProviders"] == [name]
        scaling = provider["managedScaling"]
        names = ("managedTerminationProtection", "managedDraining")
        return name, scaling["targetCapacity"], scaling["instanceWarmupPeriod"], *(provider[each] for each in names)

    second = on_instances(protection="ENABLED", target=80, ManagedDraining="DISABLED")
    assert live(stack, on_instances(), second, read) == (
        ("on-ec2", 100, 300, "DISABLED", "ENABLED"),
        ("on-ec2", 80, 300, "ENABLED", "DISABLED"),
    )


@pytest.mark.parametrize("name", ["ecs-instances", "EcsStack-Provider", "FargateLike", "aws-own"])
def test_capacity_providers_have_names_of_their_own(stack: Stack, name: str) -> None:
    with pytest.raises(AssertionError, match='cannot be prefixed with "aws", "ecs", or "fargate"'):
        stack.put(on_instances(name=name))


def test_protection_takes_that_of_the_group(stack: Stack) -> None:
    resources = {**on_instances(protection="ENABLED"), **instances(protected=False)}
    with pytest.raises(AssertionError, match="must have instance protection from scale in enabled"):
        stack.put(resources)


def test_a_capacity_provider_in_use_stays(stack: Stack) -> None:
    """AWS refuses to take it from the cluster: a template has to say that its services go first."""

    def resources(*waits_for: str) -> Resources:
        used = {"CapacityProviderStrategy": [{"CapacityProvider": "on-ec2", "Weight": 1}]}
        made = {**service(settings=used), **on_instances()}
        return {**made, "Service": {**made["Service"], "DependsOn": ["Listener", *waits_for]}}

    stack.put(resources("Capacity"))
    kept = {name: body for name, body in resources().items() if name not in ("Capacity", "Provider")}
    in_use = "The specified capacity provider is in use and cannot be removed: on-ec2"
    with suppress(AssertionError):  # a failure to clean up does not fail an update
        stack.put(kept)
    assert in_use in str(stack.failures())
    stack.put(resources("Capacity"))
    stack.delete()


def on_managed_instances(*, cpus: int = 2, **launch: Any) -> dict[str, Any]:
    """A cluster with a provider of managed instances."""
    policy = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances"
    return {
        **NETWORK,
        "Cluster": of("ECS::Cluster"),
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("ec2.amazonaws.com")),
        "Profile": of("IAM::InstanceProfile", Roles=[ref("Role")]),
        "Infrastructure": of(
            "IAM::Role", AssumeRolePolicyDocument=trust("ecs.amazonaws.com"), ManagedPolicyArns=[policy]
        ),
        "Provider": of(
            "ECS::CapacityProvider",
            ClusterName=ref("Cluster"),
            ManagedInstancesProvider={
                "InfrastructureRoleArn": att("Infrastructure", "Arn"),
                "InstanceLaunchTemplate": {
                    "Ec2InstanceProfileArn": att("Profile", "Arn"),
                    "InstanceRequirements": {"MemoryMiB": {"Min": 1024}, "VCpuCount": {"Max": cpus, "Min": 1}},
                    "NetworkConfiguration": {
                        "SecurityGroups": [att("Group", "GroupId")],
                        "Subnets": [ref("Subnet")],
                    },
                    **launch,
                },
                "PropagateTags": "CAPACITY_PROVIDER",
            },
            Name="managed",
        ),
    }


def test_capacity_providers_of_managed_instances(stack: Stack) -> None:
    def read() -> Any:
        ecs, name = stack.client("ecs"), stack.id_of("Provider")
        found = only(ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"])
        assert "autoScalingGroupProvider" not in found
        cluster = only(ecs.describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
        assert cluster["capacityProviders"] == [name]
        provider = found["managedInstancesProvider"]
        launch = provider["instanceLaunchTemplate"]
        assert launch["networkConfiguration"]["subnets"] == [stack.id_of("Subnet")]
        return name, provider["propagateTags"], launch["instanceRequirements"]["vCpuCount"]

    assert live(stack, on_managed_instances(), on_managed_instances(cpus=8), read) == (
        ("managed", "CAPACITY_PROVIDER", {"min": 1, "max": 2}),
        ("managed", "CAPACITY_PROVIDER", {"min": 1, "max": 8}),
    )


@pytest.mark.parametrize(
    ("launch", "message"),
    [
        ({"Ec2InstanceProfileArn": "arn:missing"}, "The instance profile arn:missing does not exist"),
        ({"NetworkConfiguration": {"Subnets": ["subnet-missing"]}}, "subnet-missing' does not exist"),
        (
            {"NetworkConfiguration": {"Subnets": [], "SecurityGroups": ["sg-missing"]}},
            "security group 'sg-missing' does not exist",
        ),
    ],
)
def test_managed_instances_of_nothing_are_refused(stack: Stack, launch: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.put(on_managed_instances(**launch))


def test_managed_instances_without_an_infrastructure_role_are_refused(stack: Stack) -> None:
    resources = on_managed_instances()
    resources["Provider"]["Properties"]["ManagedInstancesProvider"]["InfrastructureRoleArn"] = "arn:missing"
    with pytest.raises(AssertionError, match="The infrastructure role arn:missing does not exist"):
        stack.put(resources)


def test_a_provider_of_managed_instances_outlives_a_change_of_the_cluster(stack: Stack) -> None:
    resources = on_managed_instances()
    stack.put(resources)
    settings = [{"Name": "containerInsights", "Value": "enabled"}]
    stack.put({**resources, "Cluster": of("ECS::Cluster", ClusterSettings=settings)})
    cluster = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
    assert cluster["capacityProviders"] == ["managed"]


def test_managed_instances_in_use_stay(stack: Stack) -> None:
    used = {"CapacityProviderStrategy": [{"CapacityProvider": "managed", "Weight": 1}]}
    made = {**service(settings=used), **on_managed_instances()}
    del made["Capacity"]
    waiting = {**made["Service"], "DependsOn": ["Listener", "Provider"]}
    stack.put({**made, "Service": waiting})
    with suppress(AssertionError):  # a failure to clean up does not fail an update
        stack.put({name: body for name, body in made.items() if name != "Provider"} | {"Service": made["Service"]})
    assert "The capacity provider managed is in use and cannot be deleted." in str(stack.failures())
    stack.put({**made, "Service": waiting})
    stack.delete()


def test_placement_of_tasks(stack: Stack) -> None:
    def resources(*strategies: tuple[str, str]) -> Resources:
        placed = [{"Type": kind, "Field": field} for kind, field in strategies]
        return service(settings={"PlacementStrategies": placed} if placed else {})

    def read() -> Any:
        found = stack.client("ecs").describe_services(cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")])
        return [(item["type"], item["field"]) for item in only(found["services"])["placementStrategy"]]

    strategies = [("spread", "attribute:ecs.availability-zone"), ("binpack", "memory")]
    assert live(stack, resources(*strategies), resources(), read) == (strategies, [])


@pytest.mark.parametrize(
    "name",
    [
        *("ecs/optimized-ami/amazon-linux-2023/arm64/recommended", "ecs/optimized-ami/amazon-linux-2023/recommended"),
        *("bottlerocket/aws-ecs-2/arm64/latest", "bottlerocket/aws-ecs-2/x86_64/latest"),
    ],
)
def test_public_parameters_name_amis(stack: Stack, name: str) -> None:
    found = stack.client("ssm").get_parameter(Name=f"/aws/service/{name}/image_id")["Parameter"]
    assert found["Value"].startswith("ami-")


def without(resources: Resources, name: str, **properties: Any) -> Resources:
    """With other properties of one resource."""
    body = resources[name]
    return {**resources, name: {**body, "Properties": {**body["Properties"], **properties}}}


NOBODYS = {"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-missing", "Version": "1"}}


@pytest.mark.parametrize(
    ("name", "properties", "message"),
    [
        ("Instances", {"VPCZoneIdentifier": ["subnet-missing"]}, "subnet ID 'subnet-missing' does not exist"),
        ("Instances", {"MinSize": "5"}, "Max bound must be greater than or equal to min bound"),
        ("Instances", {"MixedInstancesPolicy": {"LaunchTemplate": NOBODYS}}, "lt-missing, does not exist"),
        (
            "Template",
            {"LaunchTemplateData": {"IamInstanceProfile": {"Arn": "arn:missing"}}},
            "Invalid IAM instance profile ARN 'arn:missing'",
        ),
        (
            "Template",
            {"LaunchTemplateData": {"NetworkInterfaces": [{"Groups": ["sg-missing"]}]}},
            "security group 'sg-missing' does not exist",
        ),
        (
            "Provider",
            {"AutoScalingGroupProvider": {"AutoScalingGroupArn": "missing"}},
            "AutoScalingGroup 'missing' not found",
        ),
    ],
)
def test_instances_refer_to_what_there_is(stack: Stack, name: str, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.put(without(on_instances(), name, **properties))


# Application Auto Scaling


def test_scaling(stack: Stack) -> None:
    resource = {"Fn::Join": ["/", ["service", ref("Cluster"), att("Service", "Name")]]}
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 300,
        "TargetValue": 60,
    }
    stepping = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    morning = {
        "ScalableTargetAction": {"MaxCapacity": 12, "MinCapacity": 4},
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ScheduledActionName": "Morning",
        "Timezone": "Europe/Berlin",
    }

    def resources(highest: int, value: float, **more: Any) -> Resources:
        return {
            **service(),
            "Target": of(
                "ApplicationAutoScaling::ScalableTarget",
                MaxCapacity=highest,
                MinCapacity=2,
                ResourceId=resource,
                RoleARN=f"arn:aws:iam::{ACCOUNT_ID}:role/scaling",
                ScalableDimension="ecs:service:DesiredCount",
                ServiceNamespace="ecs",
                **more,
            ),
            "Tracking": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="tracking",
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=ref("Target"),
                TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": value},
            ),
            "Stepping": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="stepping",
                PolicyType="StepScaling",
                ScalingTargetId=ref("Target"),
                StepScalingPolicyConfiguration=stepping,
            ),
        }

    def read() -> Any:
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"])
        assert target["ResourceId"] == "/".join(["service", *stack.id_of("Service").split("/")[-2:]])
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=target["ResourceId"])
        assert {policy["PolicyARN"] for policy in policies["ScalingPolicies"]} == {
            stack.id_of(name) for name in ("Tracking", "Stepping")
        }
        named = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["tracking"])["ScalingPolicies"]
        assert only(named)["PolicyName"] == "tracking"
        assert not scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        actions = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
        configurations = {
            policy["PolicyName"]: policy.get("TargetTrackingScalingPolicyConfiguration")
            or policy["StepScalingPolicyConfiguration"]
            for policy in policies["ScalingPolicies"]
        }
        scheduled = [{name: action[name] for name in morning} for action in actions]
        return target["MaxCapacity"], configurations, scheduled

    first, second = live(stack, resources(6, 60, ScheduledActions=[morning]), resources(8, 50.5), read)
    assert first == (6, {"tracking": tracking, "stepping": stepping}, [morning])
    assert second == (8, {"tracking": {**tracking, "TargetValue": 50.5}, "stepping": stepping}, [])


def test_policies_go_alone(stack: Stack) -> None:
    target = of(
        "ApplicationAutoScaling::ScalableTarget",
        MaxCapacity=2,
        MinCapacity=1,
        ResourceId="table/some",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        ServiceNamespace="dynamodb",
    )
    policy = of(
        "ApplicationAutoScaling::ScalingPolicy",
        PolicyName="some",
        PolicyType="StepScaling",
        ScalingTargetId=ref("Target"),
    )

    def read() -> int:
        scaling = stack.client("application-autoscaling")
        return len(scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"])

    assert live(stack, {"Target": target, "Policy": policy}, {"Target": target}, read) == (1, 0)


# CloudWatch


def test_alarms_on_metric_math(stack: Stack) -> None:
    def metric(name: str) -> dict[str, Any]:
        dimensions = [{"Name": "ClusterName", "Value": "one"}]
        return {"Dimensions": dimensions, "MetricName": name, "Namespace": "ECS/ContainerInsights"}

    metrics = [
        {"Expression": "desired - running", "Id": "missing", "Label": "Missing", "ReturnData": True},
        {
            "Id": "desired",
            "MetricStat": {"Metric": metric("Desired"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
        {
            "Id": "running",
            "MetricStat": {"Metric": metric("Running"), "Period": 60, "Stat": "Minimum"},
            "ReturnData": False,
        },
    ]
    common = {
        "AlarmDescription": "Missing",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 10,
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
    }
    percentile = {**metric("Time"), "ExtendedStatistic": "p90", "Period": 60}

    def read() -> Any:
        alarm = only(stack.client("cloudwatch").describe_alarms(AlarmNames=[stack.id_of("Alarm")])["MetricAlarms"])
        names = {*common, *percentile, "Metrics", "Statistic"}
        return {name: alarm[name] for name in names if alarm.get(name)}

    described = {name: value for name, value in common.items() if value}
    first, second = live(
        stack,
        {"Alarm": of("CloudWatch::Alarm", **common, Metrics=metrics)},
        {"Alarm": of("CloudWatch::Alarm", **common, **percentile)},
        read,
    )
    assert first == {**described, "Metrics": metrics}
    assert second == {**described, **percentile}


# ECR


def test_repositories(stack: Stack) -> None:
    exclusion = {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "latest*",
    }

    def read() -> Any:
        ecr = stack.client("ecr")
        found = only(ecr.describe_repositories(repositoryNames=[stack.id_of("Repository")])["repositories"])
        return found["imageTagMutability"], found.get("imageTagMutabilityExclusionFilters")

    first, second = live(
        stack,
        {
            "Repository": of(
                "ECR::Repository",
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[exclusion],
            )
        },
        {"Repository": of("ECR::Repository", ImageTagMutability="IMMUTABLE")},
        read,
    )
    assert first == ("IMMUTABLE_WITH_EXCLUSION", [{"filterType": "WILDCARD", "filter": "latest*"}])
    assert second == ("IMMUTABLE", None)


def test_settings_of_the_registry(stack: Stack) -> None:
    def resources(scan: str, region: str) -> Resources:
        filters = [{"Filter": "team/app", "FilterType": "WILDCARD"}]
        prefixes = [{"Filter": "team/app", "FilterType": "PREFIX_MATCH"}]
        destinations = [{"Region": region, "RegistryId": ref("AWS::AccountId")}]
        return {
            "Scanning": of(
                "ECR::RegistryScanningConfiguration",
                Rules=[{"RepositoryFilters": filters, "ScanFrequency": "CONTINUOUS_SCAN"}],
                ScanType=scan,
            ),
            "Replication": of(
                "ECR::ReplicationConfiguration",
                ReplicationConfiguration={"Rules": [{"Destinations": destinations, "RepositoryFilters": prefixes}]},
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        return (
            ecr.get_registry_scanning_configuration()["scanningConfiguration"],
            ecr.describe_registry()["replicationConfiguration"],
        )

    untouched = read()
    first, second = live(stack, resources("ENHANCED", "eu-west-1"), resources("BASIC", "eu-west-3"), read)
    scanning = {
        "scanType": "ENHANCED",
        "rules": [
            {
                "repositoryFilters": [{"filter": "team/app", "filterType": "WILDCARD"}],
                "scanFrequency": "CONTINUOUS_SCAN",
            }
        ],
    }
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT_ID}],
        "repositoryFilters": [{"filter": "team/app", "filterType": "PREFIX_MATCH"}],
    }
    assert first == (scanning, {"rules": [rule]})
    assert second[0]["scanType"] == "BASIC"
    assert second[1]["rules"][0]["destinations"] == [{"region": "eu-west-3", "registryId": ACCOUNT_ID}]
    assert read() == untouched == ({"scanType": "BASIC", "rules": []}, {"rules": []})


def test_pull_through_caches(stack: Stack) -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"

    def resources(prefix: str, policy: str, **more: Any) -> Resources:
        return {
            "Template": of(
                "ECR::RepositoryCreationTemplate",
                AppliedFor=["PULL_THROUGH_CACHE"],
                LifecyclePolicy=policy,
                Prefix=prefix,
                **more,
            ),
            "Cache": of(
                "ECR::PullThroughCacheRule",
                CredentialArn=secret,
                EcrRepositoryPrefix=prefix,
                UpstreamRegistryUrl="registry-1.docker.io",
            ),
        }

    def read() -> Any:
        ecr = stack.client("ecr")
        rule = only(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"])
        template = only(ecr.describe_repository_creation_templates()["repositoryCreationTemplates"])
        assert stack.id_of("Cache") == rule["ecrRepositoryPrefix"]
        for made in (rule, template):
            del made["createdAt"], made["updatedAt"]
        return rule, template

    first, second = live(
        stack, resources("one", '{"rules": []}', Description="Docker Hub"), resources("two", '{"rules": [1]}'), read
    )
    assert first == (
        {
            "credentialArn": secret,
            "ecrRepositoryPrefix": "one",
            "registryId": ACCOUNT_ID,
            "upstreamRegistry": "docker-hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
        },
        {
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "description": "Docker Hub",
            "imageTagMutability": "MUTABLE",
            "lifecyclePolicy": '{"rules": []}',
            "prefix": "one",
        },
    )
    assert second[0]["ecrRepositoryPrefix"] == second[1]["prefix"] == "two"
    assert "description" not in second[1]


def test_public_repositories(stack: Stack) -> None:
    def resources(**catalog: Any) -> Resources:
        return {
            "Public": of(
                "ECR::PublicRepository", RepositoryName="team/app", RepositoryCatalogData=catalog, Tags=tags(Team="one")
            )
        }

    def read() -> Any:
        public = stack.client("ecr-public")
        repository = only(public.describe_repositories(repositoryNames=["team/app"])["repositories"])
        assert repository["repositoryUri"].startswith("public.ecr.aws/")
        found = public.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        assert without_own_tags(found) == tags(Team="one")
        with pytest.raises(public.exceptions.RepositoryPolicyNotFoundException):
            public.get_repository_policy(repositoryName="team/app")
        return public.get_repository_catalog_data(repositoryName="team/app")["catalogData"]

    first, second = live(
        stack, resources(RepositoryDescription="An app", OperatingSystems=["Linux"]), resources(AboutText="It is"), read
    )
    assert first == {"description": "An app", "operatingSystems": ["Linux"]}
    assert second == {"aboutText": "It is"}
    public = stack.client("ecr-public")
    with pytest.raises(public.exceptions.RepositoryNotFoundException):
        public.describe_repositories(repositoryNames=["team/app"])


# SNS


def test_topics(stack: Stack) -> None:
    def read() -> Any:
        attributes = stack.client("sns").get_topic_attributes(TopicArn=stack.id_of("Topic"))["Attributes"]
        return attributes.get("KmsMasterKeyId")

    encrypted = {"Topic": of("SNS::Topic", KmsMasterKeyId="alias/some")}
    assert live(stack, {"Topic": of("SNS::Topic")}, encrypted, read) == (None, "alias/some")


# S3


def test_buckets(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/some"}}]

    def read() -> Any:
        s3, bucket = stack.client("s3"), stack.id_of("Bucket")
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        try:
            rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except s3.exceptions.ClientError:
            rules = []
        lifecycle = [(rule["Expiration"]["Days"], rule["Filter"], rule["Status"]) for rule in rules]
        return only(encryption)["ApplyServerSideEncryptionByDefault"], lifecycle

    first, second = live(
        stack,
        {
            "Bucket": of(
                "S3::Bucket",
                BucketEncryption={"ServerSideEncryptionConfiguration": encrypted},
                LifecycleConfiguration={
                    "Rules": [{"ExpirationInDays": "365", "Prefix": "AWSLogs", "Status": "Enabled"}]
                },
            )
        },
        {"Bucket": of("S3::Bucket")},
        read,
    )
    assert first == (encrypted[0]["ServerSideEncryptionByDefault"], [(365, {"Prefix": "AWSLogs"}, "Enabled")])
    assert second == ({"SSEAlgorithm": "AES256"}, [])


def test_objects_go_into_a_bucket_with_a_key_of_s3_itself(stack: Stack) -> None:
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    stack.put({"Bucket": of("S3::Bucket", BucketEncryption={"ServerSideEncryptionConfiguration": encrypted})})
    s3, bucket = stack.client("s3"), stack.id_of("Bucket")
    rule = only(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"])
    algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]  # with which the CDK CLI then uploads
    s3.put_object(Bucket=bucket, Key="some", ServerSideEncryption=algorithm)
    s3.delete_object(Bucket=bucket, Key="some")


# Stacks


def test_a_stack_of_a_change_set_has_its_description(stack: Stack) -> None:
    template = json.dumps({"Description": "Something", "Resources": {"Topic": of("SNS::Topic")}})
    cloudformation = stack.cloudformation
    change = {"StackName": STACK, "ChangeSetName": "first"}
    cloudformation.create_change_set(**change, TemplateBody=template, ChangeSetType="CREATE")
    cloudformation.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(**change)
    assert stack.wait() == "CREATE_COMPLETE"
    assert cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Description"] == "Something"


# What refers to nothing


GATEWAY = {
    "Internet": of("EC2::InternetGateway"),
    "Attachment": of("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Internet"), VpcId=ref("Vpc")),
}
TABLE = {"Table": of("EC2::RouteTable", VpcId=ref("Vpc"))}
LOST = "does-not-exist"


def lost(resource: Mapping[str, Any], **wrong: Any) -> dict[str, Any]:
    """The resource with a wrong reference in place of a right one."""
    return {**resource, "Properties": {**resource["Properties"], **wrong}}


REFERENCES: dict[str, Resources] = {
    "address of a NAT gateway": {"Lost": of("EC2::NatGateway", AllocationId=LOST, SubnetId=ref("Subnet"))},
    "subnet of a NAT gateway": {"Lost": of("EC2::NatGateway", ConnectivityType="private", SubnetId=LOST)},
    "VPC of a subnet": {"Lost": lost(NETWORK["Subnet"], VpcId=LOST)},
    "VPC of a route table": {"Lost": of("EC2::RouteTable", VpcId=LOST)},
    "VPC of a security group": {"Lost": lost(NETWORK["Group"], VpcId=LOST)},
    "VPC of a gateway": {**GATEWAY, "Attachment": lost(GATEWAY["Attachment"], VpcId=LOST)},
    "gateway of a VPC": {"Lost": lost(GATEWAY["Attachment"], InternetGatewayId=LOST)},
    "route table of a route": {"Lost": of("EC2::Route", RouteTableId=LOST, DestinationCidrBlock="0.0.0.0/0")},
    "NAT gateway of a route": {**TABLE, "Lost": of("EC2::Route", RouteTableId=ref("Table"), NatGatewayId=LOST)},
    "gateway of a route": {**TABLE, "Lost": of("EC2::Route", RouteTableId=ref("Table"), GatewayId=f"igw-{LOST}")},
    "route table of a subnet": {
        "Lost": of("EC2::SubnetRouteTableAssociation", RouteTableId=LOST, SubnetId=ref("Subnet"))
    },
    "subnet of a route table": {
        **TABLE,
        "Lost": of("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=LOST),
    },
    "group of an ingress rule": {
        "Lost": of("EC2::SecurityGroupIngress", GroupId=LOST, IpProtocol="-1", CidrIp="192.0.2.0/24")
    },
    "source of an ingress rule": {
        "Lost": of("EC2::SecurityGroupIngress", GroupId=ref("Group"), IpProtocol="-1", SourceSecurityGroupId=LOST)
    },
    "destination of an egress rule": {
        "Lost": of("EC2::SecurityGroupEgress", GroupId=ref("Group"), IpProtocol="-1", DestinationSecurityGroupId=LOST)
    },
    "VPC of a flow log": {"Lost": of("EC2::FlowLog", ResourceId=LOST, ResourceType="VPC", TrafficType="ALL")},
    "log group of a flow log": {
        "Lost": of("EC2::FlowLog", LogGroupName=LOST, ResourceId=ref("Vpc"), ResourceType="VPC", TrafficType="ALL")
    },
    "role of a flow log": {
        "Logs": of("Logs::LogGroup"),
        "Lost": of(
            "EC2::FlowLog",
            DeliverLogsPermissionArn=LOST,
            LogGroupName=ref("Logs"),
            ResourceId=ref("Vpc"),
            ResourceType="VPC",
            TrafficType="ALL",
        ),
    },
    "subnet of an endpoint": {"Lost": of("EC2::VPCEndpoint", ServiceName="s3", SubnetIds=[LOST], VpcId=ref("Vpc"))},
    "group of an endpoint": {
        "Lost": of("EC2::VPCEndpoint", SecurityGroupIds=[LOST], ServiceName="s3", VpcId=ref("Vpc"))
    },
    "route table of an endpoint": {
        "Lost": of("EC2::VPCEndpoint", RouteTableIds=[LOST], ServiceName="s3", VpcId=ref("Vpc"))
    },
    "subnet of a load balancer": {**front(), "Balancer": lost(front()["Balancer"], Subnets=[LOST])},
    "group of a load balancer": {**front(), "Balancer": lost(front()["Balancer"], SecurityGroups=[LOST])},
    "VPC of a target group": {**front(), "Targets": lost(front()["Targets"], VpcId=LOST)},
    "load balancer of a listener": {**front(), "Listener": lost(front()["Listener"], LoadBalancerArn=LOST)},
    "target group of a listener": {
        **front(),
        "Listener": lost(front()["Listener"], DefaultActions=[{"Type": "forward", "TargetGroupArn": LOST}]),
    },
    "resource of a web ACL": {"Lost": of("WAFv2::WebACLAssociation", ResourceArn=LOST, WebACLArn="some")},
    "cluster of capacity providers": {
        "Lost": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=["FARGATE"],
            Cluster=LOST,
            DefaultCapacityProviderStrategy=[],
        )
    },
    "capacity provider of a cluster": {**service(), "Capacity": lost(service()["Capacity"], CapacityProviders=[LOST])},
    "cluster of a service": {**service(), "Service": lost(service()["Service"], Cluster=LOST)},
    "task definition of a service": {**service(), "Service": lost(service()["Service"], TaskDefinition=LOST)},
    "capacity provider of a service": service(
        settings={"CapacityProviderStrategy": [{"CapacityProvider": LOST, "Weight": 1}]}
    ),
    "subnet of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [], "Subnets": [LOST]}}}
    ),
    "group of a service": service(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": [LOST], "Subnets": []}}}
    ),
    "target group of a service": service(settings=balancer_of(LOST, "web", 80)),
    "container of a service": service(settings=balancer_of(ref("Targets"), LOST, 80)),
    "group of a scaling policy": {
        "Lost": of("AutoScaling::ScalingPolicy", AutoScalingGroupName=LOST, PolicyType="TargetTrackingScaling")
    },
    "scalable target of a policy": {
        "Lost": of(
            "ApplicationAutoScaling::ScalingPolicy", PolicyName="some", PolicyType="StepScaling", ScalingTargetId=LOST
        )
    },
    "service of a scalable target": {
        "Lost": of(
            "ApplicationAutoScaling::ScalableTarget",
            MaxCapacity=2,
            MinCapacity=1,
            ResourceId=f"service/{LOST}/{LOST}",
            ScalableDimension="ecs:service:DesiredCount",
            ServiceNamespace="ecs",
        )
    },
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_that_leads_nowhere_fails_the_stack(stack: Stack, reference: str) -> None:
    with pytest.raises(AssertionError, match=LOST):
        stack.put({**NETWORK, **REFERENCES[reference]})


def test_a_target_group_needs_a_listener_before_it_gets_a_service(stack: Stack) -> None:
    """Without the order that the listener brings about, AWS refuses."""
    resources = service()
    del resources["Listener"]
    resources["Service"] = {**resources["Service"], "DependsOn": ["Capacity"]}
    with pytest.raises(AssertionError, match="does not have an associated load balancer"):
        stack.put(resources)


def test_a_container_has_to_expose_the_port_of_its_service(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="does not expose port 81"):
        stack.put(service(settings=balancer_of(ref("Targets"), "web", 81)))


def test_a_property_that_the_api_does_not_know_fails_the_stack(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="Encountered unsupported property Hue"):
        stack.put(service(task={"container": {"Hue": "blue"}}))


# EKS

ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
STORAGE_CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "gp3"}}


def kubernetes(**changed: Any) -> dict[str, Any]:
    """A cluster with nodes, an add-on, an administrator and an object that kubectl applies."""
    return {
        **NETWORK,
        "Second": of("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.16.0/20", AvailabilityZone="us-east-1c"),
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("eks.amazonaws.com")),
        "Pods": of("IAM::Role", AssumeRolePolicyDocument=trust("pods.eks.amazonaws.com")),
        "Cluster": of(
            "EKS::Cluster",
            Name="one",
            AccessConfig={"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False},
            DeletionProtection=changed.get("protected", False),
            EncryptionConfig=[{"Provider": {"KeyArn": att("Key", "Arn")}, "Resources": ["secrets"]}],
            Logging={"ClusterLogging": {"EnabledTypes": [{"Type": kind} for kind in changed.get("logs", ["api"])]}},
            ResourcesVpcConfig={
                "EndpointPrivateAccess": True,
                "EndpointPublicAccess": bool(changed.get("cidrs")),
                "PublicAccessCidrs": changed.get("cidrs", []),
                "SubnetIds": [ref("Subnet"), ref("Second")],
            },
            RoleArn=att("Role", "Arn"),
            UpgradePolicy={"SupportType": changed.get("support", "STANDARD")},
            Version="1.36",
        ),
        "Template": of("EC2::LaunchTemplate", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}}),
        "Nodes": of(
            "EKS::Nodegroup",
            CapacityType="SPOT",
            ClusterName=ref("Cluster"),
            LaunchTemplate={"Id": ref("Template"), "Version": att("Template", "LatestVersionNumber")},
            NodeRepairConfig={"Enabled": True},
            NodeRole=att("Role", "Arn"),
            ScalingConfig={"MinSize": 1, "DesiredSize": 1, "MaxSize": changed.get("nodes", 2)},
            Subnets=[ref("Subnet"), ref("Second")],
        ),
        "AddOn": of(
            "EKS::Addon",
            AddonName="vpc-cni",
            ClusterName=ref("Cluster"),
            **changed.get("add_on", {}),
        ),
        "Admin": of(
            "EKS::AccessEntry",
            AccessPolicies=[{"PolicyArn": ADMIN_POLICY, "AccessScope": {"Type": "cluster"}}]
            if changed.get("admin", True)
            else [],
            ClusterName=ref("Cluster"),
            PrincipalArn=att("Role", "Arn"),
        ),
        "Object": {
            "Type": "Custom::AWSCDK-EKS-KubernetesResource",
            "Properties": {
                "ServiceToken": "nobody",
                "ClusterName": ref("Cluster"),
                "Manifest": json.dumps(changed.get("objects", [STORAGE_CLASS])),
            },
        },
    }


def test_clusters_and_what_they_have(stack: Stack) -> None:
    def read() -> Any:
        eks = stack.client("eks")
        cluster = eks.describe_cluster(name="one")["cluster"]
        network = cluster["resourcesVpcConfig"]
        [group] = stack.client("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])[
            "SecurityGroups"
        ]
        assert group["VpcId"] == network["vpcId"] == stack.id_of("Vpc")
        assert only(group["IpPermissions"])["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
        assert cluster["encryptionConfig"][0]["provider"]["keyArn"].endswith(stack.id_of("Key"))
        assert cluster["accessConfig"]["authenticationMode"] == "API"
        group_name = only(eks.list_nodegroups(clusterName="one")["nodegroups"])
        nodes = eks.describe_nodegroup(clusterName="one", nodegroupName=group_name)
        add_on = eks.describe_addon(clusterName="one", addonName="vpc-cni")["addon"]
        associations = eks.list_pod_identity_associations(clusterName="one")["associations"]
        assert [each["associationArn"] for each in associations] == add_on["podIdentityAssociations"]
        role = only(eks.list_access_entries(clusterName="one")["accessEntries"])
        admin = eks.list_associated_access_policies(clusterName="one", principalArn=role)["associatedAccessPolicies"]
        return (
            {kind for each in cluster["logging"]["clusterLogging"] if each["enabled"] for kind in each["types"]},
            (network["endpointPublicAccess"], network["publicAccessCidrs"]),
            (cluster["deletionProtection"], cluster["upgradePolicy"]["supportType"]),
            (nodes["nodegroup"]["capacityType"], nodes["nodegroup"]["nodeRepairConfig"]),
            nodes["nodegroup"]["scalingConfig"]["maxSize"],
            (add_on["addonVersion"], add_on["configurationValues"]),
            [each["serviceAccount"] for each in associations],
            [policy["policyArn"] for policy in admin],
            stack.account.inventory()["eks.OBJECTS"],
        )

    second = kubernetes(
        logs=["api", "audit"],
        cidrs=["203.0.113.0/24"],
        support="EXTENDED",
        nodes=5,
        add_on={
            "AddonVersion": "v1.2.3-eksbuild.4",
            "ConfigurationValues": '{"a": "b"}',
            "PodIdentityAssociations": [{"ServiceAccount": "aws-node", "RoleArn": att("Pods", "Arn")}],
        },
        admin=False,
        objects=[{**STORAGE_CLASS, "metadata": {"name": "other"}}],
    )
    at_first, changed = live(stack, kubernetes(), second, read)
    assert at_first == (
        {"api"},
        (False, []),
        (False, "STANDARD"),
        ("SPOT", {"enabled": True}),
        2,
        ("v1.0.0-eksbuild.1", ""),
        [],
        [ADMIN_POLICY],
        ["one/storage.k8s.io/v1/StorageClass//gp3"],
    )
    assert changed == (
        {"api", "audit"},
        (True, ["203.0.113.0/24"]),
        (False, "EXTENDED"),
        ("SPOT", {"enabled": True}),
        5,
        ("v1.2.3-eksbuild.4", '{"a": "b"}'),
        ["aws-node"],
        [],
        ["one/storage.k8s.io/v1/StorageClass//other"],
    )


def test_a_protected_cluster_is_not_deleted_until_somebody_lifts_that(stack: Stack) -> None:
    stack.put(kubernetes(protected=True))
    with pytest.raises(AssertionError, match="deletion protection is enabled"):
        stack.delete()
    stack.client("eks").update_cluster_config(name="one", deletionProtection=False)
    stack.delete()


@pytest.mark.parametrize(
    ("resource", "wrong", "message"),
    [
        ("Cluster", {"RoleArn": "arn:aws:iam::000000000000:role/missing"}, "role/missing does not exist"),
        (
            "Cluster",
            {"ResourcesVpcConfig": {"SubnetIds": [ref("Subnet")], "EndpointPrivateAccess": True}},
            "at least two different AZs",
        ),
        ("Nodes", {"ClusterName": "missing"}, "No cluster found for name: missing"),
        ("Nodes", {"LaunchTemplate": {"Id": "lt-missing", "Version": "1"}}, "Launch template lt-missing not found"),
        ("AddOn", {"ClusterName": "missing"}, "No cluster found for name: missing"),
        ("AddOn", {"ConfigurationValues": "a: b"}, "ConfigurationValue provided in request is not supported"),
        (
            "AddOn",
            {"PodIdentityAssociations": [{"ServiceAccount": "a", "RoleArn": "arn:missing"}]},
            "The role arn:missing does not exist",
        ),
        ("Admin", {"PrincipalArn": "arn:missing"}, "The role arn:missing does not exist"),
        ("Object", {"Manifest": "[{}]"}, "unable to decode the manifest"),
        ("Object", {"ClusterName": "missing"}, "No cluster found for name: missing"),
    ],
)
def test_what_eks_refuses(stack: Stack, resource: str, wrong: dict[str, Any], message: str) -> None:
    resources = kubernetes()
    resources[resource]["Properties"].update(wrong)
    with pytest.raises(AssertionError, match=message):
        stack.put(resources)


def test_fargate_profiles(stack: Stack) -> None:
    def resources(team: str) -> Resources:
        profile = of(
            "EKS::FargateProfile",
            ClusterName=ref("Cluster"),
            PodExecutionRoleArn=att("Role", "Arn"),
            Selectors=[{"Namespace": "default", "Labels": [{"Key": "team", "Value": team}]}],
            Subnets=[ref("Subnet"), ref("Second")],
        )
        return {**kubernetes(), "Profile": profile}

    def read() -> Any:
        eks = stack.client("eks")
        name = only(eks.list_fargate_profiles(clusterName="one")["fargateProfileNames"])
        profile = eks.describe_fargate_profile(clusterName="one", fargateProfileName=name)["fargateProfile"]
        assert profile["status"] == "ACTIVE"
        return profile["selectors"]

    first, second = live(stack, resources("a"), resources("b"), read)
    assert first == [{"namespace": "default", "labels": {"team": "a"}}]
    assert second == [{"namespace": "default", "labels": {"team": "b"}}]


# Lambda


def works(*, memory: int = 256, versions: tuple[str, ...] = ("One",), **changed: Any) -> dict[str, Any]:
    """A function with a version, an alias that is the last of ``versions``, and what deploys it."""
    function = of(
        "Lambda::Function",
        Code={"ZipFile": "def handler(event, context): ..."},
        Handler="index.handler",
        LoggingConfig={"LogGroup": ref("Logs")},
        MemorySize=memory,
        Role=att("Role", "Arn"),
        Runtime="python3.14",
        **changed.get("function", {}),
    )
    alias = of(
        "Lambda::Alias",
        FunctionName=ref("Function"),
        FunctionVersion=att(versions[-1], "Version"),
        Name="live",
        **changed.get("alias", {}),
    )
    return {
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")),
        "Logs": of("Logs::LogGroup", RetentionInDays=7),
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Function": function,
        **{name: of("Lambda::Version", FunctionName=ref("Function")) for name in versions},
        "Alias": alias,
        **changed.get("more", {}),
    }


def test_functions_and_their_aliases(stack: Stack) -> None:
    def read() -> Any:
        client, name = stack.client("lambda"), stack.id_of("Function")
        by_alias = client.get_function_configuration(FunctionName=name, Qualifier="live")
        key = by_alias.get("KMSKeyArn", "").rpartition("/")[2]
        assert key in ("", stack.id_of("Key"))
        reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        provisioned = None
        with suppress(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
            found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
            provisioned = found["RequestedProvisionedConcurrentExecutions"]
        return by_alias["MemorySize"], bool(key), reserved, provisioned

    second = works(
        memory=512,
        versions=("Two",),
        function={"KmsKeyArn": att("Key", "Arn"), "ReservedConcurrentExecutions": "5"},
        alias={"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 5}},
    )
    assert live(stack, works(), second, read) == ((256, False, None, None), (512, True, 5, 5))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"function": {"ReservedConcurrentExecutions": 901}}, r"below its minimum value of \[100\]"),
        ({"function": {"KmsKeyArn": "arn:aws:kms:us-east-1:1:key/missing"}}, "KMS key not found: .*missing"),
        ({"function": {"LoggingConfig": {"LogGroup": "missing"}}}, "No log group missing"),
        ({"function": {"Role": "arn:missing"}}, "cannot be assumed by Lambda: arn:missing"),
        ({"alias": {"FunctionVersion": "9"}}, "Function not found: .*:9"),
        (
            {
                "function": {"ReservedConcurrentExecutions": 1},
                "alias": {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}},
            },
            "should not be greater than the reservedConcurrentExecution",
        ),
    ],
)
def test_what_lambda_refuses(stack: Stack, wrong: dict[str, dict[str, Any]], message: str) -> None:
    resources = works()
    resources["Function"]["Properties"].update(wrong.get("function", {}))
    resources["Alias"]["Properties"].update(wrong.get("alias", {}))
    with pytest.raises(AssertionError, match=message):
        stack.put(resources)


def test_nothing_is_left_of_the_calls_of_a_function(stack: Stack) -> None:
    stack.put(works())
    stack.client("lambda").invoke(FunctionName=stack.id_of("Function"), Qualifier="live", Payload=b"{}")
    assert stack.client("cloudwatch").list_metrics(Namespace="AWS/Lambda")["Metrics"]
    stack.delete()


def test_provisioned_concurrency_scales(stack: Stack) -> None:
    def resources(most: int, function: str | None = None) -> Resources:
        resource = {"Fn::Join": [":", ["function", function or ref("Function"), "live"]]}
        target = of(
            "ApplicationAutoScaling::ScalableTarget",
            MaxCapacity=most,
            MinCapacity=1,
            ResourceId=resource,
            ScalableDimension="lambda:function:ProvisionedConcurrency",
            ServiceNamespace="lambda",
        )
        return works(more={"Target": {**target, "DependsOn": ["Alias"]}})

    def read() -> Any:
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"])
        assert target["ResourceId"] == f"function:{stack.id_of('Function')}:live"
        return target["MaxCapacity"]

    assert live(stack, resources(2), resources(3), read) == (2, 3)
    with pytest.raises(AssertionError, match="Lambda alias doesn't exist: function:missing:live"):
        stack.put(resources(2, "missing"))


# CodeDeploy


def deployments(*, how: str = "AllAtOnce", **changed: Any) -> dict[str, Any]:
    alarm = of(
        "CloudWatch::Alarm",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=0,
    )
    group = of(
        "CodeDeploy::DeploymentGroup",
        ApplicationName=ref("Application"),
        DeploymentConfigName=f"CodeDeployDefault.Lambda{how}",
        DeploymentStyle={"DeploymentOption": "WITH_TRAFFIC_CONTROL", "DeploymentType": "BLUE_GREEN"},
        ServiceRoleArn=att("Role", "Arn"),
        **changed,
    )
    return {
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("codedeploy.amazonaws.com")),
        "Application": of("CodeDeploy::Application", ComputePlatform="Lambda"),
        "Alarm": alarm,
        "Group": group,
    }


def test_deployment_groups(stack: Stack) -> None:
    def read() -> Any:
        client, application, group = stack.client("codedeploy"), stack.id_of("Application"), stack.id_of("Group")
        found = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
        info = found["deploymentGroupInfo"]
        assert (info["applicationName"], info["deploymentGroupName"]) == (application, group)
        assert client.get_application(applicationName=application)["application"]["computePlatform"] == "Lambda"
        alarms = info.get("alarmConfiguration", {})
        assert [alarm["name"] for alarm in alarms.get("alarms", [])] in ([], [stack.id_of("Alarm")])
        rollback = info.get("autoRollbackConfiguration", {})
        return info["deploymentConfigName"], alarms.get("enabled"), rollback.get("events")

    second = deployments(
        how="Canary10Percent5Minutes",
        AlarmConfiguration={"Alarms": [{"Name": ref("Alarm")}], "Enabled": True},
        AutoRollbackConfiguration={"Enabled": True, "Events": ["DEPLOYMENT_FAILURE"]},
    )
    assert live(stack, deployments(), second, read) == (
        ("CodeDeployDefault.LambdaAllAtOnce", None, None),
        ("CodeDeployDefault.LambdaCanary10Percent5Minutes", True, ["DEPLOYMENT_FAILURE"]),
    )
    client = stack.client("codedeploy")
    with pytest.raises(client.exceptions.ApplicationDoesNotExistException):
        client.get_application(applicationName="gone")
    with pytest.raises(client.exceptions.DeploymentGroupDoesNotExistException):
        client.get_deployment_group(applicationName="gone", deploymentGroupName="gone")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ApplicationName": "missing"}, "No application found for name: missing"),
        ({"ServiceRoleArn": "arn:missing"}, "CodeDeploy cannot assume arn:missing"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": "missing"}], "Enabled": True}}, "No alarm missing"),
    ],
)
def test_what_code_deploy_refuses(stack: Stack, wrong: dict[str, Any], message: str) -> None:
    resources = deployments()
    resources["Group"]["Properties"].update(wrong)
    with pytest.raises(AssertionError, match=message):
        stack.put(resources)
