"""EC2 instances that a cluster runs tasks on, and the capacity provider that decides how many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.findings import acknowledge
from patternbook.network import Network
from patternbook.posture import Posture

OperatingSystem = Literal["al2023", "bottlerocket"]
Architecture = Literal["arm64", "x86_64"]
InstanceTypeName = Literal[
    "t4g.small",
    "t4g.medium",
    "t4g.large",
    "m7g.large",
    "m7g.xlarge",
    "c7g.large",
    "c7g.xlarge",
    "r7g.large",
    "t3.small",
    "t3.medium",
    "t3.large",
    "m6i.large",
    "m6i.xlarge",
    "c6i.large",
    "c6i.xlarge",
    "r6i.large",
]


@dataclass(frozen=True)
class InstanceType:
    """What an instance of a type has for tasks."""

    architecture: Architecture
    vcpus: int
    memory_mib: int
    tasks: int
    """Tasks with a network interface of their own (``awsvpc``): the instance itself keeps one of its interfaces."""
    trunked_tasks: int | None = None
    """The same once the account setting ``awsvpcTrunking`` is on; None where the type does not offer it."""


INSTANCE_TYPES: Final[dict[InstanceTypeName, InstanceType]] = {
    "t4g.small": InstanceType("arm64", 2, 2048, 2),
    "t4g.medium": InstanceType("arm64", 2, 4096, 2),
    "t4g.large": InstanceType("arm64", 2, 8192, 2),
    "m7g.large": InstanceType("arm64", 2, 8192, 2, 10),
    "m7g.xlarge": InstanceType("arm64", 4, 16384, 3, 20),
    "c7g.large": InstanceType("arm64", 2, 4096, 2, 10),
    "c7g.xlarge": InstanceType("arm64", 4, 8192, 3, 20),
    "r7g.large": InstanceType("arm64", 2, 16384, 2, 10),
    "t3.small": InstanceType("x86_64", 2, 2048, 2),
    "t3.medium": InstanceType("x86_64", 2, 4096, 2),
    "t3.large": InstanceType("x86_64", 2, 8192, 2),
    "m6i.large": InstanceType("x86_64", 2, 8192, 2, 10),
    "m6i.xlarge": InstanceType("x86_64", 4, 16384, 3, 20),
    "c6i.large": InstanceType("x86_64", 2, 4096, 2, 10),
    "c6i.xlarge": InstanceType("x86_64", 4, 8192, 3, 20),
    "r6i.large": InstanceType("x86_64", 2, 16384, 2, 10),
}
"""The few types on offer, of families that every commercial Region has. Interfaces, with and without trunking:

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
"""

DEFAULT_TYPES: Final[dict[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("t4g.small", "t4g.medium"),
    "x86_64": ("t3.small", "t3.medium"),
}
"""Where none is named. More than one, so that Spot has where to go."""

USABLE_MEMORY: Final = 0.9
"""Share of an instance's memory that tasks get, about: the kernel and the agent keep the rest.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
"""


def check_instance_types(
    names: Sequence[InstanceTypeName], *, architecture: Architecture, eni_trunking: bool = False
) -> None:
    """:raises ValueError: for a type of another architecture than the AMI's, or without trunking where that is on."""
    others = [name for name in names if INSTANCE_TYPES[name].architecture != architecture]
    if others:
        offered = ", ".join(name for name, each in INSTANCE_TYPES.items() if each.architecture == architecture)
        raise ValueError(f"expected types that run an AMI for {architecture}, unlike {', '.join(others)}: {offered}")
    without = [name for name in names if INSTANCE_TYPES[name].trunked_tasks is None]
    if eni_trunking and without:
        raise ValueError(f"expected types that offer ENI trunking, unlike {', '.join(without)}")


@dataclass(frozen=True)
class TaskSize:
    """Tasks of a service that may run at once."""

    count: int
    cpu: int
    """CPU units of each; 1,024 are one vCPU."""
    memory_mib: int


def check_room(
    tasks: Iterable[TaskSize], *, names: Sequence[InstanceTypeName], max_instances: int, eni_trunking: bool = False
) -> None:
    """Whether instances, all of the smallest type if need be, have room for all tasks.

    It counts network interfaces, CPU and memory. How tasks of different sizes fit beside each other is for ECS to
    find out, so a mistake is refused here for certain, and a tight fit is not.

    :raises ValueError: for tasks that cannot run, or cannot run at once.
    """
    tasks, types = list(tasks), [INSTANCE_TYPES[name] for name in names]
    cpu = min(each.vcpus for each in types) * 1024
    memory_mib = int(min(each.memory_mib for each in types) * USABLE_MEMORY)
    interfaces = min((each.trunked_tasks if eni_trunking else None) or each.tasks for each in types)
    for task in tasks:
        if task.cpu > cpu or task.memory_mib > memory_mib:
            raise ValueError(
                f"a task with {task.cpu} CPU units and {task.memory_mib} MiB fits on no instance of the smallest type, "
                f"which has {cpu} and about {memory_mib}"
            )
    needed = {
        f"network interfaces ({interfaces} tasks an instance)": (sum(task.count for task in tasks), interfaces),
        "CPU": (sum(task.count * task.cpu for task in tasks), cpu),
        "memory": (sum(task.count * task.memory_mib for task in tasks), memory_mib),
    }
    for what, (wanted, of_one) in needed.items():
        instances = -(-wanted // of_one)
        if instances > max_instances:
            count = sum(task.count for task in tasks)
            raise ValueError(
                f"{max_instances} instances have not enough {what} for {count} tasks: expected at least {instances}, "
                "larger instance types, ENI trunking, or fewer tasks"
            )


def check_numbers(
    *, min_instances: int, max_instances: int, on_demand_base: int, spot_percent: int, target_capacity_percent: int
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
    if not 1 <= target_capacity_percent <= 100:
        raise ValueError(f"target_capacity_percent: {target_capacity_percent} given, 1 to 100 required")


class Ec2Capacity(Construct):
    """An Auto Scaling group in the private subnets, and the capacity provider by which a cluster uses it.

    *Instances* run AL2023 or Bottlerocket, from the ECS-optimized AMI that SSM names at deployment; instance types
    are of the AMI's architecture. Metadata is for the instance alone: IMDSv2, one hop, and the agent cuts ``awsvpc``
    tasks off. Volumes are gp3 and encrypted with the AWS managed key: Auto Scaling would need a grant on another, and
    what outlives a task belongs elsewhere. Nobody connects to them: Session Manager is the way in.

    *Their role* lets the agent register with this one cluster, and Session Manager work. Images and logs are for the
    execution role of a task, so a task that breaks out gains neither.

    *How many there are* follows from the tasks: the provider keeps ``target_capacity_percent`` of the instances busy.
    ECS moves the tasks away from an instance before it goes. A deployment that brings a new AMI or template replaces
    them one by one; by posture, age does too, and scale-in leaves those alone that run a task.
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
        target_capacity_percent: int = 100,
        protect_busy_instances: bool | None = None,
        eni_trunking: bool = False,
    ) -> None:
        """:param cluster: gets the capacity provider.
        :param instance_types: in order of preference; those of :data:`DEFAULT_TYPES` where there is none.
        :param on_demand_base: instances that run on demand before any runs on Spot.
        :param spot_percent: share of Spot in the instances beyond the base, 0 to 100.
        :param target_capacity_percent: below 100 it leaves room for tasks that come suddenly.
        :param protect_busy_instances: whether scale-in, and replacement by age, leave alone instances that run a
            task; the posture's where it is None. Such a group cannot be deleted before its tasks have stopped.
        :param eni_trunking: whether the account setting ``awsvpcTrunking`` is on.
        :raises ValueError: see :func:`check_numbers` and :func:`check_instance_types`.
        """
        check_numbers(
            min_instances=min_instances,
            max_instances=max_instances,
            on_demand_base=on_demand_base,
            spot_percent=spot_percent,
            target_capacity_percent=target_capacity_percent,
        )
        names = tuple(instance_types) or DEFAULT_TYPES[architecture]
        check_instance_types(names, architecture=architecture, eni_trunking=eni_trunking)
        super().__init__(scope, construct_id)
        protect = posture.protect_busy_instances if protect_busy_instances is None else protect_busy_instances
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
            # No desired capacity: the capacity provider owns it, and a deployment would reset it.
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
                # For an instance to register, and for tasks to move to it, before the next one goes.
                pause_time=cdk.Duration.minutes(5),
            ),
        )
        self.group.node.add_dependency(
            # An instance works for as long as its role may, and reaches ECS: so they go after it, too.
            self.role,
            *(subnet.internet_connectivity_established for subnet in network.vpc.private_subnets),
        )
        self.provider = ecs.AsgCapacityProvider(
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
            instance_warmup_period=120,
        )
        # Not as the default of the cluster: with one, CDK fails when an app is synthesized a second time, as in tests.
        cluster.add_asg_capacity_provider(self.provider)
        # After CDK's own lines, of which the last one of Bottlerocket opens the table that these belong to.
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
