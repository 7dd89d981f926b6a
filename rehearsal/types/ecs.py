"""Properties of ECS task definitions and services that MiniStack drops."""

from typing import Any

from ministack.services import alb, ecs

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.ecs_capacity import cluster
from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, api_tags, require, to_api


def register() -> None:
    amend_type(
        "AWS::ECS::TaskDefinition",
        check=task_definition,
        complete=complete_task_definition,
        clean_up=clean_up_task_definition,
        tags="Tags",
    )
    amend_type("AWS::ECS::Service", check=check_service, complete=complete_service, clean_up=clean_up_service)


# Task definitions


def task_definition(properties: Properties) -> Record:
    """The input of RegisterTaskDefinition, with the defaults that AWS adds."""
    definition = to_api("ecs", "RegisterTaskDefinition", properties, excluding=("Tags",))
    for container in definition["containerDefinitions"]:
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
    return definition


def complete_task_definition(arn: str, properties: Properties) -> None:
    """MiniStack converts only some names, and drops the runtime platform and the ephemeral storage."""
    ecs._task_defs[arn.rpartition("/")[2]].update(task_definition(properties))


def clean_up_task_definition(arn: str, _properties: Properties) -> None:
    """AWS keeps old revisions, which cost nothing. Here they are deleted, because they would count as leftovers."""
    revision = arn.rpartition("/")[2]
    family = revision.partition(":")[0]
    ecs._tags.pop(arn, None)
    ecs._task_defs.pop(revision, None)
    if not any(record["family"] == family for record in ecs._task_defs.values()):
        ecs._task_def_latest.pop(family, None)


# Services

SERVICE_DEFAULTS: dict[str, Any] = {
    "availabilityZoneRebalancing": "ENABLED",
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "healthCheckGracePeriodSeconds": 0,
    "loadBalancers": [],
    "placementStrategy": [],
    "platformVersion": "LATEST",
    "propagateTags": "NONE",
}
# MiniStack's own handlers apply these, because they identify the service or start a deployment.
SERVICE_BUT = ("CapacityProviderStrategy", "Cluster", "DesiredCount", "ServiceName", "Tags", "TaskDefinition")


def service(properties: Properties) -> Record:
    """The input of CreateService, without the members that MiniStack passes itself."""
    # CloudFormation's PlacementStrategies is placementStrategy in the API.
    renamed = {"PlacementStrategies": "PlacementStrategy"}
    named = {renamed.get(name, name): value for name, value in properties.items()}
    return to_api("ecs", "CreateService", named, excluding=SERVICE_BUT)


def check_service(properties: Properties) -> None:
    service(properties)
    cluster(properties["Cluster"])
    for balancer in properties.get("LoadBalancers", []):
        check_balancer(balancer, properties["TaskDefinition"])
    network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
    for subnet_id in network.get("Subnets", []):
        ec2_types.subnet(subnet_id)
    for group_id in network.get("SecurityGroups", []):
        ec2_types.security_group(group_id)
    available = cluster(properties["Cluster"])["capacityProviders"]
    for item in properties.get("CapacityProviderStrategy", []):
        require(
            item["CapacityProvider"] in available,
            f"The specified capacity provider '{item['CapacityProvider']}' is not associated with the cluster.",
        )


def check_balancer(balancer: Properties, task_definition: str) -> None:
    arn = balancer["TargetGroupArn"]
    group = require(alb._tgs.get(arn), f"The specified target group {arn} does not exist.")
    require(
        group["LoadBalancerArns"],
        f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
    )
    definition = ecs._task_defs.get(task_definition.rpartition("/")[2])
    containers = require(definition, f"Unable to find task definition: {task_definition}")["containerDefinitions"]
    name, port = balancer["ContainerName"], int(balancer["ContainerPort"])
    exposed = any(
        mapping["containerPort"] == port
        for container in containers
        if container["name"] == name
        for mapping in container.get("portMappings", [])
    )
    require(exposed, f"The container {name} does not exist in the task definition, or does not expose port {port}.")


def complete_service(arn: str, properties: Properties) -> None:
    """MiniStack passes only some properties to CreateService, and fewer to UpdateService."""
    ecs._services[service_key(arn)].update(SERVICE_DEFAULTS, **service(properties))
    ecs._tags[arn] = api_tags(properties.get("Tags"))


def clean_up_service(arn: str, _properties: Properties) -> None:
    """AWS removes the records of a deleted service and its stopped tasks after about an hour. Here they go at once."""
    key = service_key(arn)
    cluster_name, service_name = key.split("/")
    ecs._tags.pop(arn, None)
    ecs._services.pop(key, None)
    for task_arn, task in ecs._tasks.items():
        if task["group"] == f"service:{service_name}" and task["clusterArn"].endswith(f":cluster/{cluster_name}"):
            ecs._tasks.pop(task_arn, None)


def service_key(arn: str) -> str:
    """MiniStack's key for a service: ``cluster/service``."""
    return arn.partition(":service/")[2]
