"""Defects for the rules of ECS."""

from collections.abc import Callable
from typing import Final

from tests.rules.defects.base import (
    PROVIDER,
    REMOVED,
    SERVICE,
    TASK,
    Apply,
    Body,
    Defect,
    Template,
    all_of,
    get,
    of_type,
    set_properties,
)


def _change_services(change: Callable[[Body], None]) -> Apply:
    def apply(template: Template) -> bool:
        services = [properties for _, properties in of_type(template, SERVICE)]
        for properties in services:
            change(properties)
        return bool(services)

    return apply


def _is_replica(service: Body) -> bool:
    return service.get("SchedulingStrategy", "REPLICA") == "REPLICA" and service.get("DesiredCount") != 0


def _hide_network(service: Body) -> None:
    """Makes the network unknown, because it does not fit another network mode."""
    service["NetworkConfiguration"] = {"Ref": "AWS::StackName"}


def _hide_names(template: Template) -> bool:
    """Removes the names of capacity providers, by which services of other stacks could use them."""
    for _, provider in of_type(template, PROVIDER):
        provider.pop("Name", None)
    return True


def _use_launch_type(properties: Body) -> None:
    properties.pop("CapacityProviderStrategy", None)
    properties["LaunchType"] = "EC2"


def _only_sidecars(template: Template) -> bool:
    for _, task in of_type(template, TASK):
        for container in task["ContainerDefinitions"]:
            container["Essential"] = False
        return True
    return False


def remove_dependency_on(resource_type: str) -> Apply:
    """Removes each dependency on resources of a type, also those by which the service depends on them indirectly.

    A service whose deployments shift requests has no place for the defect, because it refers to a rule of the listener.
    """

    def apply(template: Template) -> bool:
        targets = {name for name, _ in of_type(template, resource_type)}
        done = False
        for body in template["Resources"].values():
            after = body.get("DependsOn", [])
            after = after if isinstance(after, list) else [after]
            if body["Type"] == SERVICE and targets & set(after) and _rolls(body["Properties"]):
                done = True
            if targets & set(after):
                body["DependsOn"] = [name for name in after if name not in targets]
        return done

    return apply


def _rolls(service: Body) -> bool:
    return get(service, "DeploymentConfiguration.Strategy") in (None, "ROLLING")


def _is_for_fargate(task: Body) -> bool:
    return "FARGATE" in task.get("RequiresCompatibilities", [])


def _add_variable(name: str, value: str) -> Apply:
    def apply(template: Template) -> bool:
        for _, task in of_type(template, TASK):
            task["ContainerDefinitions"][0].setdefault("Environment", []).append({"Name": name, "Value": value})
            return True
        return False

    return apply


def _share_task_role(template: Template) -> bool:
    tasks = [task for _, task in of_type(template, TASK)]
    if len(tasks) < 2 or len(list(of_type(template, SERVICE))) < 2:
        return False
    tasks[1]["TaskRoleArn"] = tasks[0]["TaskRoleArn"]
    return True


def _unprotect_group(template: Template) -> bool:
    """Enables managed termination protection, but not the protection of new instances."""
    for _, provider in of_type(template, PROVIDER):
        if "AutoScalingGroupProvider" not in provider:
            return False
        provider["AutoScalingGroupProvider"]["ManagedTerminationProtection"] = "ENABLED"
        for _, group in of_type(template, "AWS::AutoScaling::AutoScalingGroup"):
            group["NewInstancesProtectedFromScaleIn"] = False
            return True
    return False


FIRST_BALANCER = "LoadBalancers.0"
CONTAINER = "ContainerDefinitions.0"
EFS = "Volumes.0.EFSVolumeConfiguration"
BREAKER = "DeploymentConfiguration.DeploymentCircuitBreaker"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"

DEFECTS: Final = (
    Defect(
        "ecs-container-name",
        "other name",
        set_properties(SERVICE, {"LoadBalancers.0.ContainerName": "wep"}, having=FIRST_BALANCER),
        SERVICE,
    ),
    Defect(
        "ecs-container-port",
        "other port",
        set_properties(SERVICE, {"LoadBalancers.0.ContainerPort": 81}, having=FIRST_BALANCER),
        SERVICE,
    ),
    Defect(
        "ecs-container-port",
        "other mapping",
        all_of(
            set_properties(SERVICE, {}, having=FIRST_BALANCER),
            set_properties(
                TASK, {f"{CONTAINER}.PortMappings.0.ContainerPort": 9}, having=f"{CONTAINER}.PortMappings.0"
            ),
        ),
        SERVICE,
    ),
    Defect(
        "ecs-target-type",
        "instance",
        all_of(set_properties(SERVICE, {}, having=FIRST_BALANCER), set_properties(GROUP, {"TargetType": "instance"})),
        GROUP,
    ),
    Defect(
        "ecs-target-type",
        "default",
        all_of(set_properties(SERVICE, {}, having=FIRST_BALANCER), set_properties(GROUP, {"TargetType": REMOVED})),
        GROUP,
    ),
    Defect(
        "ecs-target-type",
        "bridge",
        all_of(
            set_properties(SERVICE, {}, having=FIRST_BALANCER),
            set_properties(
                TASK,
                {"NetworkMode": "bridge", "RequiresCompatibilities": ["EC2"]},
                having=f"{CONTAINER}.PortMappings.0",
            ),
            _change_services(_hide_network),
        ),
        GROUP,
    ),
    Defect(
        "ecs-rolling-percent",
        "both 100",
        set_properties(
            SERVICE,
            {"DeploymentConfiguration.MinimumHealthyPercent": 100, "DeploymentConfiguration.MaximumPercent": 100},
            when=_rolls,
        ),
        SERVICE,
    ),
    Defect(
        "ecs-rolling-percent",
        "maximum 100",
        set_properties(
            SERVICE,
            {
                "DeploymentConfiguration.MinimumHealthyPercent": REMOVED,
                "DeploymentConfiguration.MaximumPercent": 100,
            },
            having="DeploymentConfiguration.MinimumHealthyPercent",
            when=_rolls,
        ),
        SERVICE,
    ),
    Defect(
        "ecs-circuit-breaker",
        "none",
        set_properties(
            SERVICE, {BREAKER: REMOVED}, having=BREAKER, when=lambda each: _rolls(each) and _is_replica(each)
        ),
        SERVICE,
    ),
    Defect(
        "ecs-circuit-breaker",
        "off",
        set_properties(
            SERVICE,
            {f"{BREAKER}.Enable": False},
            having=BREAKER,
            when=lambda each: _rolls(each) and _is_replica(each),
        ),
        SERVICE,
    ),
    Defect(
        "ecs-launch-type-and-strategy",
        "both",
        set_properties(SERVICE, {"LaunchType": "FARGATE"}, having="CapacityProviderStrategy"),
        SERVICE,
    ),
    Defect(
        "ecs-waits-for-listener",
        "no DependsOn",
        remove_dependency_on("AWS::ElasticLoadBalancingV2::Listener"),
        SERVICE,
    ),
    Defect("ecs-waits-for-mount-targets", "no DependsOn", remove_dependency_on("AWS::EFS::MountTarget"), SERVICE),
    Defect("ecs-shared-task-role", "role of another task", _share_task_role, TASK),
    Defect(
        "ecs-mount-volume",
        "source",
        set_properties(TASK, {f"{CONTAINER}.MountPoints.0.SourceVolume": "x"}, having=f"{CONTAINER}.MountPoints.0"),
        TASK,
    ),
    Defect("ecs-mount-volume", "volume", set_properties(TASK, {"Volumes.0.Name": "x"}, having="Volumes.0"), TASK),
    Defect(
        "ecs-efs-transit-encryption",
        "off",
        set_properties(TASK, {f"{EFS}.TransitEncryption": "DISABLED"}, having=EFS),
        TASK,
    ),
    Defect(
        "ecs-efs-transit-encryption",
        "default",
        set_properties(TASK, {f"{EFS}.TransitEncryption": REMOVED}, having=EFS),
        TASK,
    ),
    Defect(
        "ecs-execution-role", "logs", set_properties(TASK, {"ExecutionRoleArn": REMOVED}, when=_is_for_fargate), TASK
    ),
    Defect(
        "ecs-execution-role",
        "secrets",
        set_properties(TASK, {"ExecutionRoleArn": REMOVED}, having=f"{CONTAINER}.Secrets"),
        TASK,
    ),
    Defect("ecs-fargate-task", "memory", set_properties(TASK, {"Memory": REMOVED}, when=_is_for_fargate), TASK),
    Defect(
        "ecs-host-port",
        "another",
        set_properties(
            TASK,
            {f"{CONTAINER}.PortMappings.0.HostPort": 8081},
            having=f"{CONTAINER}.PortMappings.0",
            when=lambda each: each.get("NetworkMode") == "awsvpc",
        ),
        TASK,
    ),
    Defect("ecs-essential-container", "none", _only_sidecars, TASK),
    Defect("ecs-fargate-size", "memory", set_properties(TASK, {"Memory": "700"}, when=_is_for_fargate), TASK),
    Defect("ecs-fargate-size", "cpu", set_properties(TASK, {"Cpu": "700"}, when=_is_for_fargate), TASK),
    Defect(
        "ecs-fargate-size",
        "pair",
        set_properties(TASK, {"Cpu": ".25 vCPU", "Memory": "8 GB"}, when=_is_for_fargate),
        TASK,
    ),
    Defect(
        "ecs-health-command",
        "no CMD",
        set_properties(TASK, {f"{CONTAINER}.HealthCheck": {"Command": ["curl", "-f", "http://localhost"]}}),
        TASK,
    ),
    Defect("ecs-plain-secret", "password", _add_variable("DB_PASSWORD", "correct horse"), TASK),
    Defect("ecs-plain-secret", "access key", _add_variable("X", "AKIA" + "ABCDEFGHIJ234567"), TASK),
    Defect("ecs-termination-protection", "group", _unprotect_group, PROVIDER),
    Defect(
        "ecs-unused-capacity-provider",
        "launch type",
        all_of(set_properties(PROVIDER, {}), _hide_names, _change_services(_use_launch_type)),
        PROVIDER,
    ),
)
