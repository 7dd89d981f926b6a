"""VPC ingress connections, which make App Runner services private."""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

from rehearsal.types.actions import add_json_actions
from rehearsal.types.app_runner import SERVICES, arn_of, described, new_id
from rehearsal.types.registry import Provisioned, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require, to_api

INGRESS = regional_store()


def register() -> None:
    register_type(
        "AWS::AppRunner::VpcIngressConnection", create=create_ingress, update=update_ingress, delete=delete_ingress
    )
    describe = described(INGRESS, "VpcIngressConnection", "VpcIngressConnectionArn")
    add_json_actions("apprunner", {"DescribeVpcIngressConnection": describe})


def create_ingress(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request, connection_id = ingress_request(properties), new_id()
    name = properties.get("VpcIngressConnectionName") or physical_name(stack, logical_id, max_len=40)
    arn = arn_of(f"vpcingressconnection/{name}/{connection_id}")
    INGRESS[arn] = {
        **request,
        "VpcIngressConnectionArn": arn,
        "VpcIngressConnectionName": name,
        "AccountId": get_account_id(),
        "DomainName": f"{connection_id[:10]}.{get_region()}.awsapprunner.com",
        "Status": "AVAILABLE",
        "CreatedAt": time.time(),
    }
    return arn, ingress_attributes(arn)


def update_ingress(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    INGRESS[arn].update(ingress_request(new))
    return arn, ingress_attributes(arn)


def ingress_attributes(arn: str) -> dict[str, Any]:
    return {name: INGRESS[arn][name] for name in ("VpcIngressConnectionArn", "DomainName", "Status")}


def ingress_request(properties: Properties) -> Record:
    """The input of CreateVpcIngressConnection.

    :raises ValueError: if App Runner would refuse it.
    """
    check_ingress(properties)
    return to_api("apprunner", "CreateVpcIngressConnection", properties, excluding=("Tags",))


def check_ingress(properties: Properties) -> None:
    service_arn, way = properties["ServiceArn"], properties["IngressVpcConfiguration"]
    service = require(SERVICES.get(service_arn), f"Service with arn {service_arn} not found.")
    ingress = service["NetworkConfiguration"].get("IngressConfiguration", {})
    if ingress.get("IsPubliclyAccessible", True):
        raise ValueError(f"The service {service['ServiceName']} is publicly accessible")
    endpoint_id = way["VpcEndpointId"]
    endpoint = require(ec2._vpc_endpoints.get(endpoint_id), f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    if not endpoint["ServiceName"].endswith(".apprunner.requests") or endpoint["VpcId"] != way["VpcId"]:
        raise ValueError(f"The VPC endpoint {endpoint_id} is not an endpoint of App Runner in {way['VpcId']}")


def delete_ingress(arn: str, _properties: Properties) -> None:
    INGRESS.pop(arn, None)
