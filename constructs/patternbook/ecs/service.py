"""ECS clusters and services, with deployments that roll back when they fail."""

from collections.abc import Sequence
from itertools import chain
from typing import Generic, TypeVar, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Self

from patternbook.ecs.deployment import DeploymentOptions, deployment_options
from patternbook.ecs.ec2_capacity import Ec2Capacity
from patternbook.ecs.managed_instances import ManagedInstances
from patternbook.ecs.settings import DeploymentName, DeploymentSettings, FargateSettings
from patternbook.ecs.task import Task
from patternbook.limits.scaling import check_spot_share
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

Service = TypeVar("Service", bound=ecs.BaseService)


def cluster(scope: Construct, construct_id: str, *, network: Network, posture: Posture) -> ecs.Cluster:
    """A cluster in a network, with Container Insights as the posture says."""
    return ecs.Cluster(
        scope,
        construct_id,
        vpc=network.vpc,
        container_insights_v2=posture.container_insights,
        # Logging of shells would need more permissions of the task role. CloudTrail records who opens one.
        execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
    )


def accept_exec_channel(task: Task) -> None:
    """Acknowledges what ECS Exec adds to the task role, if the posture allows ECS Exec."""
    if task.posture.execute_command:
        acknowledge(
            task.definition.task_role,
            "IAM5[Resource::*]",
            "The four ssmmessages actions of ECS Exec support no resource-level permissions.",
        )


def shell_command(service: ecs.BaseService, task: Task) -> str:
    """The command that opens a shell in a task of a service."""
    cluster = service.cluster.cluster_name
    return (
        f"aws ecs execute-command --cluster {cluster} --task $(aws ecs list-tasks --cluster {cluster}"
        f" --service-name {service.service_name} --query 'taskArns[0]' --output text)"
        f" --container {task.container.container_name} --interactive --command /bin/sh"
    )


def roll_back_on(service: ecs.BaseService, *alarms: Sequence[cloudwatch.Alarm], posture: Posture) -> None:
    """Rolls a deployment back if one of the alarms rings before its end, if the posture allows that.

    ECS watches the alarms until the bake time is over, see :data:`patternbook.ecs.deployment.BAKE_TIME`. If an alarm
    rings when a deployment starts, ECS ignores the alarms in this deployment, so a failing service can be repaired
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html).

    :param alarms: lists of alarms that each have a name of their own. An alarm on the service itself depends on it, so
        the service must not depend on the alarm.
    :raises ValueError: if an alarm has no name.
    """
    names = [cast("cloudwatch.CfnAlarm", alarm.node.default_child).alarm_name or "" for alarm in chain(*alarms)]
    if any(not name or cdk.Token.is_unresolved(name) for name in names):
        raise ValueError("alarms must each have an alarm_name of their own, got one without. Name it.")
    if posture.deployment_alarms and names:
        service.enable_deployment_alarms(names)


class RollingOptions(DeploymentOptions):
    """Arguments that every service has in common."""

    task_definition: ecs.TaskDefinition
    vpc_subnets: ec2.SubnetSelection
    security_groups: Sequence[ec2.ISecurityGroup]
    circuit_breaker: ecs.DeploymentCircuitBreaker
    min_healthy_percent: int
    max_healthy_percent: int
    availability_zone_rebalancing: ecs.AvailabilityZoneRebalancing
    enable_execute_command: bool
    propagate_tags: ecs.PropagatedTagSource
    health_check_grace_period: cdk.Duration | None


class RollingService(Construct, Generic[Service]):
    """The base of services on any kind of capacity. A subclass makes the ``service`` itself.

    Tasks run in the private subnets of a network. Their security group lets out HTTPS only. Deployments are rolling,
    100 to 200 %, with a circuit breaker that rolls back. AZ rebalancing spreads the tasks again after an outage. Tasks
    start once their files, routes and permissions exist.
    """

    service: Service

    def __init__(self, scope: Construct, construct_id: str, *, network: Network, task: Task) -> None:
        super().__init__(scope, construct_id)
        self._network = network
        self.task = task
        self.group = network.https_client_group(self, "TaskGroup", description="Tasks")

    def _rolling(self, grace_period_seconds: int | None, deployment: DeploymentName = "rolling") -> RollingOptions:
        # There is no desired_count: auto scaling owns it, and a deployment would reset it.
        return {
            "task_definition": self.task.definition,
            "vpc_subnets": ec2.SubnetSelection(subnets=self._network.vpc.private_subnets),
            "security_groups": [self.group],
            "circuit_breaker": ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            "min_healthy_percent": 100,
            "max_healthy_percent": 200,
            "availability_zone_rebalancing": ecs.AvailabilityZoneRebalancing.ENABLED,
            "enable_execute_command": self.task.posture.execute_command,
            "propagate_tags": ecs.PropagatedTagSource.SERVICE,
            "health_check_grace_period": None
            if grace_period_seconds is None
            else cdk.Duration.seconds(grace_period_seconds),
            **deployment_options(deployment, posture=self.task.posture),
        }

    def _add_dependencies(self) -> None:
        """Creates the service after everything that its tasks need, and deletes it first."""
        task, files = self.task, self.task.files
        if files:
            files.grant_read_write(task.definition.task_role, client=self.service)
            self.service.node.add_dependency(files)
        self.service.node.add_dependency(
            # The connection to the registry, and the permission to pull and to read secrets.
            self._network.connectivity,
            self.group,
            task.execution_role,
            # AWS does not delete capacity providers in use.
            self.service.cluster,
        )
        accept_exec_channel(task)

    def roll_back_on(self, *alarms: Sequence[cloudwatch.Alarm]) -> None:
        """See :func:`roll_back_on`."""
        roll_back_on(self.service, *alarms, posture=self.task.posture)

    @property
    def shell_command(self) -> str:
        """The command that opens a shell in a task, if the posture allows ECS Exec."""
        return shell_command(self.service, self.task)


class FargateService(RollingService[ecs.FargateService]):
    """A service on Fargate. A base of tasks runs on demand; Fargate Spot has a share of the tasks beyond it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        network: Network,
        task: Task,
        on_demand_base: int = 0,
        spot_percent: int = 0,
        deployment: DeploymentName = "rolling",
        grace_period_seconds: int = 60,
    ) -> None:
        """:param cluster: a cluster in the VPC of the network. An ``ecs.Cluster`` gets the Fargate capacity providers.
            An imported cluster must have them (``aws ecs put-cluster-capacity-providers``).
        :param on_demand_base: number of tasks that run on demand before any task runs on Spot.
        :param spot_percent: share of Spot in the tasks beyond the base, 0 to 100.
        :param deployment: strategy of deployments. All except rolling need a load balancer with alternate targets, see
            :meth:`patternbook.network.public_load_balancer.PublicLoadBalancer.serve`.
        :param grace_period_seconds: time from the start of a task in which ECS ignores failed health checks. Without a
            load balancer and a health check inside the container it has no effect.
        :raises ValueError: see :func:`patternbook.limits.scaling.check_spot_share`.
        """
        check_spot_share(on_demand_base=on_demand_base, spot_percent=spot_percent)
        super().__init__(scope, construct_id, network=network, task=task)
        if isinstance(cluster, ecs.Cluster):
            cluster.enable_fargate_capacity_providers()
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(
                    capacity_provider="FARGATE", base=on_demand_base, weight=100 - spot_percent
                ),
                ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=spot_percent),
            ],
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            assign_public_ip=False,
            **self._rolling(grace_period_seconds, deployment),
        )
        self._add_dependencies()

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: FargateSettings,
        *,
        cluster: ecs.ICluster,
        network: Network,
        task: Task,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            network=network,
            task=task,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent or 0,
            deployment=settings.deployment if isinstance(settings, DeploymentSettings) else "rolling",
            grace_period_seconds=settings.health_check.grace_period,
        )


class Ec2Service(RollingService[ecs.Ec2Service]):
    """A service on EC2 instances. Its tasks are spread over AZs, then packed on as few instances as possible."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        task: Task,
        capacity: Ec2Capacity,
        grace_period_seconds: int | None = None,
    ) -> None:
        """:param capacity: instances and their cluster.
        :param grace_period_seconds: time from the start of a task in which ECS ignores failed health checks. A service
            behind a load balancer needs it.
        """
        super().__init__(scope, construct_id, network=network, task=task)
        self.service = ecs.Ec2Service(
            self,
            # Another id without a provider, because a service keeps its strategy when the template removes it:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
            "Service" if capacity.provider else "OnInstances",
            cluster=capacity.cluster,
            # Without a strategy CDK renders LaunchType: EC2, and the capacity provider would be unused.
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider=capacity.provider.capacity_provider_name, weight=1)
            ]
            if capacity.provider
            else None,
            placement_strategies=[
                # AZ rebalancing requires this strategy to be the first.
                ecs.PlacementStrategy.spread_across(ecs.BuiltInAttributes.AVAILABILITY_ZONE),
                ecs.PlacementStrategy.packed_by_memory(),
            ],
            **self._rolling(grace_period_seconds),
        )
        # The dependency on the cluster includes the capacity provider and its instances, so the service goes while
        # there are still instances to stop its tasks.
        self._add_dependencies()
        if not capacity.provider:
            # Without a provider the cluster does not depend on the instances.
            self.service.node.add_dependency(capacity)


class ManagedInstancesService(RollingService[ecs.FargateService]):
    """A service on :class:`patternbook.ecs.managed_instances.ManagedInstances`.

    Its L2 is the one of Fargate: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ecs-readme.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        task: Task,
        capacity: ManagedInstances,
        grace_period_seconds: int | None = None,
    ) -> None:
        """:param task: task of compatibility MANAGED_INSTANCES.
        :param capacity: instances and their cluster.
        :param grace_period_seconds: time from the start of a task in which ECS ignores failed health checks. A service
            behind a load balancer needs it.
        :raises ValueError: if the task has another compatibility.
        """
        if task.definition.compatibility != ecs.Compatibility.MANAGED_INSTANCES:
            raise ValueError(
                f"task must have compatibility MANAGED_INSTANCES, got {task.definition.compatibility.name}. Make the "
                "Task with this compatibility."
            )
        super().__init__(scope, construct_id, network=network, task=task)
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=capacity.cluster,
            # Without a strategy CDK renders LaunchType: FARGATE.
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider=capacity.provider.capacity_provider_name, weight=1)
            ],
            assign_public_ip=False,
            **self._rolling(grace_period_seconds),
        )
        self._add_dependencies()
