"""A service on Fargate that survives its own deployments."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from patternbook.fargate_task import FargateTask
from patternbook.file_system import SharedFileSystem
from patternbook.findings import acknowledge
from patternbook.network import Network
from patternbook.posture import Posture


class FargateService(Construct):
    """A cluster, and a service of tasks in the private subnets of a network, that read and write a file system.

    A base of tasks runs on demand, and Fargate Spot has a share of those beyond it. Deployments are rolling, 100 to
    200 %, with a circuit breaker that rolls back; tasks are spread over the AZs again when one has come back. Tasks
    start once their files, routes and permissions are there.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        network: Network,
        task: FargateTask,
        files: SharedFileSystem,
        on_demand_base: int = 0,
        spot_percent: int = 0,
    ) -> None:
        """:param on_demand_base: tasks that run on demand before any runs on Spot.
        :param spot_percent: share of Spot in the tasks beyond the base, 0 to 100.
        :raises ValueError: for a share outside of that, or a negative base.
        """
        if not 0 <= spot_percent <= 100 or on_demand_base < 0:
            raise ValueError(
                f"on_demand_base and spot_percent: {on_demand_base} and {spot_percent} given, "
                "at least 0, and 0 to 100, required"
            )
        super().__init__(scope, construct_id)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=network.vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=posture.container_insights,
            # The log of a shell would need more permissions of the task role; CloudTrail records who opened it.
            execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
        )
        group = ec2.SecurityGroup(self, "TaskGroup", vpc=network.vpc, description="Tasks", allow_all_outbound=False)
        # Images, logs and AWS services: their addresses are nowhere listed as a security group could use them.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task.definition,
            # No desired_count: scaling owns the number of tasks, and a deployment would reset it.
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(
                    capacity_provider="FARGATE", base=on_demand_base, weight=100 - spot_percent
                ),
                ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=spot_percent),
            ],
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[group],
            assign_public_ip=False,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            health_check_grace_period=cdk.Duration.seconds(60),
            enable_execute_command=posture.execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        files.grant_read_write(task.definition.task_role, client=self.service)
        self.service.node.add_dependency(
            # What the first tasks need: files to mount, a way to the registry, permission to pull and read secrets.
            files.file_system.mount_targets_available,
            *(subnet.internet_connectivity_established for subnet in network.vpc.private_subnets),
            task.execution_role,
            # What has to outlive the last task: AWS refuses to delete capacity providers in use.
            cluster,
        )
        if posture.execute_command:
            acknowledge(
                task.definition.task_role,
                "IAM5[Resource::*]",
                "The four ssmmessages actions of ECS Exec support no resource-level permissions.",
            )

    @property
    def shell_command(self) -> str:
        """The command that opens a shell in one of the tasks, where the posture allows ECS Exec."""
        cluster, service = self.service.cluster.cluster_name, self.service.service_name
        return (
            f"aws ecs execute-command --cluster {cluster} --task $(aws ecs list-tasks --cluster {cluster}"
            f" --service-name {service} --query 'taskArns[0]' --output text)"
            " --container web --interactive --command /bin/sh"
        )
