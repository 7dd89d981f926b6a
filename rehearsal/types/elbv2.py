"""Load balancers: their network, default attributes, and checks of references."""

from typing import Any

from ministack.services import alb, ec2

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import add_to_description
from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, require

LOAD_BALANCER_ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""Defaults of an Application Load Balancer (ELB API Reference, LoadBalancerAttribute)."""

NETWORK_LOAD_BALANCER_ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "false",
    "secondary_ips.auto_assigned.per_subnet": "0",
    "zonal_shift.config.enabled": "false",
}
"""Defaults of a Network Load Balancer."""

TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
}
"""Defaults of a target group of an Application Load Balancer (ELB API Reference, TargetGroupAttribute)."""


NETWORK_TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay.connection_termination.enabled": "false",
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "stickiness.enabled": "false",
    "stickiness.type": "source_ip",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
    "target_health_state.unhealthy.draining_interval_seconds": "0",
}
"""Defaults of a target group of type ``ip`` of a Network Load Balancer."""

ENFORCED = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
NETWORK_PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP")


def register() -> None:
    amend_type(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        check=check_load_balancer,
        complete=complete_load_balancer,
        check_delete=check_delete_load_balancer,
    )
    amend_type(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        check=ec2_types.check_vpc,
        complete=complete_target_group,
        attributes=target_group_attributes,
    )
    amend_type("AWS::ElasticLoadBalancingV2::Listener", check=check_listener, clean_up=clean_up_listener)
    add_to_description(
        alb,
        "DescribeLoadBalancers",
        items="LoadBalancers",
        item="member",
        key="LoadBalancerArn",
        more=described_load_balancer,
    )
    add_to_description(
        alb,
        "DescribeTargetGroups",
        items="TargetGroups",
        item="member",
        key="TargetGroupArn",
        more=described_target_group,
    )


def check_load_balancer(properties: Properties) -> None:
    for subnet_id in properties.get("Subnets", []):
        ec2_types.subnet(subnet_id)
    for group_id in properties.get("SecurityGroups", []):
        ec2_types.security_group(group_id)


def check_delete_load_balancer(arn: str, _properties: Properties) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html"""
    if {"Key": "deletion_protection.enabled", "Value": "true"} in alb._lb_attrs.get(arn, []):
        raise ValueError(f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled")


def complete_load_balancer(arn: str, properties: Properties) -> None:
    """MiniStack puts every load balancer into the default VPC."""
    network = properties.get("Type") == "network"
    defaults = NETWORK_LOAD_BALANCER_ATTRIBUTES if network else LOAD_BALANCER_ATTRIBUTES
    alb._lb_attrs[arn] = attributes(defaults, properties.get("LoadBalancerAttributes", []))
    # The default is on (ELB API Reference, SetSecurityGroups).
    enforced = properties.get(ENFORCED, "on")
    alb._lbs[arn][ENFORCED] = enforced if network and properties.get("SecurityGroups") else None
    for subnet_id in properties.get("Subnets", [])[:1]:
        alb._lbs[arn]["VpcId"] = ec2_types.subnet(subnet_id)["VpcId"]


def described_load_balancer(arn: str) -> dict[str, Any]:
    """MiniStack describes all subnets with the first Availability Zone."""
    zones = [
        {"ZoneName": ec2._subnets.get(subnet_id, {}).get("AvailabilityZone"), "SubnetId": subnet_id}
        for subnet_id in alb._lbs[arn]["Subnets"]
    ]
    return {"AvailabilityZones": zones, ENFORCED: alb._lbs[arn].get(ENFORCED)}


def complete_target_group(arn: str, properties: Properties) -> None:
    network = properties.get("Protocol") in NETWORK_PROTOCOLS
    defaults = NETWORK_TARGET_GROUP_ATTRIBUTES if network else TARGET_GROUP_ATTRIBUTES
    alb._tg_attrs[arn] = attributes(defaults, properties.get("TargetGroupAttributes", []))
    if network and "Matcher" not in properties:
        alb._tgs[arn]["Matcher"] = {"HttpCode": "200-399"}


def described_target_group(arn: str) -> dict[str, Any]:
    """MiniStack describes TCP health checks with a path and a status code."""
    return {"HealthCheckPath": None, "Matcher": None} if alb._tgs[arn]["HealthCheckProtocol"] == "TCP" else {}


def target_group_attributes(arn: str, _properties: Properties) -> dict[str, Any]:
    """MiniStack omits ``targetgroup/`` from the full name. Dimensions of metrics need it."""
    return {"TargetGroupFullName": arn.rpartition(":")[2]}


def attributes(defaults: dict[str, str], declared: list[Properties]) -> list[dict[str, str]]:
    """All attributes. MiniStack has the declared ones only, and does not reset them in a roll-back.

    AWS does not reset an attribute that is no longer declared, either. Here it returns to the default, so that the
    attributes always match the template.
    """
    values = {**defaults, **{one["Key"]: str(one.get("Value", "")) for one in declared}}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def check_listener(properties: Properties) -> None:
    for action in properties["DefaultActions"]:
        forward = action.get("ForwardConfig", {}).get("TargetGroups", [])
        for group in [action] * ("TargetGroupArn" in action) + forward:
            arn = group["TargetGroupArn"]
            require(alb._tgs.get(arn), f"Target group '{arn}' not found")
    protocol = properties.get("Protocol")
    if protocol in ("HTTPS", "TLS") and not properties.get("Certificates"):
        raise ValueError(f"A certificate must be specified for {protocol} listeners")


def clean_up_listener(arn: str, _properties: Properties) -> None:
    alb._listener_attrs.pop(arn, None)
