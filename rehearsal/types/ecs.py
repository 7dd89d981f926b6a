"""Capacity providers of a cluster; what MiniStack drops of task definitions and services."""

from typing import Any

from ministack.services import alb, ecs

from rehearsal.types import autoscaling
from rehearsal.types import ec2 as ec2_types
from rehearsal.types.seams import (
    Properties,
    Provisioned,
    Record,
    amend_type,
    api_tags,
    physical_name,
    regional_store,
    register_type,
    required,
    succeed,
    to_api,
)

CAPACITY = regional_store()
"""What PutClusterCapacityProviders was asked, by the name of the cluster."""


def register() -> None:
    register_type(
        "AWS::ECS::CapacityProvider",
        create=create_provider,
        update=update_provider,
        delete=delete_provider,
        tags="Tags",
    )
    register_type(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        create=create_capacity,
        update=update_capacity,
        delete=delete_capacity,
    )
    amend_type("AWS::ECS::Cluster", keep=keep_capacity)
    amend_type(
        "AWS::ECS::TaskDefinition",
        check=task_definition,
        keep=keep_task_definition,
        forget=forget_task_definition,
        tags="Tags",
    )
    amend_type("AWS::ECS::Service", check=check_service, keep=keep_service, forget=forget_service)


def cluster(name: str) -> dict[str, Any]:
    return required(ecs._clusters.get(name), f"Cluster not found: {name}")


# Capacity providers


def create_provider(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties.get("Name") or physical_name(stack, logical_id, max_len=255)
    if name.lower().startswith(("aws", "ecs", "fargate")):
        raise ValueError(
            'The specified capacity provider name is invalid. The name cannot be prefixed with "aws", "ecs", or '
            '"fargate". Specify a valid name and try again.'
        )
    provider = provider_of(properties)
    succeed(ecs._create_capacity_provider({"name": name, "autoScalingGroupProvider": provider}))
    keep_provider(name, properties)
    return name, {}


def update_provider(name: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    provider_of(new)
    keep_provider(name, new)
    return name, {}


def delete_provider(name: str, _properties: Properties) -> None:
    if any(name in record["capacityProviders"] for record in ecs._clusters.values()):
        raise ValueError(f"The capacity provider {name} cannot be deleted because it is associated with a cluster.")
    if name in ecs._capacity_providers:
        succeed(ecs._delete_capacity_provider({"capacityProvider": name}))


def provider_of(properties: Properties) -> Record:
    """As CreateCapacityProvider takes it, with what it adds."""
    provider = to_api(
        "ecs", "CreateCapacityProvider", {"AutoScalingGroupProvider": properties["AutoScalingGroupProvider"]}
    )["autoScalingGroupProvider"]
    group = autoscaling.group(provider["autoScalingGroupArn"])
    protection = provider.setdefault("managedTerminationProtection", "DISABLED")
    if protection == "ENABLED" and not group["NewInstancesProtectedFromScaleIn"]:
        raise ValueError(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed "
            "termination protection for a capacity provider, the Auto Scaling group must have instance protection "
            "from scale in enabled."
        )
    scaling = {"minimumScalingStepSize": 1, "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300}
    return {
        "managedDraining": "ENABLED",
        **provider,
        "autoScalingGroupArn": group["AutoScalingGroupARN"],
        "managedScaling": {
            "status": "DISABLED",
            "targetCapacity": 100,
            **scaling,
            **provider.get("managedScaling", {}),
        },
    }


def keep_provider(name: str, properties: Properties) -> None:
    """MiniStack drops managed draining, and keeps the defaults of managed scaling only where none is given."""
    record = ecs._capacity_providers[name]
    record["autoScalingGroupProvider"] = provider_of(properties)
    ecs._tags[record["capacityProviderArn"]] = api_tags(properties.get("Tags"))


# Capacity providers of a cluster


def create_capacity(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name = properties["Cluster"]
    cluster(name)
    request = to_api("ecs", "PutClusterCapacityProviders", properties)
    used = {item["capacityProvider"] for item in request["defaultCapacityProviderStrategy"]}
    for provider in request["capacityProviders"]:
        known = provider in ("FARGATE", "FARGATE_SPOT") or provider in ecs._capacity_providers
        required(known, f"The specified capacity provider '{provider}' was not found")
    if not used <= set(request["capacityProviders"]):
        raise ValueError("The default capacity provider strategy has a provider that the cluster does not have")
    succeed(ecs._put_cluster_capacity_providers(request))
    CAPACITY[name] = request
    return name, {}


def update_capacity(_name: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    return create_capacity("", new, stack)


def delete_capacity(name: str, _properties: Properties) -> None:
    in_use = {
        item["capacityProvider"]
        for key, record in ecs._services.items()
        if key.startswith(f"{name}/") and record["status"] == "ACTIVE"
        for item in record.get("capacityProviderStrategy") or []
    }
    if in_use:
        raise ValueError(f"The specified capacity provider is in use and cannot be removed: {', '.join(in_use)}")
    CAPACITY.pop(name, None)
    if name in ecs._clusters:
        ecs._put_cluster_capacity_providers({"cluster": name})


def keep_capacity(name: str, _properties: Properties) -> None:
    """An update of the cluster itself takes its capacity providers away: its properties name none."""
    if name in CAPACITY:
        succeed(ecs._put_cluster_capacity_providers(CAPACITY[name]))


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
