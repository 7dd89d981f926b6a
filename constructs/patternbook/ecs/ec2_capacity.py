"""An Auto Scaling group that an ECS cluster runs tasks on, scaled by a capacity provider or by CPU."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct
from typing_extensions import Self

from patternbook.ec2.instances import mixed_instances
from patternbook.ecs.capacity_settings import Ec2CapacitySettings
from patternbook.ecs.launch_template import AGENT_SETTINGS, instance_role, launch_template
from patternbook.limits.ecs_capacity import check_numbers, check_scaling
from patternbook.limits.instance_types import DEFAULT_TYPES, Architecture, InstanceTypeName, check_instance_types
from patternbook.limits.operating_systems import OperatingSystem
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

TARGET_CPU_PERCENT: Final = 50
"""Default CPU target without a capacity provider. It is low, because new instances take minutes to start."""
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
AGENT_SERVICES: Final = (
    ec2.InterfaceVpcEndpointAwsService.ECS,
    ec2.InterfaceVpcEndpointAwsService.ECS_AGENT,
    ec2.InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
)
"""AWS services that the ECS agent calls."""
WARMUP: Final = cdk.Duration.minutes(2)
"""Time for an instance to start, join the cluster and get tasks, before its load counts."""


class Ec2Capacity(Construct):
    """An Auto Scaling group in the private subnets, on which a cluster runs tasks.

    *Instances* run AL2023 or Bottlerocket, from the ECS-optimized AMI that SSM names at deployment. Tasks cannot reach
    the instance metadata: IMDSv2 answers for one hop, and the agent blocks ``awsvpc`` tasks. Volumes are gp3, encrypted
    with the AWS managed key; another key would need a grant for Auto Scaling. Session Manager is the only way in.

    *The instance role* lets the agent register with this one cluster and lets Session Manager work. Pulling images and
    writing logs is for the execution role of a task.

    *The number of instances* scales in one of two ways:

    - By a **capacity provider**: a task that waits for room adds an instance, so that tasks use
      ``target_capacity_percent`` of the instances. ECS drains an instance before it goes. The posture decides whether
      instances with tasks are protected from scale-in.
    - Without one, by the **average CPU utilization** of the instances (``target_instance_cpu_percent``), for CPU-bound
      tasks, or where capacity providers are unavailable. A task that waits for room waits until the CPU utilization
      rises. Nothing drains an instance before it goes: its tasks stop with it, and ECS starts others elsewhere. Only
      when Spot reclaims an instance does the agent drain it.

    A deployment with a new AMI or launch template replaces the instances one by one. The posture sets a maximum age.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        network: Network,
        posture: Posture,
        operating_system: OperatingSystem = "al2023",
        architecture: Architecture = "arm64",
        instance_types: Sequence[InstanceTypeName] = (),
        min_instances: int = 2,
        max_instances: int = 6,
        on_demand_base: int = 2,
        spot_percent: int = 0,
        capacity_provider: bool = True,
        target_capacity_percent: int | None = None,
        protect_busy_instances: bool | None = None,
        target_instance_cpu_percent: int | None = None,
        eni_trunking: bool = False,
    ) -> None:
        """:param cluster: gets the capacity provider. It can't be imported, because a cluster has one list of capacity
            providers, and its own stack has the list.
        :param instance_types: in order of preference. Defaults to
            :data:`patternbook.limits.instance_types.DEFAULT_TYPES`.
        :param on_demand_base: number of instances that run on demand before any instance runs on Spot.
        :param spot_percent: share of Spot in the instances beyond the base, 0 to 100.
        :param capacity_provider: scale by the tasks that wait for room; if false, by instance CPU.
        :param target_capacity_percent: for the provider. Defaults to 100; a lower target keeps room for sudden tasks.
        :param protect_busy_instances: protect instances that run a task from scale-in and from replacement by age. The
            group cannot be deleted before its tasks have stopped. Defaults to the posture's.
        :param target_instance_cpu_percent: without a provider. Defaults to :data:`TARGET_CPU_PERCENT`.
        :param eni_trunking: whether the account setting ``awsvpcTrunking`` is on.
        :raises ValueError: see the checks of :mod:`patternbook.limits.ecs_capacity` and
            :func:`patternbook.limits.instance_types.check_instance_types`.
        """
        check_scaling(
            capacity_provider=capacity_provider,
            target_capacity_percent=target_capacity_percent,
            protect_busy_instances=protect_busy_instances,
            target_instance_cpu_percent=target_instance_cpu_percent,
            min_instances=min_instances,
        )
        check_numbers(
            min_instances=min_instances,
            max_instances=max_instances,
            on_demand_base=on_demand_base,
            spot_percent=spot_percent,
            target_capacity_percent=target_capacity_percent,
            target_instance_cpu_percent=target_instance_cpu_percent,
        )
        names = tuple(instance_types) or DEFAULT_TYPES[architecture]
        check_instance_types(names, architecture=architecture, eni_trunking=eni_trunking)
        super().__init__(scope, construct_id)
        protect = posture.protect_busy_instances if protect_busy_instances is None else protect_busy_instances
        protect = protect and capacity_provider
        self.security_group = network.https_client_group(self, "InstanceGroup", description="Container instances")
        self.role = instance_role(self, "Role", cluster=cluster)
        self.template = launch_template(
            self,
            "Template",
            operating_system=operating_system,
            architecture=architecture,
            security_group=self.security_group,
            role=self.role,
        )
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=network.vpc.private_subnets),
            mixed_instances_policy=mixed_instances(
                self.template, instance_types=names, on_demand_base=on_demand_base, spot_percent=spot_percent
            ),
            # There is no desired capacity: scaling owns it, and a deployment would reset it.
            min_capacity=min_instances,
            max_capacity=max_instances,
            new_instances_protected_from_scale_in=protect,
            max_instance_lifetime=posture.instance_lifetime,
            health_checks=autoscaling.HealthChecks.ec2(grace_period=cdk.Duration.minutes(2)),
            group_metrics=[autoscaling.GroupMetrics.all()],
            update_policy=autoscaling.UpdatePolicy.rolling_update(
                max_batch_size=1,
                # Below the maximum, so that there is an instance to replace.
                min_instances_in_service=min(min_instances, max_instances - 1),
                # Time for an instance to register and to start tasks before the next one goes.
                pause_time=cdk.Duration.minutes(5),
            ),
        )
        self.group.node.add_dependency(
            # Until it stops, an instance needs its role and its connection to ECS.
            self.role,
            self.security_group,
            network.connectivity,
        )
        self.provider: ecs.AsgCapacityProvider | None = None
        self.cluster: ecs.ICluster = cluster
        """The cluster for services on these instances."""
        if capacity_provider:
            self.provider = self._provider(cluster, target_capacity_percent or 100, protect, operating_system)
        else:
            self.cluster = self._join(cluster, network, operating_system)
            self.group.scale_on_cpu_utilization(
                "Cpu",
                target_utilization_percent=target_instance_cpu_percent or TARGET_CPU_PERCENT,
                estimated_instance_warmup=WARMUP,
            )
        self.group.add_user_data(*AGENT_SETTINGS[operating_system])
        acknowledge(self.group, "EC26", "The rule cannot read a mixed instances policy. All volumes are encrypted.")
        acknowledge(self.group, "AS3", "Instances come and go with the tasks. An alarm rings for missing tasks.")

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: Ec2CapacitySettings,
        *,
        cluster: ecs.Cluster,
        network: Network,
        posture: Posture,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            network=network,
            posture=posture,
            operating_system=settings.operating_system,
            architecture=settings.architecture,
            instance_types=settings.instance_types,
            min_instances=settings.min_instances,
            max_instances=settings.max_instances,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
            capacity_provider=settings.capacity_provider,
            target_capacity_percent=settings.target_capacity_percent,
            protect_busy_instances=settings.protect_busy_instances,
            target_instance_cpu_percent=settings.target_instance_cpu_percent,
            eni_trunking=settings.eni_trunking,
        )

    @property
    def services_called(self) -> list[ec2.InterfaceVpcEndpointAwsService]:
        """The AWS services that the instances call: ECS and Session Manager."""
        endpoint = ec2.InterfaceVpcEndpointAwsService
        return [*AGENT_SERVICES, endpoint.SSM, endpoint.SSM_MESSAGES]

    @property
    def session_command(self) -> str:
        """The command that opens a Session Manager session on an instance."""
        return (
            "aws ssm start-session --target $(aws autoscaling describe-auto-scaling-groups"
            f" --auto-scaling-group-names {self.group.auto_scaling_group_name}"
            " --query 'AutoScalingGroups[0].Instances[0].InstanceId' --output text)"
        )

    def _provider(
        self, cluster: ecs.Cluster, target_capacity_percent: int, protect: bool, operating_system: OperatingSystem
    ) -> ecs.AsgCapacityProvider:
        """Adds a capacity provider to the cluster. CDK writes the name of the cluster into the user data."""
        provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            # CloudFormation would begin the name with the stack's, and ECS refuses names that begin with "ecs":
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
            capacity_provider_name=f"on-ec2-{cdk.Names.unique_resource_name(self, max_length=200)}",
            auto_scaling_group=self.group,
            # The language of the user data. AL2023 has the same as AL2.
            machine_image_type=ecs.MachineImageType.BOTTLEROCKET
            if operating_system == "bottlerocket"
            else ecs.MachineImageType.AMAZON_LINUX_2,
            enable_managed_scaling=True,
            target_capacity_percent=target_capacity_percent,
            enable_managed_termination_protection=protect,
            # Without managed draining CDK adds a Lambda function that does the same.
            enable_managed_draining=True,
            instance_warmup_period=WARMUP.to_seconds(),
        )
        # The provider is no default of the cluster: with a default, CDK cannot synthesize an app twice, as tests do.
        cluster.add_asg_capacity_provider(provider)
        return provider

    def _join(self, cluster: ecs.Cluster, network: Network, operating_system: OperatingSystem) -> ecs.ICluster:
        """Lets the instances register with the cluster by themselves.

        CDK connects a group to a cluster by a capacity provider only, and refuses EC2 services on a cluster without
        capacity. So this imports the same cluster, declared to have capacity.
        """
        name = cluster.cluster_name
        self.group.add_user_data(
            *(
                ["[settings.ecs]", f'cluster = "{name}"']
                if operating_system == "bottlerocket"
                else [f"echo ECS_CLUSTER={name} >> /etc/ecs/ecs.config"]
            )
        )
        return ecs.Cluster.from_cluster_attributes(
            self,
            "Cluster",
            cluster_name=name,
            cluster_arn=cluster.cluster_arn,
            vpc=network.vpc,
            has_ec2_capacity=True,
            execute_command_configuration=cluster.execute_command_configuration,
        )
