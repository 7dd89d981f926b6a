"""Services that survive their own deployments."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from patternbook.ecs.ec2_capacity import Ec2Capacity
from patternbook.ecs.managed_instances import ManagedInstances
from patternbook.ecs.task import Task
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
        # The log of a shell would need more permissions of the task role; CloudTrail records who opened it.
        execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
    )


def accept_exec_channel(task: Task) -> None:
    """What ECS Exec needs of the task role, where the posture allows it."""
    if task.posture.execute_command:
        acknowledge(
            task.definition.task_role,
            "IAM5[Resource::*]",
            "The four ssmmessages actions of ECS Exec support no resource-level permissions.",
        )


def shell_command(service: ecs.BaseService, task: Task) -> str:
    """The command that opens a shell in one of the tasks of a service."""
    cluster = service.cluster.cluster_name
    return (
        f"aws ecs execute-command --cluster {cluster} --task $(aws ecs list-tasks --cluster {cluster}"
        f" --service-name {service.service_name} --query 'taskArns[0]' --output text)"
        f" --container {task.container.container_name} --interactive --command /bin/sh"
    )


class RollingService(Construct, Generic[Service]):
    """What services of every kind of capacity have in common; a subclass makes the ``service`` itself.

    Tasks run in the private subnets of a network, with a security group of their own that reaches out by HTTPS only.
    Deployments are rolling, 100 to 200 %, with a circuit breaker that rolls back; tasks are spread over the AZs again
    when one has come back. Tasks start once their files, routes and permissions are there.
    """

    service: Service

    def __init__(self, scope: Construct, construct_id: str, *, network: Network, task: Task) -> None:
        super().__init__(scope, construct_id)
        self._network = network
        self._task = task
        self.group = ec2.SecurityGroup(
            self, "TaskGroup", vpc=network.vpc, description="Tasks", allow_all_outbound=False
        )
        # Images, logs and AWS services: their addresses are nowhere listed as a security group could use them.
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")

    def _common(self) -> Mapping[str, Any]:
        """Arguments of every service. No desired_count: scaling owns it, and a deployment would reset it."""
        return {
            "task_definition": self._task.definition,
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            "security_groups": [self.group],
            "circuit_breaker": ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            "min_healthy_percent": 100,
            "max_healthy_percent": 200,
            "availability_zone_rebalancing": ecs.AvailabilityZoneRebalancing.ENABLED,
            "enable_execute_command": self._task.posture.execute_command,
            "propagate_tags": ecs.PropagatedTagSource.SERVICE,
        }

    def _wait(self) -> None:
        """Has the service wait for what its tasks need, and go before what has to outlive them."""
        task, files = self._task, self._task.files
        if files:
            files.grant_read_write(task.definition.task_role, client=self.service)
            self.service.node.add_dependency(files.file_system.mount_targets_available)
        self.service.node.add_dependency(
            # A way to the registry, and permission to pull and read secrets.
            *(subnet.internet_connectivity_established for subnet in self._network.vpc.private_subnets),
            task.execution_role,
            # AWS refuses to delete capacity providers in use.
            self.service.cluster,
        )
        accept_exec_channel(task)

    @property
    def shell_command(self) -> str:
        """The command that opens a shell in one of the tasks, where the posture allows ECS Exec."""
        return shell_command(self.service, self._task)


class FargateService(RollingService[ecs.FargateService]):
    """A service on Fargate: a base of tasks runs on demand, and Fargate Spot has a share of those beyond it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        network: Network,
        task: Task,
        on_demand_base: int = 0,
        spot_percent: int = 0,
    ) -> None:
        """:param cluster: gets the capacity providers of Fargate.
        :param on_demand_base: tasks that run on demand before any runs on Spot.
        :param spot_percent: share of Spot in the tasks beyond the base, 0 to 100.
        :raises ValueError: for a share outside of that, or a negative base.
        """
        if not 0 <= spot_percent <= 100 or on_demand_base < 0:
            raise ValueError(
                f"on_demand_base and spot_percent: {on_demand_base} and {spot_percent} given, "
                "at least 0, and 0 to 100, required"
            )
        super().__init__(scope, construct_id, network=network, task=task)
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
            # For the first look of a load balancer; without one it has no effect.
            health_check_grace_period=cdk.Duration.seconds(60),
            **self._common(),
        )
        self._wait()


class Ec2Service(RollingService[ecs.Ec2Service]):
    """A service on EC2 instances of a cluster: spread over AZs, then packed on as few instances as do."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        task: Task,
        capacity: Ec2Capacity,
        behind_load_balancer: bool = False,
    ) -> None:
        """:param capacity: the instances, and with them the cluster.
        :param behind_load_balancer: leaves the load balancer time for its first look.
        """
        super().__init__(scope, construct_id, network=network, task=task)
        self.service = ecs.Ec2Service(
            self,
            # With and without a provider it is another resource: a service whose strategy is taken away keeps it, see
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
            "Service" if capacity.provider else "OnInstances",
            cluster=capacity.cluster,
            # Without a strategy CDK renders LaunchType: EC2, and a capacity provider would never be used.
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider=capacity.provider.capacity_provider_name, weight=1)
            ]
            if capacity.provider
            else None,
            placement_strategies=[
                # First, as AZ rebalancing requires.
                ecs.PlacementStrategy.spread_across(ecs.BuiltInAttributes.AVAILABILITY_ZONE),
                ecs.PlacementStrategy.packed_by_memory(),
            ],
            health_check_grace_period=cdk.Duration.seconds(60) if behind_load_balancer else None,
            **self._common(),
        )
        # The cluster is what it waits for, too, and with it a capacity provider and its instances: so tasks stop while
        # there is still an instance that hears of it.
        self._wait()
        if not capacity.provider:
            # Then nothing in the cluster leads to the instances.
            self.service.node.add_dependency(capacity)


class ManagedInstancesService(RollingService[ecs.FargateService]):
    """A service on instances that ECS runs, see :class:`patternbook.ecs.managed_instances.ManagedInstances`.

    Their L2 is that of Fargate: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ecs-readme.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        task: Task,
        capacity: ManagedInstances,
        behind_load_balancer: bool = False,
    ) -> None:
        """:param task: of compatibility MANAGED_INSTANCES.
        :param capacity: the instances, and with them the cluster.
        :param behind_load_balancer: leaves the load balancer time for its first look.
        :raises ValueError: for a task of another kind.
        """
        if task.definition.compatibility != ecs.Compatibility.MANAGED_INSTANCES:
            raise ValueError("task: one of compatibility MANAGED_INSTANCES required")
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
            health_check_grace_period=cdk.Duration.seconds(60) if behind_load_balancer else None,
            **self._common(),
        )
        self._wait()
