"""Capacity providers for Auto Scaling groups and managed instances, and their association with clusters."""

from ministack.services import ecs, iam

from rehearsal.types import autoscaling
from rehearsal.types import ec2 as ec2_types
from rehearsal.types.registry import Provisioned, amend_type, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, api_tags, parse_response, require, to_api

CAPACITY = regional_store()
"""The last input of PutClusterCapacityProviders, by the name of the cluster."""
GROUP, MANAGED = "autoScalingGroupProvider", "managedInstancesProvider"


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
    amend_type("AWS::ECS::Cluster", complete=complete_capacity)


def cluster(name: str) -> Record:
    return require(ecs._clusters.get(name), f"Cluster not found: {name}")


# Capacity providers


def create_provider(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties.get("Name") or physical_name(stack, logical_id, max_len=255)
    if name.lower().startswith(("aws", "ecs", "fargate")):
        raise ValueError(
            'The specified capacity provider name is invalid. The name cannot be prefixed with "aws", "ecs", or '
            '"fargate". Specify a valid name and try again.'
        )
    kind, provider = provider_of(properties)
    parse_response(ecs._create_capacity_provider({"name": name, kind: provider}))
    complete_provider(name, properties)
    if kind == MANAGED:
        offer(name, properties["ClusterName"])
    return name, {}


def update_provider(name: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    provider_of(new)
    complete_provider(name, new)
    return name, {}


def delete_provider(name: str, properties: Properties) -> None:
    if "ManagedInstancesProvider" in properties:
        withdraw(name, properties["ClusterName"])
    if any(name in record["capacityProviders"] for record in ecs._clusters.values()):
        raise ValueError(f"The capacity provider {name} cannot be deleted because it is associated with a cluster.")
    if name in ecs._capacity_providers:
        parse_response(ecs._delete_capacity_provider({"capacityProvider": name}))


def provider_of(properties: Properties) -> tuple[str, Record]:
    """The input of CreateCapacityProvider, with the defaults of its kind."""
    if "ManagedInstancesProvider" in properties:
        return MANAGED, managed_provider(properties)
    return GROUP, group_provider(properties)


def group_provider(properties: Properties) -> Record:
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


def managed_provider(properties: Properties) -> Record:
    cluster(properties["ClusterName"])
    managed = properties["ManagedInstancesProvider"]
    launch = managed["InstanceLaunchTemplate"]
    role, profile = managed["InfrastructureRoleArn"], launch["Ec2InstanceProfileArn"]
    require(
        any(record["Arn"] == role for record in iam._roles.values()), f"The infrastructure role {role} does not exist."
    )
    require(
        any(record["Arn"] == profile for record in iam._instance_profiles.values()),
        f"The instance profile {profile} does not exist.",
    )
    for subnet_id in launch["NetworkConfiguration"]["Subnets"]:
        ec2_types.subnet(subnet_id)
    for group_id in launch["NetworkConfiguration"].get("SecurityGroups", []):
        ec2_types.security_group(group_id)
    return to_api("ecs", "CreateCapacityProvider", {"ManagedInstancesProvider": managed})[MANAGED]


def complete_provider(name: str, properties: Properties) -> None:
    """MiniStack knows providers for Auto Scaling groups only, and drops some properties, such as managed draining."""
    record = ecs._capacity_providers[name]
    record.pop(GROUP, None)
    kind, provider = provider_of(properties)
    record[kind] = provider
    if kind == MANAGED:
        record["cluster"] = properties["ClusterName"]
    ecs._tags[record["capacityProviderArn"]] = api_tags(properties.get("Tags"))


def offer(name: str, cluster_name: str) -> None:
    """A provider of managed instances names its cluster, and AWS associates the two."""
    cluster(cluster_name)["capacityProviders"].append(name)


def withdraw(name: str, cluster_name: str) -> None:
    if name in in_use(cluster_name):
        raise ValueError(f"The capacity provider {name} is in use and cannot be deleted.")
    if cluster_name in ecs._clusters:
        providers = ecs._clusters[cluster_name]["capacityProviders"]
        ecs._clusters[cluster_name]["capacityProviders"] = [each for each in providers if each != name]


def in_use(cluster_name: str) -> set[str]:
    """The capacity providers that services use."""
    return {
        item["capacityProvider"]
        for key, record in ecs._services.items()
        if key.startswith(f"{cluster_name}/") and record["status"] == "ACTIVE"
        for item in record.get("capacityProviderStrategy") or []
    }


# Associations of capacity providers with a cluster


def create_capacity(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    name = properties["Cluster"]
    cluster(name)
    request = to_api("ecs", "PutClusterCapacityProviders", properties)
    used = {item["capacityProvider"] for item in request["defaultCapacityProviderStrategy"]}
    for provider in request["capacityProviders"]:
        known = provider in ("FARGATE", "FARGATE_SPOT") or provider in ecs._capacity_providers
        require(known, f"The specified capacity provider '{provider}' was not found")
    if not used <= set(request["capacityProviders"]):
        raise ValueError(
            "The default capacity provider strategy has a provider that is not associated with the cluster"
        )
    parse_response(ecs._put_cluster_capacity_providers(request))
    CAPACITY[name] = request
    return name, {}


def update_capacity(_name: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
    return create_capacity("", new, stack)


def delete_capacity(name: str, _properties: Properties) -> None:
    used = in_use(name)
    if used:
        raise ValueError(f"The specified capacity provider is in use and cannot be removed: {', '.join(used)}")
    CAPACITY.pop(name, None)
    if name in ecs._clusters:
        ecs._put_cluster_capacity_providers({"cluster": name})


def complete_capacity(name: str, _properties: Properties) -> None:
    """MiniStack removes all capacity providers when it updates the cluster, because its properties name none."""
    if name in CAPACITY:
        parse_response(ecs._put_cluster_capacity_providers(CAPACITY[name]))
    for provider, record in ecs._capacity_providers.items():
        if record.get("cluster") == name and provider not in cluster(name)["capacityProviders"]:
            offer(provider, name)
