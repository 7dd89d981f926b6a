"""Rules for ECS task definitions: containers, volumes, sizes, secrets and the execution role."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.fargate import MEMORY_MIB
from patternbook.limits.images import is_private_ecr
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, PartialText, Problem, Reference, Resource, Template

TASK_DEFINITION: Final = "AWS::ECS::TaskDefinition"


def _is_for_fargate(task: Resource) -> bool:
    return "FARGATE" in (task["RequiresCompatibilities"].texts or [])


@rule("ecs-mount-volume", ERROR)
def mount_volume(template: Template) -> Iterator[Problem]:
    """A container mounts a volume that the task definition does not define.

    Add the volume to the task definition, or correct SourceVolume.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html
    """
    for task in template.of_type(TASK_DEFINITION):
        names = [volume["Name"].text for volume in task["Volumes"].items]
        if not task["Volumes"].fully_known or None in names:
            continue
        for container in task["ContainerDefinitions"].items:
            for mount in container["MountPoints"].items:
                source = mount["SourceVolume"]
                if source.text is not None and source.text not in names:
                    defined = ", ".join(map(repr, names)) or "none"
                    yield source.problem(f"{task.id} does not define the volume {source.text!r}; it defines {defined}.")


@rule("ecs-efs-transit-encryption", ERROR)
def efs_transit_encryption(template: Template) -> Iterator[Problem]:
    """An EFS volume uses IAM authorization or an access point, but no encryption in transit.

    Set TransitEncryption to ENABLED.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSAuthorizationConfig.html
    """
    for task in template.of_type(TASK_DEFINITION):
        for volume in task["Volumes"].items:
            efs = volume["EFSVolumeConfiguration"]
            encryption, authorization = efs["TransitEncryption"], efs["AuthorizationConfig"]
            if authorization["IAM"].text == "ENABLED":
                feature = "IAM authorization"
            elif not authorization["AccessPointId"].may_be_missing:
                feature = "An access point"
            else:
                continue
            if encryption.missing or encryption.text == "DISABLED":
                yield encryption.problem(f"{feature} requires encryption in transit, which is disabled.")


@rule("ecs-execution-role", ERROR)
def execution_role(template: Template) -> Iterator[Problem]:
    """The task needs an execution role, and the task definition has none.

    Set ExecutionRoleArn to a role that may pull the image, write the logs and read the secrets.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    for task in template.of_type(TASK_DEFINITION):
        role = task["ExecutionRoleArn"]
        if not role.missing:
            continue
        fargate = _is_for_fargate(task)
        for container in task["ContainerDefinitions"].items:
            log = container["LogConfiguration"]
            if container["Secrets"].items or log["SecretOptions"].items:
                reason = "reads secrets"
            elif not container["RepositoryCredentials"]["CredentialsParameter"].may_be_missing:
                reason = "uses credentials for a private registry"
            elif fargate and log["LogDriver"].text == "awslogs":
                reason = "uses the awslogs log driver on Fargate"
            elif fargate and _is_in_private_ecr(container["Image"]):
                reason = "pulls its image from a private ECR repository on Fargate"
            else:
                continue
            name = container["Name"].text or "?"
            yield role.problem(f"The container {name!r} {reason}, which requires an execution role.")
            break


def _is_in_private_ecr(image: Node) -> bool:
    """Whether an image is in a private ECR repository. Account and Region may be unknown."""
    first = image.value.parts[0] if isinstance(image.value, PartialText) else image.value
    if isinstance(first, Reference) and first.attribute == "RepositoryUri":
        repository = image.template.resources.get(first.logical_id)
        return repository is not None and repository.type == "AWS::ECR::Repository"
    if isinstance(image.value, PartialText):
        return re.match(r"\w+\.dkr\.ecr\.[\w-]+\.(amazonaws\.com|\w+/)", image.value.filled("x")) is not None
    return is_private_ecr(image.text or "")


@rule("ecs-fargate-size", ERROR)
def fargate_size(template: Template) -> Iterator[Problem]:
    """Fargate does not offer this combination of CPU and memory.

    Choose a combination from the table in the document.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    """
    for task in filter(_is_for_fargate, template.of_type(TASK_DEFINITION)):
        cpu, memory = task["Cpu"].in_units("vCPU"), task["Memory"].in_units("GB")
        if cpu is not None and cpu not in MEMORY_MIB:
            sizes = ", ".join(map(str, MEMORY_MIB))
            yield task["Cpu"].problem(f"Fargate does not offer {cpu:g} CPU units; it offers {sizes}.")
        elif cpu is not None and memory is not None and memory not in MEMORY_MIB[int(cpu)]:
            offered = MEMORY_MIB[int(cpu)]
            sizes = ", ".join(map(str, offered[:5])) + (f" … {offered[-1]}" if len(offered) > 5 else "")
            yield task["Memory"].problem(
                f"Fargate does not offer {memory:g} MiB with {cpu:g} CPU units; it offers {sizes}."
            )


@rule("ecs-fargate-task", ERROR)
def fargate_task(template: Template) -> Iterator[Problem]:
    """A task definition for Fargate lacks what Fargate requires, so ECS refuses it.

    Set NetworkMode to awsvpc, and Cpu and Memory of the task definition itself.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    """
    for task in filter(_is_for_fargate, template.of_type(TASK_DEFINITION)):
        mode = task["NetworkMode"]
        if mode.missing or mode.text in ("bridge", "host", "none"):
            yield mode.problem(f"The network mode is {mode.text or 'bridge by default'}, not awsvpc.")
        for name in ("Cpu", "Memory"):
            if task[name].missing:
                yield task[name].problem(f"The task definition has no {name}; that of its containers does not count.")


@rule("ecs-host-port", ERROR)
def host_port(template: Template) -> Iterator[Problem]:
    """A container maps its port to another port of the host, which the network modes awsvpc and host do not allow.

    Remove HostPort, or set it to the value of ContainerPort.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
    """
    for task in template.of_type(TASK_DEFINITION):
        mode = task["NetworkMode"].text
        for container in task["ContainerDefinitions"].items if mode in ("awsvpc", "host") else ():
            for mapping in container["PortMappings"].items:
                host, port = mapping["HostPort"], mapping["ContainerPort"]
                # No document says what ECS makes of 0 here, which means any port in the mode bridge.
                if host.number and port.number and host.number != port.number:
                    yield host.problem(f"The port {port.text} is mapped to {host.text} in network mode {mode}.")


@rule("ecs-essential-container", ERROR)
def essential_container(template: Template) -> Iterator[Problem]:
    """No container of a task definition is essential, so ECS refuses it.

    Remove Essential from a container, or set it to true.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    for task in template.of_type(TASK_DEFINITION):
        containers = task["ContainerDefinitions"]
        if (
            containers.items
            and containers.fully_known
            and all(each["Essential"].flag is False for each in containers.items)
        ):
            yield containers.problem("Essential is false for every container.")


@rule("ecs-health-command", ERROR)
def health_command(template: Template) -> Iterator[Problem]:
    """The health check command of a container is not a list that starts with CMD, CMD-SHELL or NONE.

    Write a list that starts with CMD (followed by arguments) or CMD-SHELL (followed by one shell command).

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """
    for task in template.of_type(TASK_DEFINITION):
        for container in task["ContainerDefinitions"].items:
            command = container["HealthCheck"]["Command"]
            if command.text is not None:
                yield command.problem("The command must be a list, but it is a text.")
            first = command.items[0].text if command.items else None
            if first is not None and first not in ("CMD", "CMD-SHELL", "NONE"):
                yield command.problem(f"The command starts with {first!r}.")


_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PWD|PASSPHRASE|CLIENT_SECRET|SECRET_KEY|SECRET_ACCESS_KEY|API_?KEY|PRIVATE_KEY"
    r"|(?:AUTH|API|ACCESS)_TOKEN)$",
    re.IGNORECASE,
)
"""Names of variables that hold a secret. SECRET or TOKEN alone is not enough: it often holds the name of a secret."""
_HARMLESS_VALUE: Final = re.compile(
    r"|true|false|yes|no|on|off|(en|dis)abled|\d+|none|null|[./].*|\w+://.*|arn:.*", re.IGNORECASE
)
"""Values that are not secrets: switches, numbers, paths, URLs and ARNs."""
_NAME_OF_SECRET: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+"
    r"|([A-Za-z][A-Za-z0-9]*[-_.])+(?i:password|secrets?|credentials?|key|token|name|arn|param(eter)?)"
    r"|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[A-Z][a-z]+(-[A-Z][a-z]+)+|[\w.-]+\.(pem|key|crt|json|txt|p12|jks|env)|<.*>"
)
"""Values that name a secret, a variable, an HTTP header or a file, such as ``prod/db/password`` or ``X-Api-Key``."""
_ACCESS_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z2-7]{16}")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"""


@rule("ecs-plain-secret", WARNING)
def plain_secret(template: Template) -> Iterator[Problem]:
    """An environment variable contains a secret, which is visible to anyone who can describe the task definition.

    Store the value in Secrets Manager or SSM Parameter Store, and refer to its ARN in Secrets.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
    """
    for task in template.of_type(TASK_DEFINITION):
        for container in task["ContainerDefinitions"].items:
            for variable in container["Environment"].items:
                name, value = variable["Name"].text or "", variable["Value"].text or ""
                names_secret = _SECRET_NAME.search(name) and "PUBLIC" not in name.upper()
                is_secret = not _HARMLESS_VALUE.fullmatch(value) and not _NAME_OF_SECRET.fullmatch(value)
                if _ACCESS_KEY_ID.fullmatch(value) or (names_secret and is_secret):
                    yield variable["Value"].problem(f"The variable {name!r} contains a secret in plain text.")
