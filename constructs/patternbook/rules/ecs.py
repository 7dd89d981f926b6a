"""Rules for ECS: a task definition, and the service that runs it."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.fargate import MEMORY_MIB
from patternbook.limits.images import is_private_ecr
from patternbook.rules.engine import ERROR, WARNING, rule
from patternbook.rules.template import UNKNOWN, Node, Problem, Reference, Resource, Template, Text

SERVICE: Final = "AWS::ECS::Service"
TASK: Final = "AWS::ECS::TaskDefinition"
TARGET_GROUP: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"


def _services(template: Template) -> Iterator[tuple[Resource, Resource]]:
    """Each service with its task definition, where that is in the template."""
    for service in template.of_type(SERVICE):
        task = service["TaskDefinition"].resource(TASK)
        if task:
            yield service, task


def _containers(task: Resource) -> dict[str, Node] | None:
    """The containers of a task definition by their names, if all of them are known."""
    definitions = task["ContainerDefinitions"]
    named = {name: each for each in definitions.items if (name := each["Name"].text) is not None}
    return named if definitions.whole_list and len(named) == len(definitions.items) else None


def _network_mode(task: Resource) -> str | None:
    mode, kinds = task["NetworkMode"], task["RequiresCompatibilities"]
    if mode.missing:  # the default of EC2; elsewhere there is none, or another
        return "bridge" if kinds.missing or kinds.texts == ["EC2"] else None
    return mode.text


def _is_rolling(service: Resource) -> bool:
    """Whether ECS itself replaces the tasks, some at a time."""
    controller, strategy = service["DeploymentController"]["Type"], service["DeploymentConfiguration"]["Strategy"]
    return (controller.missing or controller.text == "ECS") and (strategy.missing or strategy.text == "ROLLING")


@rule("ecs-container-name", ERROR)
def container_name(template: Template) -> Iterator[Problem]:
    """The load balancer of a service names a container that its task definition does not have.

    Name one of the containers of the task definition.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in _services(template):
        containers = _containers(task)
        for balancer in service["LoadBalancers"].items if containers else ():
            name = balancer["ContainerName"]
            if name.text is not None and containers is not None and name.text not in containers:
                there = ", ".join(map(repr, containers))
                yield name.problem(f"{name.text!r} is no container of {task.id}, which has {there}.")


@rule("ecs-container-port", ERROR)
def container_port(template: Template) -> Iterator[Problem]:
    """The load balancer of a service sends to a port that the container does not map.

    Name a port of the container's port mappings.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in _services(template):
        containers = _containers(task) or {}
        for balancer in service["LoadBalancers"].items:
            port = balancer["ContainerPort"]
            container = containers.get(balancer["ContainerName"].text or "")
            if port.number is None or container is None or not container["PortMappings"].whole_list:
                continue
            mapped = [mapping["ContainerPort"].number for mapping in container["PortMappings"].items]
            if None not in mapped and port.number not in mapped:
                there = ", ".join(f"{each:g}" for each in mapped if each is not None) or "none"
                yield port.problem(f"Container {container['Name'].text!r} of {task.id} maps {there}, not {port.text}.")


@rule("ecs-target-type", ERROR)
def target_type(template: Template) -> Iterator[Problem]:
    """The target type of a target group does not fit the network mode of the tasks.

    Tasks of network mode awsvpc have addresses of their own: use target type ip. Other modes use instance.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
    """
    for service, task in _services(template):
        mode = _network_mode(task)
        for balancer in service["LoadBalancers"].items:
            group = balancer["TargetGroupArn"].resource(TARGET_GROUP)
            if mode is None or group is None:
                continue
            kind = "instance" if group["TargetType"].missing else group["TargetType"].text
            wanted = "ip" if mode == "awsvpc" else "instance"
            if kind is not None and kind != wanted:
                yield group["TargetType"].problem(
                    f"{kind!r}, while the tasks of {service.id} have network mode {mode!r}, which takes {wanted!r}."
                )


@rule("ecs-mount-volume", ERROR)
def mount_volume(template: Template) -> Iterator[Problem]:
    """A container mounts a volume that its task definition does not have.

    Add the volume to the task definition, or correct the name.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html
    """
    for task in template.of_type(TASK):
        names = [volume["Name"].text for volume in task["Volumes"].items]
        if not task["Volumes"].whole_list or None in names:
            continue
        for container in task["ContainerDefinitions"].items:
            for mount in container["MountPoints"].items:
                source = mount["SourceVolume"]
                if source.text is not None and source.text not in names:
                    there = ", ".join(map(repr, names)) or "none"
                    yield source.problem(f"{source.text!r} is no volume of the task definition, which has {there}.")


@rule("ecs-efs-transit-encryption", ERROR)
def efs_transit_encryption(template: Template) -> Iterator[Problem]:
    """An EFS volume is mounted with IAM authorization or an access point, but without encryption in transit.

    Set TransitEncryption to ENABLED.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSAuthorizationConfig.html
    """
    for task in template.of_type(TASK):
        for volume in task["Volumes"].items:
            efs = volume["EFSVolumeConfiguration"]
            encryption, authorization = efs["TransitEncryption"], efs["AuthorizationConfig"]
            point = authorization["AccessPointId"]
            needs = (
                "IAM authorization"
                if authorization["IAM"].text == "ENABLED"
                else "an access point"
                if not point.undecided
                else None
            )
            if needs and (encryption.missing or encryption.text == "DISABLED"):
                yield encryption.problem(f"{needs} needs encryption in transit, which is off.")


@rule("ecs-execution-role", ERROR)
def execution_role(template: Template) -> Iterator[Problem]:
    """Something has to be done for a task before it runs, and there is no execution role to do it with.

    Give the task definition an ExecutionRoleArn whose role may pull, log or read the secrets.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    for task in template.of_type(TASK):
        role = task["ExecutionRoleArn"]
        if not role.missing:
            continue
        fargate = "FARGATE" in (task["RequiresCompatibilities"].texts or [])
        for container in task["ContainerDefinitions"].items:
            log = container["LogConfiguration"]
            if container["Secrets"].items or log["SecretOptions"].items:
                needs = "reads secrets"
            elif not container["RepositoryCredentials"]["CredentialsParameter"].undecided:
                needs = "has credentials for a registry"
            elif fargate and log["LogDriver"].text == "awslogs":
                needs = "logs by awslogs on Fargate"
            elif fargate and _is_in_ecr(container["Image"]):
                needs = "has an image of a private ECR repository on Fargate"
            else:
                continue
            yield role.problem(f"Container {container['Name'].text or '?'!r} {needs}, which takes an execution role.")
            break


def _is_in_ecr(image: Node) -> bool:
    """Whether an image is in a private repository of ECR, even if nobody knows of which account or Region."""
    first = image.value.parts[0] if isinstance(image.value, Text) else image.value
    if isinstance(first, Reference) and first.attribute == "RepositoryUri":
        repository = image.template.resources.get(first.logical_id)
        return repository is not None and repository.type == "AWS::ECR::Repository"
    if isinstance(image.value, Text):
        return re.match(r"\w+\.dkr\.ecr\.[\w-]+\.(amazonaws\.com|\w+/)", image.value.filled("x")) is not None
    return is_private_ecr(image.text or "")


@rule("ecs-fargate-size", ERROR)
def fargate_size(template: Template) -> Iterator[Problem]:
    """Fargate does not offer this memory with these CPU units.

    Choose a pair from the table of the document.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    """
    for task in template.of_type(TASK):
        if "FARGATE" not in (task["RequiresCompatibilities"].texts or []):
            continue
        cpu, memory = task["Cpu"].units("vCPU"), task["Memory"].units("GB")
        if cpu is not None and cpu not in MEMORY_MIB:
            yield task["Cpu"].problem(f"{cpu:g} CPU units; Fargate has {', '.join(map(str, MEMORY_MIB))}.")
        elif cpu is not None and memory is not None and memory not in MEMORY_MIB[int(cpu)]:
            sizes = MEMORY_MIB[int(cpu)]
            yield task["Memory"].problem(
                f"{memory:g} MiB with {cpu:g} CPU units; Fargate offers {', '.join(map(str, sizes[:5]))}"
                + (f" … {sizes[-1]}." if len(sizes) > 5 else ".")
            )


@rule("ecs-rolling-percent", ERROR)
def rolling_percent(template: Template) -> Iterator[Problem]:
    """A rolling deployment may neither stop a task nor start one: it cannot begin.

    Set the minimum healthy percent below the maximum percent.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    for service in template.of_type(SERVICE):
        if not _is_rolling(service) or service["SchedulingStrategy"].unknown:
            continue
        daemon = service["SchedulingStrategy"].text == "DAEMON"
        configuration = service["DeploymentConfiguration"]
        low, high = configuration["MinimumHealthyPercent"], configuration["MaximumPercent"]
        least = (0 if daemon else 100) if low.missing else low.number
        most = (100 if daemon else 200) if high.missing else high.number
        if least is not None and most is not None and least >= most:
            yield configuration.problem(f"At least {least:g} % of the tasks stay, and at most {most:g} % may run.")


@rule("ecs-health-command", ERROR)
def health_command(template: Template) -> Iterator[Problem]:
    """The command of a container's health check is no list that begins with CMD, CMD-SHELL or NONE.

    Put CMD (arguments) or CMD-SHELL (one line for the shell) in front.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    for task in template.of_type(TASK):
        for container in task["ContainerDefinitions"].items:
            command = container["HealthCheck"]["Command"]
            if command.text is not None:
                yield command.problem("It is a text, where a list has to be.")
            first = command.items[0].text if command.items else None
            if first is not None and first not in ("CMD", "CMD-SHELL", "NONE"):
                yield command.problem(f"The command begins with {first!r}.")


@rule("ecs-termination-protection", ERROR)
def termination_protection(template: Template) -> Iterator[Problem]:
    """A capacity provider protects instances from termination, and its Auto Scaling group does not protect new ones.

    Set NewInstancesProtectedFromScaleIn on the group, or ManagedTerminationProtection to DISABLED.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-termination-protection.html
    """
    for provider in template.of_type("AWS::ECS::CapacityProvider"):
        managed = provider["AutoScalingGroupProvider"]
        group = managed["AutoScalingGroupArn"].resource("AWS::AutoScaling::AutoScalingGroup")
        if managed["ManagedTerminationProtection"].text != "ENABLED" or group is None:
            continue
        protected = group["NewInstancesProtectedFromScaleIn"]
        if protected.missing or protected.flag is False:
            yield protected.problem(f"New instances of the group are not protected, as {provider.id} asks.")


@rule("ecs-unused-capacity-provider", WARNING)
def unused_capacity_provider(template: Template) -> Iterator[Problem]:
    """No service of the template uses a capacity provider of it.

    Give the services a CapacityProviderStrategy: without one, and without a default of the cluster, they run by launch
    type, and the instances of the provider do not scale with the tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    """
    services = template.of_type(SERVICE)
    for provider in template.of_type("AWS::ECS::CapacityProvider"):
        if not services or not template.complete or template.is_shared(provider):
            continue
        strategies = [service["CapacityProviderStrategy"] for service in services]
        if not all(strategy.whole_list for strategy in strategies) or any(
            each["CapacityProvider"].unknown or isinstance(each["CapacityProvider"].value, Text)
            for strategy in strategies
            for each in strategy.items
        ):
            continue
        # All but the lists of those that a cluster may use.
        users = [each for each in template.resources.values() if _uses(each, provider)]
        if not users:
            names = ", ".join(service.id for service in services)
            yield provider.problem(f"Of the services of the template ({names}) none names it in a strategy.")


def _uses(resource: Resource, provider: Resource) -> bool:
    name = provider["Name"]
    for key, value in resource.entries.items():
        if key == "CapacityProviders" and resource.type.startswith("AWS::ECS::Cluster"):
            continue
        if provider.id in value.references or (value.unknown and "CapacityProvider" in key):
            return True
        if name.text and name.text in str(value.value) and resource.id != provider.id:
            return True
    return False


@rule("ecs-launch-type-and-strategy", ERROR)
def launch_type_and_strategy(template: Template) -> Iterator[Problem]:
    """A service has both a launch type and a capacity provider strategy.

    Remove LaunchType.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    for service in template.of_type(SERVICE):
        launch_type = service["LaunchType"]
        if launch_type.text and service["CapacityProviderStrategy"].items:
            yield launch_type.problem(f"{launch_type.text!r} stands beside a CapacityProviderStrategy.")


@rule("ecs-circuit-breaker", WARNING)
def circuit_breaker(template: Template) -> Iterator[Problem]:
    """A service goes on for hours to start tasks that fail, as it has no deployment circuit breaker.

    Enable DeploymentCircuitBreaker, with Rollback.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    for service in template.of_type(SERVICE):
        enabled = service["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Enable"]
        if _is_rolling(service) and (enabled.missing or enabled.flag is False):
            yield enabled.problem("The deployment circuit breaker is off.")


@rule("ecs-waits-for-listener", ERROR)
def waits_for_listener(template: Template) -> Iterator[Problem]:
    """A service does not wait for the listener that ties its target group to a load balancer.

    Let the service depend on the listener or the rule (DependsOn): ECS refuses target groups without a load balancer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    """
    listeners = template.of_type("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")
    for service in template.of_type(SERVICE):
        for balancer in service["LoadBalancers"].items:
            group = balancer["TargetGroupArn"].resource(TARGET_GROUP)
            tied = {each.id for each in listeners if group and group.id in each.references}
            if group and tied and not tied & template.graph.before(service.id):
                yield balancer["TargetGroupArn"].problem(
                    f"{service.id} may be made before {' or '.join(sorted(tied))}, which ties {group.id} to a load "
                    "balancer."
                )


@rule("ecs-waits-for-mount-targets", WARNING)
def waits_for_mount_targets(template: Template) -> Iterator[Problem]:
    """A service does not wait for the mount targets of the file system that its tasks mount.

    Let the service depend on all mount targets (DependsOn): before they are there, tasks fail to start.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
    """
    targets = template.of_type("AWS::EFS::MountTarget")
    for service, task in _services(template):
        for volume in task["Volumes"].items:
            file_system = volume["EFSVolumeConfiguration"]["FilesystemId"].resource("AWS::EFS::FileSystem")
            of_it = {each.id for each in targets if file_system and file_system.id in each["FileSystemId"].references}
            missing = of_it - template.graph.before(service.id)
            if missing:
                yield service.problem(f"Tasks may start before {', '.join(sorted(missing))}, and fail to mount.")


_SECRET: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PWD|PASSPHRASE|CLIENT_SECRET|SECRET_KEY|SECRET_ACCESS_KEY|API_?KEY|PRIVATE_KEY"
    r"|(?:AUTH|API|ACCESS)_TOKEN)$",
    re.IGNORECASE,
)
"""Not SECRET or TOKEN alone: such variables often hold the name of a secret."""
_NO_SECRET: Final = re.compile(
    r"|true|false|yes|no|on|off|(en|dis)abled|\d+|none|null|[./].*|\w+://.*|arn:.*", re.IGNORECASE
)
"""Values that are none: switches, numbers of seconds, paths, addresses, names of something."""
_NAME: Final = re.compile(
    r"[a-z][a-z0-9_.-]*(/[a-z][a-z0-9_.-]*)+|([a-z][a-z0-9]*[-_.])+(password|secrets?|credentials?|key|token)"
)
"""What a secret is called, such as ``prod/db/password``."""
_ACCESS_KEY: Final = re.compile(r"A[KS]IA[A-Z2-7]{16}")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""


@rule("ecs-plain-secret", WARNING)
def plain_secret(template: Template) -> Iterator[Problem]:
    """A secret stands in an environment variable, where everybody reads it who may read task definitions.

    Put it into Secrets Manager or SSM Parameter Store, and into Secrets by its ARN.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
    """
    for task in template.of_type(TASK):
        for container in task["ContainerDefinitions"].items:
            for variable in container["Environment"].items:
                name, value = variable["Name"].text or "", variable["Value"].text or ""
                named = _SECRET.search(name) and "PUBLIC" not in name.upper()
                is_value = not _NO_SECRET.fullmatch(value) and not _NAME.fullmatch(value)
                if _ACCESS_KEY.fullmatch(value) or (named and is_value):
                    yield variable["Value"].problem(f"The value of {name!r} is there for all to read.")


@rule("ecs-shared-task-role", WARNING)
def shared_task_role(template: Template) -> Iterator[Problem]:
    """The tasks of two services act as the same role, so each may do what the other needs.

    Give each task definition a TaskRoleArn of its own.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    seen: dict[object, tuple[Resource, Resource]] = {}
    for service, task in _services(template):
        role = task["TaskRoleArn"]
        known = isinstance(role.value, (str, Reference, Text))
        if not known or (isinstance(role.value, Text) and UNKNOWN in role.value.parts):
            continue
        first_service, first_task = seen.setdefault(role.value, (service, task))
        if first_task.id != task.id:
            yield role.problem(f"{service.id} has the task role of {first_service.id}.")
