"""Managed node groups: EC2 instances, on demand or on Spot, that EKS launches, drains, replaces and repairs."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.eks.cluster import EksCluster
from patternbook.eks.nodes.launch_template import node_template
from patternbook.eks.nodes.settings import CapacityType, NodeGroupSettings, Taint
from patternbook.limits.ec2_types import is_equal
from patternbook.limits.eks import MAX_NODES, NODE_TYPES, SPOT_TYPES, check_node_types, check_sizes
from patternbook.limits.instance_types import Architecture
from patternbook.limits.operating_systems import OperatingSystem

AMI_TYPES: Final[Mapping[tuple[OperatingSystem, Architecture], eks.NodegroupAmiType]] = {
    ("al2023", "arm64"): eks.NodegroupAmiType.AL2023_ARM_64_STANDARD,
    ("al2023", "x86_64"): eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
    ("bottlerocket", "arm64"): eks.NodegroupAmiType.BOTTLEROCKET_ARM_64,
    ("bottlerocket", "x86_64"): eks.NodegroupAmiType.BOTTLEROCKET_X86_64,
}
"""The EKS-optimized AMIs: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html"""


def warn_of_types(scope: Construct, names: Sequence[str], *, spot: bool) -> None:
    """Warns at synth of instance types that make a group fragile: one Spot capacity pool, or nodes of different sizes.

    https://docs.aws.amazon.com/eks/latest/best-practices/cas.html
    """
    if spot and len(names) == 1:
        cdk.Annotations.of(scope).add_warning_v2(
            "patternbook:OneSpotInstanceType",
            f"The only Spot instance type is {names[0]}. When its capacity pool runs dry, all Spot nodes can go at "
            "once and none can come. Name several types.",
        )
    if not is_equal(names):
        cdk.Annotations.of(scope).add_warning_v2(
            "patternbook:UnequalInstanceTypes",
            f"The instance types {', '.join(names)} differ in CPU or memory. Cluster Autoscaler takes all nodes of a "
            "group for equal, and brings too few or too many. Name types with equal CPU and memory.",
        )


class ManagedNodes(Construct):
    """A managed node group in the private subnets. EKS launches its nodes, drains them before it replaces them, and
    repairs broken ones.

    Nodes run the EKS-optimized AMI of AL2023 or Bottlerocket for the cluster's version. They have neither a public
    address nor an SSH key, and are in the security group of the cluster. The AWS managed key encrypts their gp3
    volumes: Auto Scaling would need a grant on another key, and data that outlives a node belongs elsewhere.

    Only an autoscaler or a person changes the number of nodes between ``min_nodes`` and ``max_nodes``. An update fails
    if a pod disruption budget cannot be met: it never overrides one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        role: iam.Role,
        capacity_type: CapacityType = "ON_DEMAND",
        operating_system: OperatingSystem = "al2023",
        architecture: Architecture = "arm64",
        instance_types: Sequence[str] = (),
        min_nodes: int = 2,
        max_nodes: int = 4,
        volume_gib: int | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Taint] = (),
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param role: role of the nodes, see :func:`patternbook.eks.access.node_role`.
        :param instance_types: in order of preference on demand. Defaults to
            :data:`patternbook.limits.eks.NODE_TYPES` or :data:`patternbook.limits.eks.SPOT_TYPES`. A single type on
            Spot is a warning, and so are types with different CPU or memory.
        :param volume_gib: see :func:`patternbook.eks.nodes.launch_template.node_template`.
        :param after: what a node needs to become ready: the add-ons ``vpc-cni``, ``kube-proxy`` and
            ``eks-pod-identity-agent``.
        :raises ValueError: see :func:`patternbook.limits.eks.check_sizes` and
            :func:`patternbook.limits.eks.check_node_types`.
        """
        check_sizes(min_nodes=min_nodes, max_nodes=max_nodes, quota=MAX_NODES)
        spot = capacity_type == "SPOT"
        names = tuple(instance_types) or (SPOT_TYPES if spot else NODE_TYPES)[architecture]
        check_node_types(names, architecture=architecture)
        super().__init__(scope, construct_id)
        warn_of_types(self, names, spot=spot)
        self.template = node_template(self, "Template", operating_system=operating_system, volume_gib=volume_gib)
        self.group = eks.Nodegroup(
            self,
            "Group",
            cluster=cluster.cluster,  # ty: ignore[invalid-argument-type]
            node_role=role,  # ty: ignore[invalid-argument-type]
            subnets=ec2.SubnetSelection(subnets=cluster.cluster.vpc.private_subnets),
            ami_type=AMI_TYPES[operating_system, architecture],
            capacity_type=eks.CapacityType[capacity_type],
            instance_types=[ec2.InstanceType(name) for name in names],
            launch_template_spec=eks.LaunchTemplateSpec(
                id=str(self.template.launch_template_id), version=self.template.latest_version_number
            ),
            min_size=min_nodes,
            max_size=max_nodes,
            # A group starts with this number of nodes.
            desired_size=min_nodes,
            max_unavailable=1,
            force_update=False,
            enable_node_auto_repair=True,
            labels=labels,
            taints=[
                eks.TaintSpec(key=taint.key, value=taint.value, effect=eks.TaintEffect[taint.effect])
                for taint in taints
            ],
        )
        resource = self.group.node.default_child
        assert isinstance(resource, eks.CfnNodegroup)
        # The L2 leaves the version out, and nodes would stay on the old version when the cluster is upgraded.
        resource.version = cluster.version
        # A node needs its role and its route to EKS until it is gone, so both are deleted after it.
        self.group.node.add_dependency(role, *after, cluster.before_members)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: NodeGroupSettings,
        *,
        cluster: EksCluster,
        role: iam.Role,
        after: Sequence[IDependable] = (),
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            role=role,
            capacity_type=settings.capacity_type,
            operating_system=settings.operating_system,
            architecture=settings.architecture,
            instance_types=settings.instance_types,
            min_nodes=settings.min_nodes,
            max_nodes=settings.max_nodes,
            volume_gib=settings.volume_gib,
            labels=settings.labels,
            taints=settings.taints,
            after=after,
        )
