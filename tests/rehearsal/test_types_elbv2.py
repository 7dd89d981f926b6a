"""Load balancers, target groups, listeners and their web ACLs in the emulated account."""

from typing import Any

import pytest

from rehearsal.account import ACCOUNT_ID, REGION
from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    load_balancer,
    network_load_balancer,
    of,
    only,
    ref,
)


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

    first, second = check_life_cycle(stack, load_balancer(**attributes), load_balancer(interval=20, path="/up"), read)
    assert first == ("true", "30", "60", 15, "/")
    assert second == ("false", "300", "60", 20, "/up")


def test_load_balancers_are_in_the_vpc_of_their_subnets(stack: Stack) -> None:
    stack.deploy(load_balancer())
    elb = stack.client("elbv2")
    balancer = only(elb.describe_load_balancers(LoadBalancerArns=[stack.id_of("Balancer")])["LoadBalancers"])
    assert balancer["VpcId"] == stack.id_of("Vpc")
    zone = only(balancer["AvailabilityZones"])
    assert (zone["ZoneName"], zone["SubnetId"]) == ("us-east-1b", stack.id_of("Subnet"))


def test_target_groups_have_a_full_name_for_dimensions(stack: Stack) -> None:
    stack.deploy(
        {
            **load_balancer(),
            "Name": of("SSM::Parameter", Type="String", Value=get_att("Targets", "TargetGroupFullName")),
        }
    )
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

    first, second = check_life_cycle(stack, load_balancer(listener=https), load_balancer(), read)
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
    changed = network_load_balancer(
        balancer=[{"Key": "deletion_protection.enabled", "Value": "true"}],
        more={enforced: "off"},
        targets=[{"Key": "preserve_client_ip.enabled", "Value": "true"}],
        health={"HealthCheckPath": "/up", "HealthCheckProtocol": "HTTP"},
        listener=tls,
    )
    first, second = check_life_cycle(stack, network_load_balancer(), changed, read)
    assert first == ("on", "false", "false", ("TCP", None, None), ("TCP", None))
    up = ("HTTP", "/up", {"HttpCode": "200-399"})
    assert second == ("off", "true", "true", up, ("TLS", tls["SslPolicy"]))


def test_a_tls_listener_requires_a_certificate(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="A certificate must be specified for TLS listeners"):
        stack.deploy(network_load_balancer(listener={"Port": 443, "Protocol": "TLS"}))


def test_web_acls(stack: Stack) -> None:
    def resources(name: str) -> Resources:
        acl = f"arn:aws:wafv2:{REGION}:{ACCOUNT_ID}:regional/webacl/{name}/1a2b3c4d"
        return {
            **load_balancer(),
            "Association": of("WAFv2::WebACLAssociation", ResourceArn=ref("Balancer"), WebACLArn=acl),
        }

    def read() -> Any:
        found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=stack.id_of("Balancer"))
        return found.get("WebACL", {}).get("Name")

    assert check_life_cycle(stack, resources("one"), resources("two"), read) == ("one", "two")
    assert check_life_cycle(stack, resources("one"), load_balancer(), read) == ("one", None)
