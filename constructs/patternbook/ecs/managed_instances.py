"""ECS Managed Instances: EC2 instances that ECS chooses, launches, patches and terminates."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct
from typing_extensions import Self

from patternbook.ecs.capacity_settings import ManagedInstancesSettings
from patternbook.ecs.ec2_capacity import AGENT_SERVICES
from patternbook.limits.ecs_capacity import CapacityOption, check_bounds
from patternbook.limits.instance_types import Architecture
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.partitions import instance_principal, instance_service

MANUFACTURERS: Final[dict[Architecture, list[ec2.CpuManufacturer]]] = {
    "arm64": [ec2.CpuManufacturer.AWS],
    "x86_64": [ec2.CpuManufacturer.INTEL, ec2.CpuManufacturer.AMD],
}
"""CPU manufacturers of each architecture. Attribute-based instance type selection has no architecture."""

INFRASTRUCTURE_POLICY: Final = "AmazonECSInfrastructureRolePolicyForManagedInstances"
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html"""


class ManagedInstances(Construct):
    """A capacity provider of one cluster, by which ECS runs instances in the private subnets of a network.

    ECS chooses instance types by their attributes: the cheapest ones with room for the waiting tasks. It launches them
    from its own Bottlerocket AMI, drains and replaces them before they are three weeks old, and terminates idle ones.
    Nobody can connect to them.

    With *the infrastructure role* ECS launches and terminates instances; it may pass them the instance role and no
    other. With *the instance role* the agent registers with this one cluster. Pulling images and writing logs is for
    the execution role of a task.

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
        """:param cluster: gets the capacity provider. It can't be imported, because a cluster has one list of capacity
            providers, and its own stack has the list.
        :param architecture: CPU architecture of the instances.
        :param min_vcpus: as all bounds, of an instance. ECS chooses between the bounds by what tasks need.
        :param burstable: whether ECS may choose T instance types.
        :param allowed_instance_types: names of instance types, with ``*`` for any characters. Defaults to all.
        :param capacity_option: purchase option. A service can combine two providers in its strategy.
        :param volume_gib: size of an instance's EBS volume, for images and the files of containers.
        :raises ValueError: see :func:`patternbook.limits.ecs_capacity.check_bounds`.
        """
        check_bounds(
            min_vcpus=min_vcpus, max_vcpus=max_vcpus, min_memory_gib=min_memory_gib, max_memory_gib=max_memory_gib
        )
        super().__init__(scope, construct_id)
        self.cluster = cluster
        self.architecture = architecture
        self.security_group = network.https_client_group(self, "InstanceGroup", description="Managed instances")
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
                # Exclude GPU instances.
                accelerator_count_max=0,
                allowed_instance_types=[*allowed_instance_types] or None,
            ),
            monitoring=ecs.InstanceMonitoring.DETAILED,
            propagate_tags=ecs.PropagateManagedInstancesTags.CAPACITY_PROVIDER,
            task_volume_storage=cdk.Size.gibibytes(volume_gib),
        )
        cluster.add_managed_instances_capacity_provider(self.provider)
        self.provider.node.add_dependency(
            # Until they stop, the instances need the roles and the connection to ECS.
            self.role,
            self.infrastructure_role,
            self.security_group,
            network.connectivity,
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: ManagedInstancesSettings,
        *,
        cluster: ecs.Cluster,
        network: Network,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            network=network,
            architecture=settings.architecture,
            min_vcpus=settings.min_vcpus,
            max_vcpus=settings.max_vcpus,
            min_memory_gib=settings.min_memory_gib,
            max_memory_gib=settings.max_memory_gib,
            burstable=settings.burstable,
            allowed_instance_types=settings.allowed_instance_types,
            capacity_option=settings.capacity_option,
            volume_gib=settings.volume_gib,
        )

    @property
    def services_called(self) -> list[ec2.InterfaceVpcEndpointAwsService]:
        """The AWS services that the instances call."""
        return [*AGENT_SERVICES]

    @property
    def instances_command(self) -> str:
        """The command that lists the instances with their instance types."""
        name = self.cluster.cluster_name
        return (
            f"aws ecs describe-container-instances --cluster {name} --container-instances $(aws ecs"
            f" list-container-instances --cluster {name} --query 'containerInstanceArns[]' --output text) --query"
            " \"containerInstances[].[ec2InstanceId, attributes[?name=='ecs.instance-type'].value | [0]]\""
            " --output text"
        )

    def _instance_role(self, cluster: ecs.Cluster) -> iam.Role:
        """Allows what the managed policy AmazonECSInstanceRolePolicyForManagedInstances does, but in one cluster only.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        stack = cdk.Stack.of(self)
        role = iam.Role(self, "Role", assumed_by=instance_principal(self))  # ty: ignore[invalid-argument-type]
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
            "The instances of this cluster get their ids when they register.",
        )
        return role

    def _infrastructure_role(self) -> iam.Role:
        """The managed policy can pass roles whose names begin with ecsInstanceRole. A fixed name could exist only once
        in an account, so a statement of its own lets this role pass the instance role.
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
            conditions={"StringEquals": {"iam:PassedToService": instance_service(self)}},
        ).assert_success()
        acknowledge(
            role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{INFRASTRUCTURE_POLICY}]",
            "AWS updates it as Managed Instances evolve, and limits it to resources that ECS tags.",
        )
        return role
