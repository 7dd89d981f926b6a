"""Nodes of an EKS cluster that EKS manages: groups of EC2 instances, on demand or on Spot."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.roles import role_with_policies
from patternbook.limits.ecs_capacity import VOLUMES_GIB, OperatingSystem
from patternbook.limits.instance_types import Architecture, InstanceTypeName, check_instance_types
from patternbook.settings import fields
from patternbook.settings.base import SettingsModel

CapacityType = Literal["ON_DEMAND", "SPOT"]
TaintEffect = Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]

AMI_TYPES: Final[Mapping[tuple[OperatingSystem, Architecture], eks.NodegroupAmiType]] = {
    ("al2023", "arm64"): eks.NodegroupAmiType.AL2023_ARM_64_STANDARD,
    ("al2023", "x86_64"): eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
    ("bottlerocket", "arm64"): eks.NodegroupAmiType.BOTTLEROCKET_ARM_64,
    ("bottlerocket", "x86_64"): eks.NodegroupAmiType.BOTTLEROCKET_X86_64,
}
"""Of the EKS-optimized AMIs: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html"""

NODE_TYPES: Final[Mapping[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("t4g.large", "m7g.large"),
    "x86_64": ("t3.large", "m6i.large"),
}
"""Where none is named."""
TOO_SMALL: Final = ("t4g.small", "t3.small")
"""Types with addresses for 11 pods, most of which are those of add-ons:
https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html"""
SPOT_TYPES: Final[Mapping[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("m7g.large", "r7g.large", "t4g.large", "m7g.xlarge", "c7g.xlarge"),
    "x86_64": ("m6i.large", "r6i.large", "t3.large", "m6i.xlarge", "c6i.xlarge"),
}
"""Where none is named, on Spot: the more pools, the fewer interruptions."""

MAX_NODES: Final = 450
"""Nodes of a managed group: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""


class Taint(SettingsModel):
    """What keeps pods off a node that do not tolerate it."""

    key: fields.LabelKey
    """Its key."""
    value: fields.LabelValue = ""
    """Its value."""
    effect: TaintEffect = "NO_SCHEDULE"
    """What happens to pods that do not tolerate it."""


def check_node_types(names: Sequence[InstanceTypeName], *, architecture: Architecture) -> None:
    """:raises ValueError: for a type of another architecture than the AMI's, or with too few addresses for pods."""
    check_instance_types(names, architecture=architecture)
    small = [name for name in names if name in TOO_SMALL]
    if small:
        raise ValueError(f"expected types with room for pods beside the add-ons, unlike {', '.join(small)}")


def check_sizes(*, min_nodes: int, max_nodes: int) -> None:
    """:raises ValueError: for numbers that contradict each other, or that EKS does not take."""
    if not 0 <= min_nodes <= max_nodes <= MAX_NODES or max_nodes < 1:
        raise ValueError(
            f"min_nodes and max_nodes: {min_nodes} and {max_nodes} given, 0 <= min <= max <= {MAX_NODES}, and a max of "
            "at least 1, required"
        )


def node_role(scope: Construct, construct_id: str) -> iam.Role:
    """What the kubelet of a node needs, and no more: pods have roles of their own, by Pod Identity; that of the VPC CNI
    too, which by default takes this one's.

    https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
    """
    return role_with_policies(
        scope,
        construct_id,
        description="Nodes",
        assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        policies=("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"),
        reason="AWS documents this policy for nodes; pods cannot act as the role: metadata answers for one hop only.",
    )


def node_template(
    scope: Construct,
    construct_id: str,
    *,
    operating_system: OperatingSystem,
    volume_gib: int | None = None,
    machine_image: ec2.IMachineImage | None = None,
    security_group: ec2.ISecurityGroup | None = None,
    role: iam.IRole | None = None,
    user_data: ec2.UserData | None = None,
) -> ec2.LaunchTemplate:
    """What every node has in common, for whoever launches it: IMDSv2 for one hop, so that pods cannot act as the node,
    and encrypted gp3 volumes.

    https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html

    :param volume_gib: of the volume with images and what containers write; :data:`VOLUMES_GIB` where it is None.
    :param machine_image: with the other three, where EKS does not add them, as it does for a managed group.
    """
    volumes = dict(VOLUMES_GIB[operating_system])
    if volume_gib is not None:
        volumes[list(volumes)[-1]] = volume_gib
    return ec2.LaunchTemplate(
        scope,
        construct_id,
        machine_image=machine_image,
        security_group=security_group,
        role=role,
        user_data=user_data,
        require_imdsv2=True,
        http_put_response_hop_limit=1,
        block_devices=[
            ec2.BlockDevice(
                device_name=device,
                volume=ec2.BlockDeviceVolume.ebs(
                    gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
                ),
            )
            for device, gib in volumes.items()
        ],
    )


def warn_of_one_spot_type(scope: Construct, name: InstanceTypeName) -> None:
    """At synth."""
    cdk.Annotations.of(scope).add_warning_v2(
        "patternbook:OneSpotInstanceType",
        f"Spot with one instance type, {name}: when its pool runs dry there is no other to go to, and all nodes can go "
        "at once. Name several.",
    )


class ManagedNodes(Construct):
    """A managed node group in the private subnets: EKS launches its nodes, drains them before it replaces them, and
    repairs those that are broken.

    Nodes run AL2023 or Bottlerocket, from the EKS-optimized AMI of the cluster's version; instance types are of its
    architecture. They have neither a public address nor an SSH key, and share the security group of the cluster.
    Volumes are gp3, encrypted with the AWS managed key: Auto Scaling would need a grant on another, and what outlives a
    node belongs elsewhere.

    Nothing changes their number between ``min_nodes`` and ``max_nodes`` unless somebody installs an autoscaler.
    A pod disruption budget that cannot be met makes an update fail, rather than be overridden.
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
        instance_types: Sequence[InstanceTypeName] = (),
        min_nodes: int = 2,
        max_nodes: int = 4,
        volume_gib: int | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Taint] = (),
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param role: of the nodes, see :func:`node_role`.
        :param instance_types: on demand in order of preference; :data:`NODE_TYPES` or :data:`SPOT_TYPES` where there is
            none. Spot with a single one is a warning.
        :param after: what has to be there before a node can be ready: the add-ons ``vpc-cni``, ``kube-proxy`` and
            ``eks-pod-identity-agent``.
        :raises ValueError: see :func:`check_sizes` and :func:`check_node_types`.
        """
        check_sizes(min_nodes=min_nodes, max_nodes=max_nodes)
        spot = capacity_type == "SPOT"
        names = tuple(instance_types) or (SPOT_TYPES if spot else NODE_TYPES)[architecture]
        check_node_types(names, architecture=architecture)
        super().__init__(scope, construct_id)
        if spot and len(names) == 1:
            warn_of_one_spot_type(self, names[0])
        self.template = node_template(self, "Template", operating_system=operating_system, volume_gib=volume_gib)
        self.group = eks.Nodegroup(
            self,
            "Group",
            cluster=cluster.cluster,  # ty: ignore[invalid-argument-type]
            node_role=role,  # ty: ignore[invalid-argument-type]
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ami_type=AMI_TYPES[operating_system, architecture],
            capacity_type=eks.CapacityType[capacity_type],
            instance_types=[ec2.InstanceType(name) for name in names],
            launch_template_spec=eks.LaunchTemplateSpec(
                id=str(self.template.launch_template_id), version=self.template.latest_version_number
            ),
            min_size=min_nodes,
            max_size=max_nodes,
            # EKS begins with as many; a group of none is one that somebody or something scales up.
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
        # The L2 leaves it out, and nodes would stay behind when the cluster is upgraded.
        resource.version = cluster.version
        # A node works for as long as its role may, and reaches EKS: so they go after it, too.
        self.group.node.add_dependency(
            role, *after, *(subnet.internet_connectivity_established for subnet in cluster.cluster.vpc.private_subnets)
        )
