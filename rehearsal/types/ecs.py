"""What MiniStack drops of ECS task definitions and services."""

from typing import Any

from ministack.services import alb, ecs

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.ecs_capacity import cluster
from rehearsal.types.seams import (
    Properties,
    Record,
    amend_type,
    api_tags,
    required,
    to_api,
)


def register() -> None:
    amend_type(
        "AWS::ECS::TaskDefinition",
        check=task_definition,
        keep=keep_task_definition,
        forget=forget_task_definition,
        tags="Tags",
    )
    amend_type("AWS::ECS::Service", check=check_service, keep=keep_service, forget=forget_service)


# Task definitions


def task_definition(properties: Properties) -> Record:
    """As RegisterTaskDefinition takes it, with what it adds."""
    definition = to_api("ecs", "RegisterTaskDefinition", properties, but=("Tags",))
    for container in definition["containerDefinitions"]:
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
    return definition


def keep_task_definition(arn: str, properties: Properties) -> None:
    """MiniStack converts the names of some members only, and drops the platform and the ephemeral storage."""
    ecs._task_defs[arn.rpartition("/")[2]].update(task_definition(properties))


def forget_task_definition(arn: str, _properties: Properties) -> None:
    """AWS keeps revisions that nobody uses any more, which cost nothing; here they would look like something left."""
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
# Identity, and what MiniStack's own handlers apply, with deployments of their own.
SERVICE_BUT = ("CapacityProviderStrategy", "Cluster", "DesiredCount", "ServiceName", "Tags", "TaskDefinition")


def service(properties: Properties) -> Record:
    """As CreateService takes it, but for what MiniStack passes itself."""
    # CloudFormation has the plural of what the API calls placementStrategy.
    renamed = {"PlacementStrategies": "PlacementStrategy"}
    named = {renamed.get(name, name): value for name, value in properties.items()}
    return to_api("ecs", "CreateService", named, but=SERVICE_BUT)


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
        required(
            item["CapacityProvider"] in available,
            f"The specified capacity provider '{item['CapacityProvider']}' is not associated with the cluster.",
        )


def check_balancer(balancer: Properties, task_definition: str) -> None:
    arn = balancer["TargetGroupArn"]
    group = required(alb._tgs.get(arn), f"The specified target group {arn} does not exist.")
    required(
        group["LoadBalancerArns"],
        f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
    )
    definition = ecs._task_defs.get(task_definition.rpartition("/")[2])
    containers = required(definition, f"Unable to find task definition: {task_definition}")["containerDefinitions"]
    name, port = balancer["ContainerName"], int(balancer["ContainerPort"])
    exposed = any(
        mapping["containerPort"] == port
        for container in containers
        if container["name"] == name
        for mapping in container.get("portMappings", [])
    )
    required(exposed, f"The container {name} does not exist in the task definition, or does not expose port {port}.")


def keep_service(arn: str, properties: Properties) -> None:
    """MiniStack passes few of the properties to CreateService and fewer to UpdateService."""
    ecs._services[service_key(arn)].update(SERVICE_DEFAULTS, **service(properties))
    ecs._tags[arn] = api_tags(properties.get("Tags"))


def forget_service(arn: str, _properties: Properties) -> None:
    """AWS forgets a service that is gone, and its stopped tasks, within the hour."""
    key = service_key(arn)
    cluster_name, service_name = key.split("/")
    ecs._tags.pop(arn, None)
    ecs._services.pop(key, None)
    for task_arn, task in ecs._tasks.items():
        if task["group"] == f"service:{service_name}" and task["clusterArn"].endswith(f":cluster/{cluster_name}"):
            ecs._tasks.pop(task_arn, None)


def service_key(arn: str) -> str:
    """``cluster/service``, by which MiniStack has its services."""
    return arn.partition(":service/")[2]
