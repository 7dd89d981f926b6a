"""ECS services in Express Mode. :mod:`rehearsal.types.ecs_express_resources` has the resources of a service.

Every service has its own load balancer here. On AWS, the services of a VPC share one.
"""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, iam

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.ecs_capacity import cluster
from rehearsal.types.ecs_express_resources import PARTS, endpoint_of, is_public, port_of, public
from rehearsal.types.registry import GeneratedResource, Provisioned, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, api_tags, require, to_api

SERVICES = regional_store()
"""The request, the generated resources and the creation time of each service, by its ARN."""

EXCLUDED = ("PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory")
"""Properties that exclude ``TaskDefinitionArn`` (CreateExpressGatewayService)."""


def register() -> None:
    register_type(
        "AWS::ECS::ExpressGatewayService",
        create=create_service,
        update=update_service,
        delete=delete_service,
        tags="Tags",
    )


def create_service(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request = service_request(properties)
    name = request.get("serviceName") or physical_name(stack, logical_id, max_len=255)
    arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:service/{request['cluster']}/{name}"
    parts: dict[str, GeneratedResource] = {}
    try:
        for part in PARTS:
            resource_type, part_properties = part(name, request, parts)
            parts[part.__name__] = GeneratedResource(resource_type, logical_id, part_properties, stack)
    except ValueError:
        delete_parts(parts)
        raise
    ecs._services[arn.partition(":service/")[2]]["resourceManagementType"] = "ECS"
    ecs._tags[arn] = api_tags(properties.get("Tags"))
    SERVICES[arn] = {"name": name, "request": request, "parts": parts, "created": time.time()}
    return arn, attributes(arn)


def update_service(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    record, request = SERVICES[arn], service_request(new)
    if public(request) != public(record["request"]):
        raise ValueError("The subnets of an Express service cannot change from public to private, or back.")
    for part in PARTS:
        _, part_properties = part(record["name"], request, record["parts"])
        record["parts"][part.__name__].update(part_properties)
    record["request"] = request
    return arn, attributes(arn)


def delete_service(arn: str, _properties: Properties) -> None:
    record = SERVICES.pop(arn, None)
    if record:
        delete_parts(record["parts"])
        ecs._tags.pop(arn, None)


def delete_parts(parts: dict[str, GeneratedResource]) -> None:
    for made in reversed(parts.values()):
        made.delete()


def service_request(properties: Properties) -> Record:
    """The input of CreateExpressGatewayService, with the defaults.

    :raises ValueError: if AWS would refuse, or would create a task definition or a security group by itself.
    """
    request: dict[str, Any] = to_api("ecs", "CreateExpressGatewayService", properties)
    definition = require(
        request.get("taskDefinitionArn"),
        "The emulated account creates no task definition for a PrimaryContainer. Set TaskDefinitionArn.",
    )
    excluded = [name for name in EXCLUDED if name in properties]
    if excluded:
        raise ValueError(f"If you specify taskDefinitionArn, you cannot specify {', '.join(excluded)}.")
    request = {"cluster": "default", "healthCheckPath": "/ping", "scalingTarget": {}, **request}
    role = request["infrastructureRoleArn"]
    require(
        any(record["Arn"] == role for record in iam._roles.values()), f"The infrastructure role {role} does not exist."
    )
    require(
        "FARGATE" in cluster(request["cluster"])["capacityProviders"],
        f"The cluster {request['cluster']} does not have the capacity provider FARGATE.",
    )
    network = request.get("networkConfiguration", {})
    given = network.get("subnets") and network.get("securityGroups")
    require(
        given, "The emulated account has no default VPC and creates no security group. Set Subnets and SecurityGroups."
    )
    if len({ec2_types.subnet(subnet_id)["AvailabilityZone"] for subnet_id in network["subnets"]}) < 2:
        raise ValueError("Express services need subnets in at least two Availability Zones.")
    for group_id in network["securityGroups"]:
        ec2_types.security_group(group_id)
    if len({is_public(subnet_id) for subnet_id in network["subnets"]}) != 1:
        raise ValueError("The subnets are of mixed types: either all or none may have a route to an internet gateway.")
    port_of(definition)
    scaling = {"minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60}
    return {**request, "scalingTarget": {**scaling, **request["scalingTarget"]}}


def attributes(arn: str) -> dict[str, Any]:
    record = SERVICES[arn]
    parts: dict[str, GeneratedResource] = record["parts"]
    made = {
        "AutoScaling.ApplicationAutoScalingPolicies": [parts["scaling_policy"].id],
        "AutoScaling.ScalableTarget": parts["scalable_target"].id,
        "IngressPath.CertificateArn": parts["certificate"].id,
        "IngressPath.ListenerArn": parts["listener"].id,
        "IngressPath.ListenerRuleArn": parts["rule"].id,
        "IngressPath.LoadBalancerArn": parts["balancer"].id,
        "IngressPath.LoadBalancerSecurityGroups": [parts["balancer_group"].attributes["GroupId"]],
        "IngressPath.TargetGroupArns": [parts["blue"].id, parts["green"].id],
        "LogGroups": [],
        "MetricAlarms": [parts["rollback_alarm"].attributes["Arn"]],
        "ServiceSecurityGroups": [],
    }
    return {
        "ServiceArn": arn,
        "Endpoint": endpoint_of(record["name"]),
        **{f"ECSManagedResourceArns.{name}": value for name, value in made.items()},
    }
