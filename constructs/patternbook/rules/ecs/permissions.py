"""Rules for the roles of ECS services and their tasks, and for secrets in task definitions."""

import json
from collections.abc import Iterator
from typing import Final

from patternbook.rules.ecs.services import services_with_tasks
from patternbook.rules.ecs.task_definitions import TASK_DEFINITION
from patternbook.rules.permissions import ROLE, allowed_statements, allows
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Template

EXEC: Final = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"""
_WITHOUT_EXEC: Final = (
    *("AmazonECSTaskExecutionRolePolicy", "AWSXRayDaemonWriteAccess", "CloudWatchAgentServerPolicy"),
    *("AmazonS3ReadOnlyAccess", "AmazonS3FullAccess", "AmazonDynamoDBFullAccess", "AmazonDynamoDBReadOnlyAccess"),
    *("AmazonSQSFullAccess", "AmazonSNSFullAccess", "SecretsManagerReadWrite", "AmazonSSMReadOnlyAccess"),
    *("CloudWatchLogsFullAccess", "AmazonElasticFileSystemClientReadWriteAccess", "CloudWatchFullAccess"),
)
"""AWS managed policies that task roles often have, and that do not allow ECS Exec."""


@rule("ecs-role-with-awsvpc", ERROR)
def role_with_awsvpc(template: Template) -> Iterator[Problem]:
    """A service has a role for its load balancer, but its tasks use network mode awsvpc, so ECS refuses it.

    Remove Role. ECS uses its service-linked role.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    for service, task in services_with_tasks(template):
        role = service["Role"]
        if role.given and role.text != "" and task["NetworkMode"].text == "awsvpc":
            yield role.problem(f"{task.id} has network mode awsvpc.")


@rule("ecs-exec-task-role", ERROR)
def exec_task_role(template: Template) -> Iterator[Problem]:
    """A service enables ECS Exec, but its tasks have no task role, so ECS refuses it.

    Set TaskRoleArn to a role that allows the four ssmmessages actions of the document.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    for service, task in services_with_tasks(template):
        if service["EnableExecuteCommand"].flag and task["TaskRoleArn"].missing:
            yield service["EnableExecuteCommand"].problem(f"{task.id} has no TaskRoleArn.")


@rule("ecs-exec-permissions", WARNING)
def exec_permissions(template: Template) -> Iterator[Problem]:
    """A service enables ECS Exec, but its task role does not allow it, so no command can be run.

    Allow ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    for service, task in services_with_tasks(template):
        role = task["TaskRoleArn"].resource(ROLE)
        if not service["EnableExecuteCommand"].flag or role is None:
            continue
        statements = allowed_statements(template, role, harmless=_WITHOUT_EXEC)
        missing = [] if statements is None else [each for each in EXEC if not allows(statements, each)]
        if missing:
            yield task["TaskRoleArn"].problem(f"{role.id} does not allow {', '.join(missing)}.")


@rule("ecs-resolved-secret", WARNING)
def resolved_secret(template: Template) -> Iterator[Problem]:
    """A secret is resolved into an environment variable, which anyone who can describe the task definition can read.

    Refer to the ARN of the secret in Secrets of the container, with a ValueFrom.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
    """
    for task in template.of_type(TASK_DEFINITION):
        for container in task["ContainerDefinitions"].items:
            for variable in container["Environment"].items:
                written = json.dumps(template.written_at(variable["Value"]), default=str)
                if "{{resolve:secretsmanager:" in written or "{{resolve:ssm-secure:" in written:
                    name = variable["Name"].text or "?"
                    yield variable["Value"].problem(f"The variable {name!r} is a secret that CloudFormation resolves.")
