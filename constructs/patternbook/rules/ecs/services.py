"""Rules for ECS services: their deployments, and how they fit their task definition and their load balancer."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.ecs.task_definitions import TASK_DEFINITION
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import UNKNOWN, Node, PartialText, Problem, Reference, Resource, Template

SERVICE: Final = "AWS::ECS::Service"
TARGET_GROUP: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENERS: Final = ("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")


def services_with_tasks(template: Template) -> Iterator[tuple[Resource, Resource]]:
    """Each service with its task definition, if the template has both."""
    for service in template.of_type(SERVICE):
        task = service["TaskDefinition"].resource(TASK_DEFINITION)
        if task:
            yield service, task


def _containers(task: Resource) -> dict[str, Node] | None:
    """The containers of a task definition by name, if all names are known."""
    definitions = task["ContainerDefinitions"]
    named = {name: each for each in definitions.items if (name := each["Name"].text) is not None}
    return named if definitions.fully_known and len(named) == len(definitions.items) else None


def _network_mode(task: Resource) -> str | None:
    mode, compatibilities = task["NetworkMode"], task["RequiresCompatibilities"]
    if mode.missing:  # EC2 has a default; Fargate and external instances do not have the same
        return "bridge" if compatibilities.missing or compatibilities.texts == ["EC2"] else None
    return mode.text


def _is_rolling(service: Resource) -> bool:
    """Whether the service uses ECS rolling deployments."""
    controller, strategy = service["DeploymentController"]["Type"], service["DeploymentConfiguration"]["Strategy"]
    return (controller.missing or controller.text == "ECS") and (strategy.missing or strategy.text == "ROLLING")


@rule("ecs-container-name", ERROR)
def container_name(template: Template) -> Iterator[Problem]:
    """The load balancer configuration of a service names a container that the task definition does not define.

    Set ContainerName to a container of the task definition.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in services_with_tasks(template):
        containers = _containers(task)
        for balancer in service["LoadBalancers"].items if containers else ():
            name = balancer["ContainerName"]
            if name.text is not None and containers is not None and name.text not in containers:
                defined = ", ".join(map(repr, containers))
                yield name.problem(f"{task.id} does not define the container {name.text!r}; it defines {defined}.")


@rule("ecs-container-port", ERROR)
def container_port(template: Template) -> Iterator[Problem]:
    """The load balancer of a service sends requests to a port that the container does not map.

    Set ContainerPort to a port in the PortMappings of the container.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in services_with_tasks(template):
        containers = _containers(task) or {}
        for balancer in service["LoadBalancers"].items:
            port = balancer["ContainerPort"]
            container = containers.get(balancer["ContainerName"].text or "")
            if port.number is None or container is None or not container["PortMappings"].fully_known:
                continue
            mapped = [mapping["ContainerPort"].number for mapping in container["PortMappings"].items]
            if None not in mapped and port.number not in mapped:
                ports = ", ".join(f"{each:g}" for each in mapped if each is not None) or "no port"
                name = container["Name"].text
                yield port.problem(
                    f"The container {name!r} of {task.id} does not map port {port.text}; it maps {ports}."
                )


@rule("ecs-target-type", ERROR)
def target_type(template: Template) -> Iterator[Problem]:
    """The target type of a target group does not fit the network mode of the tasks.

    Use target type ip for network mode awsvpc, where each task has an IP address, and instance for other modes.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in services_with_tasks(template):
        mode = _network_mode(task)
        for balancer in service["LoadBalancers"].items:
            group = balancer["TargetGroupArn"].resource(TARGET_GROUP)
            if mode is None or group is None:
                continue
            given = "instance" if group["TargetType"].missing else group["TargetType"].text
            required = "ip" if mode == "awsvpc" else "instance"
            if given is not None and given != required:
                yield group["TargetType"].problem(
                    f"The target type is {given!r}; the tasks of {service.id} have network mode {mode!r}, which "
                    f"requires {required!r}."
                )


@rule("ecs-rolling-percent", ERROR)
def rolling_percent(template: Template) -> Iterator[Problem]:
    """A rolling deployment cannot start, because it may neither stop a task nor start one.

    Set MinimumHealthyPercent below MaximumPercent.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    for service in template.of_type(SERVICE):
        if not _is_rolling(service) or service["SchedulingStrategy"].unknown:
            continue
        daemon = service["SchedulingStrategy"].text == "DAEMON"
        configuration = service["DeploymentConfiguration"]
        low, high = configuration["MinimumHealthyPercent"], configuration["MaximumPercent"]
        minimum = (0 if daemon else 100) if low.missing else low.number
        maximum = (100 if daemon else 200) if high.missing else high.number
        if minimum is not None and maximum is not None and minimum >= maximum:
            yield configuration.problem(
                f"The minimum healthy percent is {minimum:g} and the maximum percent is {maximum:g}."
            )


@rule("ecs-circuit-breaker", WARNING)
def circuit_breaker(template: Template) -> Iterator[Problem]:
    """A service without a deployment circuit breaker keeps restarting failing tasks for hours.

    Enable DeploymentCircuitBreaker with Rollback.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    for service in template.of_type(SERVICE):
        enabled = service["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Enable"]
        if _is_rolling(service) and enabled.is_off and _starts_a_number_of_tasks(template, service):
            yield enabled.problem("The deployment circuit breaker is disabled.")


def _starts_a_number_of_tasks(template: Template, service: Resource) -> bool:
    """Whether the circuit breaker has something to count.

    Its threshold is a share of the desired count, which a DAEMON service does not have:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html and
    https://github.com/aws/aws-cdk/issues/38102
    """
    strategy = service["SchedulingStrategy"]
    if not strategy.missing and strategy.text != "REPLICA":
        return False
    targets = template.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
    scales = any(each["ResourceId"].unknown or service.id in each["ResourceId"].references for each in targets)
    return service["DesiredCount"].number != 0 or scales


@rule("ecs-launch-type-and-strategy", ERROR)
def launch_type_and_strategy(template: Template) -> Iterator[Problem]:
    """A service has both a launch type and a capacity provider strategy.

    Remove LaunchType.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    for service in template.of_type(SERVICE):
        launch_type = service["LaunchType"]
        if launch_type.text and service["CapacityProviderStrategy"].items:
            yield launch_type.problem(
                f"The service has launch type {launch_type.text!r} and a CapacityProviderStrategy."
            )


@rule("ecs-waits-for-listener", ERROR)
def waits_for_listener(template: Template) -> Iterator[Problem]:
    """A service does not depend on the listener that connects its target group to a load balancer.

    Let the service depend on the listener or listener rule (DependsOn), because ECS refuses a target group without a
    load balancer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    """
    listeners = template.of_type(*LISTENERS)
    for service in template.of_type(SERVICE):
        for balancer in service["LoadBalancers"].items:
            group = balancer["TargetGroupArn"].resource(TARGET_GROUP)
            connecting = {each.id for each in listeners if group and group.id in each.references}
            if group and connecting and not template.waits_for(service, connecting):
                names = " or ".join(sorted(connecting))
                yield balancer["TargetGroupArn"].problem(
                    f"{service.id} may be created before {names}, which connects {group.id} to a load balancer."
                )


@rule("ecs-waits-for-mount-targets", WARNING)
def waits_for_mount_targets(template: Template) -> Iterator[Problem]:
    """A service does not depend on the mount targets of the file system that its tasks mount.

    Let the service depend on all mount targets (DependsOn), because tasks fail to start before they exist.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
    """
    targets = template.of_type("AWS::EFS::MountTarget")
    for service, task in services_with_tasks(template):
        for volume in task["Volumes"].items:
            file_system = volume["EFSVolumeConfiguration"]["FilesystemId"].resource("AWS::EFS::FileSystem")
            required = {
                each.id for each in targets if file_system and file_system.id in each["FileSystemId"].references
            }
            missing = {each for each in required if not template.waits_for(service, [each])}
            if missing:
                names = ", ".join(sorted(missing))
                yield service.problem(f"{service.id} does not depend on {names}, so its tasks may fail to mount.")


@rule("ecs-shared-task-role", WARNING)
def shared_task_role(template: Template) -> Iterator[Problem]:
    """Two services share a task role, so each can do everything that the other may do.

    Give each task definition its own TaskRoleArn.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    seen: dict[object, tuple[Resource, Resource]] = {}
    for service, task in services_with_tasks(template):
        role = task["TaskRoleArn"]
        known = isinstance(role.value, (str, Reference, PartialText))
        if not known or (isinstance(role.value, PartialText) and UNKNOWN in role.value.parts):
            continue
        first_service, first_task = seen.setdefault(role.value, (service, task))
        if first_task.id != task.id:
            yield role.problem(f"{service.id} uses the task role of {first_service.id}.")
