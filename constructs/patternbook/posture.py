"""The posture of all patterns of a stage: a cheap, disposable sandbox, or a protected production."""

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs


@dataclass(frozen=True, kw_only=True)
class Posture:
    """The decisions that differ between postures. Constructs read these fields and never compare the name."""

    name: str
    removal_policy: cdk.RemovalPolicy
    """Removal policy of stored data: file systems, images, logs and keys."""
    deletion_protection: bool
    """Turns on the termination protection of stacks and the deletion protection of load balancers and clusters."""
    customer_managed_keys: bool
    """Encrypts data at rest with a customer managed KMS key of the stack instead of an AWS managed key. File systems
    and repositories cannot change their key. So a change of posture replaces them with empty ones."""
    nat_gateways: int
    """Maximum number of NAT gateways of a network. With 1, all AZs share it. With 3, each AZ has one NAT gateway."""
    interface_endpoints: bool
    """Calls AWS services through VPC interface endpoints instead of the NAT gateway."""
    log_retention_days: int
    """Default retention of log groups and access logs. Settings can override it."""
    log_execution_data: bool
    """Writes the input and output of each step of a workflow to its logs. They can contain personal data, and Step
    Functions keeps them for 90 days anyway."""
    access_logs: bool
    """Writes access logs of load balancers to S3."""
    backups: bool
    """Backs up file systems every day, by AWS Backup or FSx."""
    multi_az_file_systems: bool
    """Gives a file system a standby in a second AZ if the service offers it."""
    database_min_acu: float
    """Default minimum capacity of a serverless database. With 0, it pauses. Settings can override it."""
    database_readers: int
    """Default number of readers of a database. A reader takes over if the writer fails. Settings can override it."""
    database_backup_days: int
    """Default retention of the automated backups of a database. Settings can override it."""
    database_insights: bool
    """Turns on the Advanced mode of CloudWatch Database Insights, which keeps 15 months of history and costs money."""
    stream_buffer_seconds: int
    """Default time for which a Firehose stream collects records before it writes a file. Settings can override it."""
    require_tls: bool
    """Refuses a public listener without a certificate."""
    require_alarm_address: bool
    """Refuses a topic for alarms that notifies nobody."""
    require_callback_urls: bool
    """Refuses a sign-in that leads to the developer's own machine."""
    block_risky_sign_ins: bool
    """Blocks sign-ins of high risk. Otherwise, threat protection only records them."""
    deployment_alarms: bool
    """Rolls a deployment of an ECS service or a workflow back if one of its alarms rings. Each deployment then takes
    longer, because AWS watches the alarms for some time."""
    allow_open_cluster_endpoint: bool
    """Allows a setting to open the API of a Kubernetes cluster to all addresses."""
    execute_command: bool
    """Allows ECS Exec to open a shell in a running container."""
    container_insights: ecs.ContainerInsights
    fargate_spot_percent: int
    """Default share of Fargate Spot in the tasks beyond the on-demand base. ECS starts no on-demand task if Spot has no
    capacity. Settings can override it."""
    protect_busy_instances: bool
    """Protects instances that run a task from scale-in. An Auto Scaling group with such instances cannot be deleted."""
    instance_lifetime: cdk.Duration | None
    """Maximum lifetime of an instance, after which it is replaced. None sets no maximum."""
    reserved_concurrency: int | None
    """Default reserved concurrency of a function. None reserves nothing, because the quota of a new account is too low.
    Settings can override it."""
    provisioned_concurrency: int
    """Default provisioned concurrency of a function. It costs money even if nobody calls the function. Settings can
    override it."""


SANDBOX: Final = Posture(
    name="sandbox",
    removal_policy=cdk.RemovalPolicy.DESTROY,
    deletion_protection=False,
    customer_managed_keys=False,
    nat_gateways=1,
    interface_endpoints=False,
    log_retention_days=7,
    log_execution_data=True,
    access_logs=False,
    backups=False,
    multi_az_file_systems=False,
    database_min_acu=0,
    database_readers=0,
    database_backup_days=1,
    database_insights=False,
    stream_buffer_seconds=60,
    require_tls=False,
    require_alarm_address=False,
    require_callback_urls=False,
    block_risky_sign_ins=False,
    deployment_alarms=False,
    allow_open_cluster_endpoint=True,
    execute_command=True,
    container_insights=ecs.ContainerInsights.ENABLED,
    fargate_spot_percent=50,
    protect_busy_instances=False,
    instance_lifetime=None,
    reserved_concurrency=None,
    provisioned_concurrency=0,
)
"""A cheap posture for trying a pattern. ``cdk destroy`` leaves nothing that costs money."""

PRODUCTION: Final = Posture(
    name="production",
    # Don't retain if the first deployment fails: empty resources with fixed names would block the next deployment.
    removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    deletion_protection=True,
    customer_managed_keys=True,
    nat_gateways=3,
    interface_endpoints=True,
    log_retention_days=365,
    log_execution_data=False,
    access_logs=True,
    backups=True,
    multi_az_file_systems=True,
    # AWS recommends at least 2 ACUs with Performance Insights, which is a part of Database Insights:
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    database_min_acu=2,
    database_readers=1,
    database_backup_days=14,
    database_insights=True,
    stream_buffer_seconds=900,
    require_tls=True,
    require_alarm_address=True,
    require_callback_urls=True,
    block_risky_sign_ins=True,
    deployment_alarms=True,
    allow_open_cluster_endpoint=False,
    execute_command=False,
    container_insights=ecs.ContainerInsights.ENHANCED,
    fargate_spot_percent=0,
    protect_busy_instances=True,
    instance_lifetime=cdk.Duration.days(30),
    reserved_concurrency=100,
    provisioned_concurrency=2,
)
"""A protected posture. Data is encrypted with customer managed keys, backed up and retained. Access is logged."""

POSTURES: Final = {posture.name: posture for posture in (SANDBOX, PRODUCTION)}
