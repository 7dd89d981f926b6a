"""The one switch over all patterns: a disposable sandbox, or something to run a business on."""

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs


@dataclass(frozen=True, kw_only=True)
class Posture:
    """What differs between trying a pattern and depending on it. Constructs ask; they never compare names."""

    name: str
    removal_policy: cdk.RemovalPolicy
    """What becomes of stored data (file systems, images, logs, keys) when its resource leaves the stack."""
    deletion_protection: bool
    """Whether stacks and load balancers refuse to be deleted."""
    customer_managed_keys: bool
    """Whether data at rest is encrypted with a KMS key of the stack's own, instead of AWS managed ones. Neither a file
    system nor a repository can change its key: a change of posture replaces it with an empty one."""
    nat_gateways: int
    """NAT gateways of a network: one shared by all AZs, or one an AZ."""
    interface_endpoints: bool
    """Whether AWS services are called through VPC interface endpoints, where a NAT gateway would do."""
    log_retention_days: int
    """How long log groups and access logs keep their records, unless a setting says otherwise."""
    access_logs: bool
    """Whether load balancers write access logs to S3."""
    backups: bool
    """Whether file systems are backed up every day, by AWS Backup or FSx."""
    standby_in_another_az: bool
    """Whether a file system whose servers are in one AZ has a standby in a second, where the service offers it."""
    require_tls: bool
    """Whether a public listener without a certificate is refused."""
    open_cluster_endpoint: bool
    """Whether the API of a Kubernetes cluster may be reached from every address, where a setting says so."""
    execute_command: bool
    """Whether ECS Exec can open a shell in a running container."""
    container_insights: ecs.ContainerInsights
    protect_busy_instances: bool
    """Whether instances that run a task are kept from scale-in. Their group cannot be deleted then."""
    instance_lifetime: cdk.Duration | None
    """How old an instance gets before it is replaced."""
    reserved_concurrency: int | None
    """Concurrent executions that a function has reserved, unless a setting says otherwise; a new account has none to
    reserve."""
    provisioned_concurrency: int
    """Environments of a function that are kept initialized, unless a setting says otherwise; they cost money idle."""


SANDBOX: Final = Posture(
    name="sandbox",
    removal_policy=cdk.RemovalPolicy.DESTROY,
    deletion_protection=False,
    customer_managed_keys=False,
    nat_gateways=1,
    interface_endpoints=False,
    log_retention_days=7,
    access_logs=False,
    backups=False,
    standby_in_another_az=False,
    require_tls=False,
    open_cluster_endpoint=True,
    execute_command=True,
    container_insights=ecs.ContainerInsights.ENABLED,
    protect_busy_instances=False,
    instance_lifetime=None,
    reserved_concurrency=None,
    provisioned_concurrency=0,
)
"""Cheap and disposable: ``cdk destroy`` leaves nothing that costs money."""

PRODUCTION: Final = Posture(
    name="production",
    # Not of a first deployment that fails, which would leave an empty file system in the way of the next.
    removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    deletion_protection=True,
    customer_managed_keys=True,
    nat_gateways=3,
    interface_endpoints=True,
    log_retention_days=365,
    access_logs=True,
    backups=True,
    standby_in_another_az=True,
    require_tls=True,
    open_cluster_endpoint=False,
    execute_command=False,
    container_insights=ecs.ContainerInsights.ENHANCED,
    protect_busy_instances=True,
    instance_lifetime=cdk.Duration.days(30),
    reserved_concurrency=100,
    provisioned_concurrency=2,
)
"""Protected, retained, logged and encrypted with keys of its own."""

POSTURES: Final = {posture.name: posture for posture in (SANDBOX, PRODUCTION)}
