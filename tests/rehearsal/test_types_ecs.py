"""ECS task definitions and services in the emulated account."""

from typing import Any

import pytest

from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    load_balancers_property,
    only,
    ref,
    service,
    tags,
)


def test_task_definitions(stack: Stack) -> None:
    volume = {
        "EFSVolumeConfiguration": {
            "AuthorizationConfig": {"AccessPointId": "fsap-1", "IAM": "ENABLED"},
            "FilesystemId": "fs-1",
            "TransitEncryption": "ENABLED",
        },
        "Name": "shared",
    }
    task = {
        "EphemeralStorage": {"SizeInGiB": 30},
        "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
        "Volumes": [volume, {"Name": "state"}],
        "container": {
            "Environment": [{"Name": "MODE", "Value": "1"}],
            "HealthCheck": {"Command": ["CMD", "/healthy"], "Interval": 15, "StartPeriod": 30},
            "LinuxParameters": {"InitProcessEnabled": True, "Tmpfs": [{"ContainerPath": "/tmp", "Size": 64}]},
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "MountPoints": [{"ContainerPath": "/shared", "ReadOnly": False, "SourceVolume": "shared"}],
            "ReadonlyRootFilesystem": True,
            "Secrets": [{"Name": "PASSWORD", "ValueFrom": "arn:aws:secretsmanager:x"}],
            "StopTimeout": 30,
            "User": "1000:1000",
        },
    }

    def read() -> Any:
        ecs = stack.client("ecs")
        definition = ecs.describe_task_definition(taskDefinition=stack.id_of("Task"))["taskDefinition"]
        current = only(
            ecs.describe_services(cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")])["services"]
        )
        assert current["taskDefinition"] == definition["taskDefinitionArn"]
        names = ("ephemeralStorage", "runtimePlatform", "volumes")
        return {name: definition.get(name) for name in names}, only(definition["containerDefinitions"])

    first, second = check_life_cycle(stack, service(task), service(), read)
    container = {
        "cpu": 0,
        "essential": True,
        "image": "public.ecr.aws/nginx/nginx:stable",
        "name": "web",
        "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
    }
    assert first == (
        {
            "ephemeralStorage": {"sizeInGiB": 30},
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [
                {
                    "efsVolumeConfiguration": {
                        "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                        "fileSystemId": "fs-1",
                        "transitEncryption": "ENABLED",
                    },
                    "name": "shared",
                },
                {"name": "state"},
            ],
        },
        {
            **container,
            "environment": [{"name": "MODE", "value": "1"}],
            "healthCheck": {"command": ["CMD", "/healthy"], "interval": 15, "startPeriod": 30},
            "linuxParameters": {"initProcessEnabled": True, "tmpfs": [{"containerPath": "/tmp", "size": 64}]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "Some", "Mode": "non-blocking"}},
            "mountPoints": [{"containerPath": "/shared", "readOnly": False, "sourceVolume": "shared"}],
            "readonlyRootFilesystem": True,
            "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:x"}],
            "stopTimeout": 30,
            "user": "1000:1000",
        },
    )
    assert second == ({"ephemeralStorage": None, "runtimePlatform": None, "volumes": []}, container)


def test_services(stack: Stack) -> None:
    settings = {
        "AvailabilityZoneRebalancing": "DISABLED",
        "CapacityProviderStrategy": [
            {"Base": 2, "CapacityProvider": "FARGATE", "Weight": 50},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": 50},
        ],
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MaximumPercent": 150,
            "MinimumHealthyPercent": 75,
        },
        "EnableECSManagedTags": True,
        "EnableExecuteCommand": True,
        "HealthCheckGracePeriodSeconds": 60,
        "PlatformVersion": "1.4.0",
        "PropagateTags": "SERVICE",
        "Tags": tags(Team="one"),
    }

    def read() -> Any:
        found = stack.client("ecs").describe_services(
            cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")], include=["TAGS"]
        )
        described = only(found["services"])
        names = {
            "availabilityZoneRebalancing",
            "capacityProviderStrategy",
            "deploymentConfiguration",
            "enableECSManagedTags",
            "enableExecuteCommand",
            "healthCheckGracePeriodSeconds",
            "platformVersion",
            "propagateTags",
        }
        own = [tag for tag in described["tags"] if not tag["key"].startswith("aws:")]
        return {name: described.get(name) for name in names} | {"tags": own}

    first, second = check_life_cycle(stack, service(settings=settings), service(), read)
    assert first == {
        "availabilityZoneRebalancing": "DISABLED",
        "capacityProviderStrategy": [
            {"base": 2, "capacityProvider": "FARGATE", "weight": 50},
            {"capacityProvider": "FARGATE_SPOT", "weight": 50},
        ],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 150,
            "minimumHealthyPercent": 75,
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "platformVersion": "1.4.0",
        "propagateTags": "SERVICE",
        "tags": [{"key": "Team", "value": "one"}],
    }
    assert second == {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 0,
        "platformVersion": "LATEST",
        "propagateTags": "NONE",
        "tags": [],
    }


def test_a_service_with_a_launch_type_has_no_capacity_provider(stack: Stack) -> None:
    resources = service(settings={"LaunchType": "FARGATE"})
    del resources["Service"]["Properties"]["CapacityProviderStrategy"]
    stack.deploy(resources)
    del resources["Capacity"]
    stack.deploy({**resources, "Service": {**resources["Service"], "DependsOn": ["Listener"]}})
    cluster = only(stack.client("ecs").describe_clusters(clusters=[stack.id_of("Cluster")])["clusters"])
    assert cluster["capacityProviders"] == []


def test_placement_of_tasks(stack: Stack) -> None:
    def resources(*strategies: tuple[str, str]) -> Resources:
        placed = [{"Type": kind, "Field": field} for kind, field in strategies]
        return service(settings={"PlacementStrategies": placed} if placed else {})

    def read() -> Any:
        found = stack.client("ecs").describe_services(cluster=stack.id_of("Cluster"), services=[stack.id_of("Service")])
        return [(item["type"], item["field"]) for item in only(found["services"])["placementStrategy"]]

    strategies = [("spread", "attribute:ecs.availability-zone"), ("binpack", "memory")]
    assert check_life_cycle(stack, resources(*strategies), resources(), read) == (strategies, [])


def test_a_service_requires_the_listener_of_its_target_group(stack: Stack) -> None:
    """AWS refuses a service if its target group has no listener yet, so the service must depend on the listener."""
    resources = service()
    del resources["Listener"]
    resources["Service"] = {**resources["Service"], "DependsOn": ["Capacity"]}
    with pytest.raises(AssertionError, match="does not have an associated load balancer"):
        stack.deploy(resources)


def test_a_container_must_expose_the_port_of_its_service(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="does not expose port 81"):
        stack.deploy(service(settings=load_balancers_property(ref("Targets"), "web", 81)))


def test_an_unknown_property_fails_the_stack(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="Encountered unsupported property Hue"):
        stack.deploy(service(task={"container": {"Hue": "blue"}}))
