"""EC2 instances that a cluster runs tasks on, and what decides how many there are."""

from collections.abc import Sequence
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.limits.instance_types import DEFAULT_TYPES, Architecture, InstanceTypeName, check_instance_types
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.posture import Posture

OperatingSystem = Literal["al2023", "bottlerocket"]

TARGET_CPU_PERCENT: Final = 50
"""Without a capacity provider, where no target is given: low, as new instances take minutes to come."""
WARMUP: Final = cdk.Duration.minutes(2)
"""From the launch of an instance until its load counts: it starts, joins the cluster and gets tasks."""


def check_numbers(
    *,
    min_instances: int,
    max_instances: int,
    on_demand_base: int,
    spot_percent: int,
    target_capacity_percent: int | None = None,
    target_instance_cpu_percent: int | None = None,
) -> None:
    """:raises ValueError: for numbers that contradict each other or have no meaning."""
    if not 0 <= min_instances <= max_instances or max_instances < 1:
        raise ValueError(
            f"min_instances and max_instances: {min_instances} and {max_instances} given, "
            "0 <= min <= max, and a max of at least 1, required"
        )
    if not 0 <= spot_percent <= 100 or on_demand_base < 0:
        raise ValueError(
            f"on_demand_base and spot_percent: {on_demand_base} and {spot_percent} given, "
            "at least 0, and 0 to 100, required"
        )
    targets = {
        "target_capacity_percent": target_capacity_percent,
        "target_instance_cpu_percent": target_instance_cpu_percent,
    }
    for name, percent in targets.items():
        if percent is not None and not 1 <= percent <= 100:
            raise ValueError(f"{name}: {percent} given, 1 to 100 required")


def check_scaling(
    *,
    capacity_provider: bool,
    target_capacity_percent: int | None = None,
    protect_busy_instances: bool | None = None,
    target_instance_cpu_percent: int | None = None,
    min_instances: int = 1,
) -> None:
    """:raises ValueError: for what belongs to the other way of scaling: there is one at a time."""
    if capacity_provider and target_instance_cpu_percent is not None:
        raise ValueError(
            "expected no target_instance_cpu_percent together with the capacity provider: either the provider scales "
            "the instances by their tasks, or the group does by their CPU, for which capacity_provider has to be false"
        )
    if not capacity_provider and target_capacity_percent is not None:
        raise ValueError(
            "expected no target_capacity_percent without the capacity provider, which keeps it: the group alone keeps "
            "target_instance_cpu_percent"
        )
    if not capacity_provider and protect_busy_instances is not None:
        raise ValueError(
            "expected no protect_busy_instances without the capacity provider, by which ECS tells the group which "
            "instances are busy"
        )
    if not capacity_provider and min_instances < 1:
        raise ValueError(
            "expected min_instances of at least 1 without the capacity provider: a group without instances has no CPU "
            "to scale by"
        )


class Ec2Capacity(Construct):
    """An Auto Scaling group in the private subnets, on which a cluster runs tasks.

    *Instances* run AL2023 or Bottlerocket, from the ECS-optimized AMI that SSM names at deployment; instance types
    are of the AMI's architecture. Metadata is for the instance alone: IMDSv2, one hop, and the agent cuts ``awsvpc``
    tasks off. Volumes are gp3 and encrypted with the AWS managed key: Auto Scaling would need a grant on another, and
    what outlives a task belongs elsewhere. Nobody connects to them: Session Manager is the way in.

    *Their role* lets the agent register with this one cluster, and Session Manager work. Images and logs are for the
    execution role of a task, so a task that breaks out gains neither.

    *How many there are* is scaled in one of two ways:

    - By a **capacity provider**, from the tasks: it keeps ``target_capacity_percent`` of the instances busy, and a task
      that finds no room brings an instance. ECS moves the tasks away from an instance before it goes. By posture,
      scale-in leaves those alone that run a task.
    - Without one, by the group itself, which keeps the **average CPU** of its instances at
      ``target_instance_cpu_percent``. For tasks that all hang on the CPU, and for who has to do without a provider. The
      CPU says nothing about tasks that find no room: they wait until it rises, if it does. And nobody drains an
      instance before it goes (managed draining is the provider's): its tasks stop with it, requests and all, and ECS
      starts others elsewhere once it misses them. Only from an interruption of Spot does the agent drain its instance.

    A deployment that brings a new AMI or template replaces instances one by one; by posture, age does too.

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
        """:param cluster: gets the capacity provider.
        :param instance_types: in order of preference; those of :data:`DEFAULT_TYPES` where there is none.
        :param on_demand_base: instances that run on demand before any runs on Spot.
        :param spot_percent: share of Spot in the instances beyond the base, 0 to 100.
        :param capacity_provider: whether one scales the group, or the group itself does.
        :param target_capacity_percent: of the provider: 100 where it is None; below it leaves room for tasks that come
            suddenly.
        :param protect_busy_instances: whether scale-in, and replacement by age, leave alone instances that run a
            task; the posture's where it is None. Such a group cannot be deleted before its tasks have stopped.
        :param target_instance_cpu_percent: without a provider: :data:`TARGET_CPU_PERCENT` where it is None.
        :param eni_trunking: whether the account setting ``awsvpcTrunking`` is on.
        :raises ValueError: see :func:`check_scaling`, :func:`check_numbers` and :func:`check_instance_types`.
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
        self.security_group = ec2.SecurityGroup(
            self, "InstanceGroup", vpc=network.vpc, description="Container instances", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        self.role = self._role(cluster)
        bottlerocket = operating_system == "bottlerocket"
        self.template = ec2.LaunchTemplate(
            self,
            "Template",
            machine_image=_machine_image(operating_system, architecture),
            security_group=self.security_group,
            # CDK would add permissions for every cluster and log group, and for Bottlerocket a managed policy.
            role=self.role.without_policy_updates(),
            user_data=ec2.UserData.custom("") if bottlerocket else ec2.UserData.for_linux(),
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            associate_public_ip_address=False,
            detailed_monitoring=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name=device,
                    volume=ec2.BlockDeviceVolume.ebs(
                        gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
                    ),
                )
                for device, gib in (VOLUMES_GIB[operating_system]).items()
            ],
        )
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=self.template,
                launch_template_overrides=[
                    autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(name)) for name in names
                ],
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.PRIORITIZED,
                    on_demand_base_capacity=on_demand_base,
                    on_demand_percentage_above_base_capacity=100 - spot_percent,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
            # No desired capacity: scaling owns it, and a deployment would reset it.
            min_capacity=min_instances,
            max_capacity=max_instances,
            new_instances_protected_from_scale_in=protect,
            max_instance_lifetime=posture.instance_lifetime,
            health_checks=autoscaling.HealthChecks.ec2(grace_period=cdk.Duration.minutes(2)),
            group_metrics=[autoscaling.GroupMetrics.all()],
            update_policy=autoscaling.UpdatePolicy.rolling_update(
                max_batch_size=1,
                # It has to be below the maximum, so that there is one to replace.
                min_instances_in_service=min(min_instances, max_instances - 1),
                # For an instance to register, and for tasks to start on it, before the next one goes.
                pause_time=cdk.Duration.minutes(5),
            ),
        )
        self.group.node.add_dependency(
            # An instance works for as long as its role may, and reaches ECS: so they go after it, too.
            self.role,
            *(subnet.internet_connectivity_established for subnet in network.vpc.private_subnets),
        )
        self.provider: ecs.AsgCapacityProvider | None = None
        self.cluster: ecs.ICluster = cluster
        """For services on these instances."""
        if capacity_provider:
            self.provider = self._provider(cluster, target_capacity_percent or 100, protect, bottlerocket)
        else:
            self.cluster = self._join(cluster, network, bottlerocket)
            self.group.scale_on_cpu_utilization(
                "Cpu",
                target_utilization_percent=target_instance_cpu_percent or TARGET_CPU_PERCENT,
                estimated_instance_warmup=WARMUP,
            )
        # After the lines that name the cluster, of which the last one of Bottlerocket opens the table that these
        # belong to.
        self.group.add_user_data(*(_BOTTLEROCKET_SETTINGS if bottlerocket else _AGENT_SETTINGS))
        acknowledge(self.group, "EC26", "The rule cannot read a mixed instances policy; all volumes are encrypted.")
        acknowledge(self.group, "AS3", "Instances come and go with the tasks; alarms tell of tasks that are missing.")

    @property
    def session_command(self) -> str:
        """The command that opens a session on one of the instances, by Session Manager."""
        return (
            "aws ssm start-session --target $(aws autoscaling describe-auto-scaling-groups"
            f" --auto-scaling-group-names {self.group.auto_scaling_group_name}"
            " --query 'AutoScalingGroups[0].Instances[0].InstanceId' --output text)"
        )

    def _provider(
        self, cluster: ecs.Cluster, target_capacity_percent: int, protect: bool, bottlerocket: bool
    ) -> ecs.AsgCapacityProvider:
        """Adds the provider to the cluster; CDK writes the name of the cluster into the user data."""
        provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            # CloudFormation would begin the name with the stack's, and ECS refuses names that begin with "ecs":
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
            capacity_provider_name=f"on-ec2-{cdk.Names.unique_resource_name(self, max_length=200)}",
            auto_scaling_group=self.group,
            # Says in which language user data is; AL2023 has the same as AL2.
            machine_image_type=ecs.MachineImageType.BOTTLEROCKET
            if bottlerocket
            else ecs.MachineImageType.AMAZON_LINUX_2,
            enable_managed_scaling=True,
            target_capacity_percent=target_capacity_percent,
            enable_managed_termination_protection=protect,
            # In every posture: without it CDK adds a Lambda function that does the same.
            enable_managed_draining=True,
            instance_warmup_period=WARMUP.to_seconds(),
        )
        # Not as the default of the cluster: with one, CDK fails when an app is synthesized a second time, as in tests.
        cluster.add_asg_capacity_provider(provider)
        return provider

    def _join(self, cluster: ecs.Cluster, network: Network, bottlerocket: bool) -> ecs.ICluster:
        """Has instances register by themselves, in a cluster that does not know of their group.

        CDK adds a group of one's own to a cluster by a provider only, and refuses services where it sees none: hence
        the same cluster once more, said to have instances.
        """
        name = cluster.cluster_name
        self.group.add_user_data(
            *(
                ["[settings.ecs]", f'cluster = "{name}"']
                if bottlerocket
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

    def _role(self, cluster: ecs.Cluster) -> iam.Role:
        """Less than the managed policy AmazonEC2ContainerServiceforEC2Role, which is for every cluster, and pulls.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        stack = cdk.Stack.of(self)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))  # ty: ignore[invalid-argument-type]

        def allow(actions: list[str], resource: str, conditions: dict[str, dict[str, str]] | None = None) -> None:
            iam.Grant.add_to_principal(
                grantee=role, actions=actions, resource_arns=[resource], conditions=conditions
            ).assert_success()

        instances = stack.format_arn(
            service="ecs", resource="container-instance", resource_name=f"{cluster.cluster_name}/*"
        )
        servers = stack.format_arn(service="ec2", resource="instance", resource_name="*")
        of_this_cluster = {"ArnEquals": {"ecs:cluster": cluster.cluster_arn}}
        allow(
            [
                *("ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"),
                *("ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"),
            ],
            cluster.cluster_arn,
        )
        # The last one is for the agent to drain its instance when Spot takes it back.
        allow(
            ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], instances, of_this_cluster
        )
        # As in the managed policy AWSCloud9SSMInstanceProfile, the smallest one with which Session Manager works.
        allow(["ssm:UpdateInstanceInformation"], servers)
        allow(
            [
                "ecs:DiscoverPollEndpoint",
                *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
            ],
            "*",
        )
        cluster_id = stack.resolve(cluster.cluster_name)["Ref"]
        here = "<AWS::Region>:<AWS::AccountId>"
        ecs_arn = f"arn:<AWS::Partition>:ecs:{here}:container-instance"
        for resource, reason in {
            "*": "ecs:DiscoverPollEndpoint and the four of Session Manager support no resource-level permissions.",
            f"{ecs_arn}/<{cluster_id}>/*": "The instances of this cluster, which get their numbers as they register.",
            f"arn:<AWS::Partition>:ec2:{here}:instance/*": "An instance tells Session Manager of itself.",
        }.items():
            acknowledge(role, f"IAM5[Resource::{resource}]", reason)
        return role


VOLUMES_GIB: Final[dict[OperatingSystem, dict[str, int]]] = {
    "al2023": {"/dev/xvda": 30},
    "bottlerocket": {"/dev/xvda": 4, "/dev/xvdb": 30},
}
"""Volumes of the ECS-optimized AMIs, in GiB. Bottlerocket has the second one for images and containers.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/al2ami-storage-config.html
https://bottlerocket.dev/en/os/latest/concepts/storage/
"""

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
_AGENT_SETTINGS = [
    f"echo {name}=true >> /etc/ecs/ecs.config"
    for name in (
        "ECS_ENABLE_TASK_IAM_ROLE",
        "ECS_AWSVPC_BLOCK_IMDS",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING",
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE",
    )
]
# The other two are always on. https://bottlerocket.dev/en/os/latest/api/settings/ecs/
_BOTTLEROCKET_SETTINGS = ["awsvpc-block-imds = true", "enable-spot-instance-draining = true"]


def _machine_image(operating_system: OperatingSystem, architecture: Architecture) -> ec2.IMachineImage:
    """The recommended AMI by its public SSM parameter, which CloudFormation reads at each deployment."""
    arm = architecture == "arm64"
    if operating_system == "bottlerocket":
        return ecs.BottleRocketImage(
            variant=ecs.BottlerocketEcsVariant.AWS_ECS_2,
            architecture=ec2.InstanceArchitecture.ARM_64 if arm else ec2.InstanceArchitecture.X86_64,
        )
    hardware = ecs.AmiHardwareType.ARM if arm else ecs.AmiHardwareType.STANDARD
    return ecs.EcsOptimizedImage.amazon_linux2023(hardware)
