"""ECS capacity providers in the emulated account: Fargate, Auto Scaling groups and managed instances."""

from contextlib import suppress
from typing import Any

import pytest

from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    service,
    trust,
)
from tests.rehearsal.templates_instances import instances, on_instances


def test_updating_a_cluster_keeps_its_capacity_providers(stack: Stack) -> None:
    def read() -> Any:
        found = stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")], include=["SETTINGS"])
        cluster = only(found["clusters"])
        return cluster["capacityProviders"], cluster["settings"][0]["value"]

    first, second = check_life_cycle(stack, service(), service(cluster="enhanced"), read)
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

    first, second = check_life_cycle(stack, resources("FARGATE", 1), resources("FARGATE_SPOT", 2), read)
    assert first == (["FARGATE"], [{"capacityProvider": "FARGATE", "weight": 1}])
    assert second == (["FARGATE_SPOT"], [{"capacityProvider": "FARGATE_SPOT", "weight": 2}])
    assert check_life_cycle(stack, cluster, resources("FARGATE", 1), read) == (([], []), first)


def test_capacity_providers_for_auto_scaling_groups(stack: Stack) -> None:
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
    assert check_life_cycle(stack, on_instances(), second, read) == (
        ("on-ec2", 100, 300, "DISABLED", "ENABLED"),
        ("on-ec2", 80, 300, "ENABLED", "DISABLED"),
    )


@pytest.mark.parametrize("name", ["ecs-instances", "EcsStack-Provider", "FargateLike", "aws-own"])
def test_reserved_prefixes_of_capacity_provider_names_are_refused(stack: Stack, name: str) -> None:
    with pytest.raises(AssertionError, match='cannot be prefixed with "aws", "ecs", or "fargate"'):
        stack.deploy(on_instances(name=name))


def test_managed_termination_protection_requires_scale_in_protection(stack: Stack) -> None:
    resources = {**on_instances(protection="ENABLED"), **instances(protected=False)}
    with pytest.raises(AssertionError, match="must have instance protection from scale in enabled"):
        stack.deploy(resources)


def test_a_capacity_provider_in_use_cannot_be_deleted(stack: Stack) -> None:
    """AWS refuses to remove it from the cluster. So a template must order the deletion: first the services."""

    def resources(*waits_for: str) -> Resources:
        used = {"CapacityProviderStrategy": [{"CapacityProvider": "on-ec2", "Weight": 1}]}
        made = {**service(settings=used), **on_instances()}
        return {**made, "Service": {**made["Service"], "DependsOn": ["Listener", *waits_for]}}

    stack.deploy(resources("Capacity"))
    kept = {name: body for name, body in resources().items() if name not in ("Capacity", "Provider")}
    in_use = "The specified capacity provider is in use and cannot be removed: on-ec2"
    with suppress(AssertionError):  # CloudFormation completes an update even if its clean-up fails
        stack.deploy(kept)
    assert in_use in str(stack.failures())
    stack.deploy(resources("Capacity"))
    stack.delete()


def on_managed_instances(*, cpus: int = 2, **launch: Any) -> dict[str, Any]:
    """A cluster with a capacity provider for managed instances."""
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
                "InfrastructureRoleArn": get_att("Infrastructure", "Arn"),
                "InstanceLaunchTemplate": {
                    "Ec2InstanceProfileArn": get_att("Profile", "Arn"),
                    "InstanceRequirements": {"MemoryMiB": {"Min": 1024}, "VCpuCount": {"Max": cpus, "Min": 1}},
                    "NetworkConfiguration": {
                        "SecurityGroups": [get_att("Group", "GroupId")],
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

    assert check_life_cycle(stack, on_managed_instances(), on_managed_instances(cpus=8), read) == (
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
def test_managed_instances_require_existing_resources(stack: Stack, launch: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.deploy(on_managed_instances(**launch))


def test_managed_instances_require_an_infrastructure_role(stack: Stack) -> None:
    resources = on_managed_instances()
    resources["Provider"]["Properties"]["ManagedInstancesProvider"]["InfrastructureRoleArn"] = "arn:missing"
    with pytest.raises(AssertionError, match="The infrastructure role arn:missing does not exist"):
        stack.deploy(resources)


def test_updating_a_cluster_keeps_its_managed_instances(stack: Stack) -> None:
    resources = on_managed_instances()
    stack.deploy(resources)
    settings = [{"Name": "containerInsights", "Value": "enabled"}]
    stack.deploy({**resources, "Cluster": of("ECS::Cluster", ClusterSettings=settings)})
    cluster = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
    assert cluster["capacityProviders"] == ["managed"]


def test_managed_instances_in_use_cannot_be_deleted(stack: Stack) -> None:
    used = {"CapacityProviderStrategy": [{"CapacityProvider": "managed", "Weight": 1}]}
    made = {**service(settings=used), **on_managed_instances()}
    del made["Capacity"]
    waiting = {**made["Service"], "DependsOn": ["Listener", "Provider"]}
    stack.deploy({**made, "Service": waiting})
    with suppress(AssertionError):  # CloudFormation completes an update even if its clean-up fails
        stack.deploy({name: body for name, body in made.items() if name != "Provider"} | {"Service": made["Service"]})
    assert "The capacity provider managed is in use and cannot be deleted." in str(stack.failures())
    stack.deploy({**made, "Service": waiting})
    stack.delete()
