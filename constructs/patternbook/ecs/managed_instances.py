"""EC2 instances that ECS chooses, starts, patches and takes away."""

from collections.abc import Sequence
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.limits.instance_types import USABLE_MEMORY, Architecture
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network

CapacityOption = Literal["on-demand", "spot"]

MANUFACTURERS: Final[dict[Architecture, list[ec2.CpuManufacturer]]] = {
    "arm64": [ec2.CpuManufacturer.AWS],
    "x86_64": [ec2.CpuManufacturer.INTEL, ec2.CpuManufacturer.AMD],
}
"""Whose processors have an architecture; that is how attribute-based selection tells them apart."""

INFRASTRUCTURE_POLICY: Final = "AmazonECSInfrastructureRolePolicyForManagedInstances"
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html"""


def check_bounds(*, min_vcpus: int, max_vcpus: int, min_memory_gib: int, max_memory_gib: int) -> None:
    """:raises ValueError: for bounds that no instance can be within."""
    for what, low, high in (("vcpus", min_vcpus, max_vcpus), ("memory_gib", min_memory_gib, max_memory_gib)):
        if not 1 <= low <= high:
            raise ValueError(f"min_{what} and max_{what}: {low} and {high} given, 1 <= min <= max required")


def check_fits(*, cpu: int, memory_mib: int, max_vcpus: int, max_memory_gib: int) -> None:
    """Whether the largest instance that may be chosen has room for a task; ECS chooses one that has.

    :param cpu: CPU units of the task; 1,024 are one vCPU.
    :raises ValueError: for a task that no instance has room for.
    """
    most = int(max_memory_gib * 1024 * USABLE_MEMORY)
    if cpu > max_vcpus * 1024 or memory_mib > most:
        raise ValueError(
            f"a task with {cpu} CPU units and {memory_mib} MiB fits on no instance within max_vcpus and "
            f"max_memory_gib, of which the largest has {max_vcpus * 1024} and about {most}"
        )


class ManagedInstances(Construct):
    """A capacity provider of one cluster, by which ECS runs instances in the private subnets of a network.

    ECS chooses types by their attributes, the cheapest that fit the tasks that wait; starts them from an AMI of its
    own (Bottlerocket) and replaces them before they are older than three weeks, moving their tasks first; and takes
    away those that stand idle. Nobody connects to them.

    *Two roles*: by the infrastructure role, ECS starts and ends instances; it may hand them the instance role and no
    other. The instance role lets the agent register with this one cluster. Images and logs are for the execution role
    of a task.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ManagedInstances.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        network: Network,
        architecture: Architecture = "arm64",
        min_vcpus: int = 1,
        max_vcpus: int = 4,
        min_memory_gib: int = 1,
        max_memory_gib: int = 16,
        burstable: bool = True,
        allowed_instance_types: Sequence[str] = (),
        capacity_option: CapacityOption = "on-demand",
        volume_gib: int = 80,
    ) -> None:
        """:param cluster: gets the provider, which is of no other.
        :param min_vcpus: of an instance, as all bounds; ECS chooses between them and what tasks need.
        :param burstable: whether types of the T families are among those to choose from.
        :param allowed_instance_types: names of types, with ``*`` for any characters; all where it is empty.
        :param capacity_option: one provider has either; a service may have a strategy with two providers.
        :param volume_gib: of an instance, for images and what containers write.
        :raises ValueError: see :func:`check_bounds`.
        """
        check_bounds(
            min_vcpus=min_vcpus, max_vcpus=max_vcpus, min_memory_gib=min_memory_gib, max_memory_gib=max_memory_gib
        )
        super().__init__(scope, construct_id)
        self.cluster = cluster
        self.architecture = architecture
        self.security_group = ec2.SecurityGroup(
            self, "InstanceGroup", vpc=network.vpc, description="Managed instances", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        self.role = self._instance_role(cluster)
        self.infrastructure_role = self._infrastructure_role()
        self.provider = ecs.ManagedInstancesCapacityProvider(
            self,
            "Provider",
            # CloudFormation would begin the name with the stack's, and ECS refuses names that begin with "ecs":
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
            capacity_provider_name=f"managed-{cdk.Names.unique_resource_name(self, max_length=200)}",
            infrastructure_role=self.infrastructure_role,  # ty: ignore[invalid-argument-type]
            ec2_instance_profile=iam.InstanceProfile(self, "Profile", role=self.role),  # ty: ignore[invalid-argument-type]
            subnets=network.vpc.private_subnets,
            security_groups=[self.security_group],
            capacity_option_type=ecs.CapacityOptionType.SPOT
            if capacity_option == "spot"
            else ecs.CapacityOptionType.ON_DEMAND,
            instance_requirements=ec2.InstanceRequirementsConfig(
                v_cpu_count_min=min_vcpus,
                v_cpu_count_max=max_vcpus,
                memory_min=cdk.Size.gibibytes(min_memory_gib),
                memory_max=cdk.Size.gibibytes(max_memory_gib),
                cpu_manufacturers=MANUFACTURERS[architecture],
                burstable_performance=ec2.BurstablePerformance.INCLUDED
                if burstable
                else ec2.BurstablePerformance.EXCLUDED,
                bare_metal=ec2.BareMetal.EXCLUDED,
                # No GPU for tasks that ask for none.
                accelerator_count_max=0,
                allowed_instance_types=[*allowed_instance_types] or None,
            ),
            monitoring=ecs.InstanceMonitoring.DETAILED,
            propagate_tags=ecs.PropagateManagedInstancesTags.CAPACITY_PROVIDER,
            task_volume_storage=cdk.Size.gibibytes(volume_gib),
        )
        cluster.add_managed_instances_capacity_provider(self.provider)
        self.provider.node.add_dependency(
            # Instances work for as long as the roles may, and reach ECS: so these go after the provider, too.
            self.role,
            self.infrastructure_role,
            *(subnet.internet_connectivity_established for subnet in network.vpc.private_subnets),
        )

    @property
    def instances_command(self) -> str:
        """The command that lists the instances, with the type that was chosen for each."""
        name = self.cluster.cluster_name
        return (
            f"aws ecs describe-container-instances --cluster {name} --container-instances $(aws ecs"
            f" list-container-instances --cluster {name} --query 'containerInstanceArns[]' --output text) --query"
            " \"containerInstances[].[ec2InstanceId, attributes[?name=='ecs.instance-type'].value | [0]]\""
            " --output text"
        )

    def _instance_role(self, cluster: ecs.Cluster) -> iam.Role:
        """What the managed policy AmazonECSInstanceRolePolicyForManagedInstances allows, for one cluster.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        stack = cdk.Stack.of(self)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))  # ty: ignore[invalid-argument-type]
        instances = stack.format_arn(
            service="ecs", resource="container-instance", resource_name=f"{cluster.cluster_name}/*"
        )
        allowed = {
            "*": ["ecs:DiscoverPollEndpoint"],
            cluster.cluster_arn: [
                *("ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitTaskStateChange"),
            ],
            instances: ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:PutSystemLogEvents"],
        }
        for resource, actions in allowed.items():
            iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=[resource]).assert_success()
        cluster_id = stack.resolve(cluster.cluster_name)["Ref"]
        arn = "arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:container-instance"
        acknowledge(role, "IAM5[Resource::*]", "ecs:DiscoverPollEndpoint supports no resource-level permissions.")
        acknowledge(
            role,
            f"IAM5[Resource::{arn}/<{cluster_id}>/*]",
            "The instances of this cluster, which get their numbers as they register.",
        )
        return role

    def _infrastructure_role(self) -> iam.Role:
        """The managed policy may pass roles whose names begin with ecsInstanceRole, all of them; a name of that kind
        would have to be fixed, and could be there once in an account. So this one may pass the instance role too,
        whatever its name.
        """
        role = iam.Role(
            self,
            "InfrastructureRole",
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(INFRASTRUCTURE_POLICY)],
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["iam:PassRole"],
            resource_arns=[self.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ).assert_success()
        acknowledge(
            role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{INFRASTRUCTURE_POLICY}]",
            "AWS keeps it in step with what ECS does to run instances, and limits it to resources that ECS tags.",
        )
        return role
