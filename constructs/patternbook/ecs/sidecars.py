"""Sidecar containers of tasks, and the permissions that they need."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from patternbook.nag import acknowledge

COLLECTOR_IMAGE: Final = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
LOG_ROUTER_IMAGE: Final = "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15"


def add_trace_collector(definition: ecs.TaskDefinition, log_group: logs.LogGroup) -> None:
    """Adds an ADOT collector, which sends traces to AWS X-Ray. It receives OTLP on port 4317 (gRPC) and 4318 (HTTP) of
    localhost, the defaults of OpenTelemetry SDKs.

    The task goes on without it if it stops. The image has a user of its own that is not root:
    https://github.com/aws-observability/aws-otel-collector/issues/2317
    """
    definition.add_container(
        "collector",
        image=ecs.ContainerImage.from_registry(COLLECTOR_IMAGE),
        # Traces only. Other files of the image send metrics, too, and need more permissions:
        # https://github.com/aws-observability/aws-otel-collector/blob/main/config/ecs/ecs-xray.yaml
        command=["--config=/etc/ecs/ecs-xray.yaml"],
        essential=False,
        readonly_root_filesystem=True,
        logging=ecs.LogDrivers.aws_logs(stream_prefix="collector", log_group=log_group),
    )
    role = definition.task_role
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"])
    )
    acknowledge(role, "IAM5[Resource::*]", "X-Ray and ECS Exec support no resource-level permissions.")


def add_log_router(definition: ecs.TaskDefinition, log_group: logs.LogGroup) -> None:
    """Adds the FireLens log router. Its own log goes to the log group.

    It runs as root and writes to its root file system, because FireLens supports nothing else:
    https://github.com/aws/containers-roadmap/issues/2122, https://github.com/fluent/fluent-bit/issues/7308
    """
    definition.add_firelens_log_router(
        "log-router",
        image=ecs.ContainerImage.from_registry(LOG_ROUTER_IMAGE),
        firelens_config=ecs.FirelensConfig(type=ecs.FirelensLogRouterType.FLUENTBIT),
        user="0",
        # Logs would be lost without the router, so the task stops with it.
        essential=True,
        logging=ecs.LogDrivers.aws_logs(stream_prefix="log-router", log_group=log_group),
    )


def check_guard_duty(compatibility: ecs.Compatibility) -> None:
    """https://docs.aws.amazon.com/guardduty/latest/ug/prereq-runtime-monitoring-ecs-support.html

    :raises ValueError: if tasks of this compatibility get no agent of their own.
    """
    if compatibility != ecs.Compatibility.FARGATE:
        raise ValueError(
            f"guard_duty must be False with compatibility {compatibility.name}, got True. GuardDuty adds its agent to "
            "tasks on Fargate only; on EC2 the agent runs on the instance."
        )


def allow_guard_duty_agent(execution_role: iam.IRole) -> None:
    """Allows the task to pull the agent that GuardDuty Runtime Monitoring adds to tasks on Fargate.

    The repository belongs to an account of AWS that differs in each Region:
    https://docs.aws.amazon.com/guardduty/latest/ug/ecs-runtime-agent-ecr-image-uri.html
    """
    agent = cdk.Stack.of(execution_role).format_arn(
        service="ecr", account="*", resource="repository", resource_name="aws-guardduty-agent-fargate"
    )
    execution_role.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[agent],
        )
    )
    execution_role.add_to_principal_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
    acknowledge(
        execution_role,
        "IAM5[Resource::arn:<AWS::Partition>:ecr:<AWS::Region>:*:repository/aws-guardduty-agent-fargate]",
        "The account of AWS that owns the repository differs in each Region.",
    )
