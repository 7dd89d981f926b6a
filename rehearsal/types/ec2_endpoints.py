"""VPC endpoints and endpoint services."""

from typing import Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import alb, ec2

from rehearsal.types.actions import add_ec2_actions, add_to_description
from rehearsal.types.ec2 import replace_tags, route_table, security_group, subnet, vpc
from rehearsal.types.registry import Provisioned, amend_type, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, is_true, require


def register() -> None:
    amend_type(
        "AWS::EC2::VPCEndpoint", check=check_endpoint, complete=complete_endpoint, attributes=endpoint_attributes
    )
    add_to_description(
        ec2, "DescribeVpcEndpoints", items="vpcEndpointSet", key="vpcEndpointId", more=described_endpoint
    )
    register_type(
        "AWS::EC2::VPCEndpointService",
        create=create_endpoint_service,
        update=update_endpoint_service,
        delete=delete_endpoint_service,
        tags="Tags",
    )
    register_type(
        "AWS::EC2::VPCEndpointServicePermissions",
        create=create_permissions,
        update=update_permissions,
        delete=delete_permissions,
    )
    add_ec2_actions(
        {
            "DescribeVpcEndpointServiceConfigurations": describe_endpoint_services,
            "DescribeVpcEndpointServicePermissions": describe_permissions,
        }
    )


# Endpoint services

ENDPOINT_SERVICES = regional_store()
"""Endpoint services by id, with the principals that may connect."""


def endpoint_service(service_id: str) -> Record:
    return require(ENDPOINT_SERVICES.get(service_id), f"The VpcEndpointService Id '{service_id}' does not exist")


def endpoint_service_of(service_name: str) -> Record | None:
    return next((service for service in ENDPOINT_SERVICES.values() if service["ServiceName"] == service_name), None)


def check_endpoint_service(properties: Properties) -> None:
    for arn in properties.get("NetworkLoadBalancerArns", []):
        balancer = require(alb._lbs.get(arn), f"The Load Balancer ARN '{arn}' does not exist")
        if balancer["Type"] != "network":
            raise ValueError(f"The Load Balancer '{arn}' is not a Network Load Balancer")


def create_endpoint_service(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    check_endpoint_service(properties)
    service_id = f"vpce-svc-{new_uuid().replace('-', '')[:17]}"
    ENDPOINT_SERVICES[service_id] = {
        "ServiceName": f"com.amazonaws.vpce.{get_region()}.{service_id}",
        "AllowedPrincipals": [],
    }
    return put_endpoint_service(service_id, properties)


def update_endpoint_service(service_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_endpoint_service(new)
    return put_endpoint_service(service_id, new)


def put_endpoint_service(service_id: str, properties: Properties) -> Provisioned:
    name = properties.get("PrivateDnsName")
    # AWS generates the value. Here it depends on the name only, so that a roll-back restores it.
    verification = {"Name": "_vpce", "State": "pendingVerification", "Type": "TXT", "Value": f"vpce:{name}"}
    ENDPOINT_SERVICES[service_id].update(
        AcceptanceRequired=is_true(properties.get("AcceptanceRequired", True)),
        NetworkLoadBalancerArns=properties.get("NetworkLoadBalancerArns", []),
        PrivateDnsName=name,
        PrivateDnsNameConfiguration=verification if name else None,
    )
    replace_tags(service_id, properties)
    nested = {f"PrivateDnsNameConfiguration.{key}": value for key, value in verification.items()} if name else {}
    return service_id, {"ServiceId": service_id, **nested}


def delete_endpoint_service(service_id: str, _properties: Properties) -> None:
    record = ENDPOINT_SERVICES.get(service_id, {})
    if any(endpoint["ServiceName"] == record.get("ServiceName") for endpoint in ec2._vpc_endpoints.values()):
        raise ValueError(f"Service '{service_id}' has existing active VPC Endpoint connections")
    ENDPOINT_SERVICES.pop(service_id, None)
    ec2._tags.pop(service_id, None)


def describe_endpoint_services(parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = ec2._parse_member_list(parameters, "ServiceId")
    return {
        "serviceConfigurationSet": [
            {
                "serviceType": [{"serviceType": "Interface"}],
                "serviceId": service_id,
                "serviceName": service["ServiceName"],
                "serviceState": "Available",
                "acceptanceRequired": service["AcceptanceRequired"],
                "networkLoadBalancerArnSet": service["NetworkLoadBalancerArns"],
                "privateDnsName": service["PrivateDnsName"],
                "privateDnsNameConfiguration": service["PrivateDnsNameConfiguration"]
                and {key.lower(): value for key, value in service["PrivateDnsNameConfiguration"].items()},
                "tagSet": [{"key": tag["Key"], "value": tag["Value"]} for tag in ec2._tags.get(service_id, [])],
            }
            for service_id, service in ENDPOINT_SERVICES.items()
            if not wanted or service_id in wanted
        ]
    }


def create_permissions(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    service_id = properties["ServiceId"]
    endpoint_service(service_id)["AllowedPrincipals"] = properties.get("AllowedPrincipals", [])
    return service_id, {}


def update_permissions(service_id: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    return create_permissions(service_id, new, stack)


def delete_permissions(service_id: str, _properties: Properties) -> None:
    if service_id in ENDPOINT_SERVICES:
        ENDPOINT_SERVICES[service_id]["AllowedPrincipals"] = []


def describe_permissions(parameters: dict[str, Any]) -> dict[str, Any]:
    service_id = parameters["ServiceId"][0]
    principals = ENDPOINT_SERVICES.get(service_id, {}).get("AllowedPrincipals", [])
    return {"allowedPrincipals": [{"principal": principal, "serviceId": service_id} for principal in principals]}


# Endpoints


def check_endpoint(properties: Properties) -> None:
    vpc(properties["VpcId"])
    for route_table_id in properties.get("RouteTableIds", []):
        route_table(route_table_id)
    for subnet_id in properties.get("SubnetIds", []):
        subnet(subnet_id)
    for group_id in properties.get("SecurityGroupIds", []):
        security_group(group_id)
    service_name = properties["ServiceName"]
    if service_name.startswith("com.amazonaws.vpce."):
        require(endpoint_service_of(service_name), f"The Vpc Endpoint Service '{service_name}' does not exist")


def complete_endpoint(endpoint_id: str, properties: Properties) -> None:
    """MiniStack knows neither the acceptance of endpoints nor their DNS names."""
    record = ec2._vpc_endpoints[endpoint_id]
    if properties.get("VpcEndpointType") != "Interface":
        return
    service = endpoint_service_of(record["ServiceName"])
    if service and service["AcceptanceRequired"] and not record["DnsEntries"]:
        record["State"] = "pendingAcceptance"
    region, suffix = get_region(), record["ServiceName"].rpartition(f".{get_region()}.")[2]
    zones = [f"-{subnet(subnet_id)['AvailabilityZone']}" for subnet_id in record["SubnetIds"]]
    record["DnsEntries"] = [
        f"Z7HUB22UULQXV:{endpoint_id}-{endpoint_id[-8:]}{zone}.{suffix}.{region}.vpce.amazonaws.com"
        for zone in ("", *zones)
    ]


def endpoint_attributes(endpoint_id: str, _properties: Properties) -> dict[str, Any]:
    return {"DnsEntries": ec2._vpc_endpoints[endpoint_id]["DnsEntries"]}


def described_endpoint(endpoint_id: str) -> dict[str, Any]:
    """MiniStack does not describe the security groups, private DNS and policy of an endpoint."""
    record = ec2._vpc_endpoints[endpoint_id]
    groups = [
        {"groupId": group_id, "groupName": security_group(group_id)["GroupName"]}
        for group_id in record.get("SecurityGroupIds", [])
    ]
    return {
        "groupSet": groups,
        "privateDnsEnabled": bool(record.get("PrivateDnsEnabled")),
        "policyDocument": record.get("PolicyDocument"),
        "dnsEntrySet": [
            dict(zip(("hostedZoneId", "dnsName"), entry.split(":"), strict=True)) for entry in record["DnsEntries"]
        ],
    }
