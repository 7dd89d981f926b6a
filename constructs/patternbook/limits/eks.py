"""EKS: quotas, and the instance types of nodes. Versions are in :mod:`patternbook.limits.eks_versions`, add-ons in
:mod:`patternbook.limits.eks_add_ons`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from patternbook.limits.ec2_types import check_known, ec2_types
from patternbook.limits.given import listed
from patternbook.limits.instance_types import Architecture
from patternbook.limits.scaling import check_order

MAX_PUBLIC_CIDRS: Final = 40
"""CIDR blocks that may reach a public endpoint.

https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
"""
MAX_PRIVATE_RULES: Final = 60
"""Inbound rules of a security group: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
MAX_ACCESS: Final = 100
"""Items of ``access``. EKS takes 3,000 access entries of a cluster, but a stack has at most 500 resources.

https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
"""
MAX_NODES: Final = 450
"""Nodes of a managed node group: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""
MAX_NAMESPACES: Final = 5
"""Selectors of a Fargate profile: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""

SERVICE_CIDRS: Final = ("172.20.0.0/16", "10.100.0.0/16")
"""The two blocks that EKS itself chooses the addresses of Kubernetes services from.

https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
"""

NODE_TYPES: Final[Mapping[Architecture, tuple[str, ...]]] = {
    "arm64": ("t4g.large", "m7g.large"),
    "x86_64": ("t3.large", "m6i.large"),
}
"""Default instance types of on-demand nodes."""
SPOT_TYPES: Final[Mapping[Architecture, tuple[str, ...]]] = {
    "arm64": ("m7g.large", "m6g.large", "t4g.large", "m7gd.large", "m6gd.large"),
    "x86_64": ("m6i.large", "m5.large", "t3.large", "m6a.large", "m5a.large"),
}
"""Default instance types of Spot nodes, all with 2 vCPUs and 8 GiB. More Spot capacity pools mean fewer interruptions.

Cluster Autoscaler takes the first type for all of a group:
https://docs.aws.amazon.com/eks/latest/best-practices/cas.html
"""
FEWEST_PODS: Final = 12
"""Least number of pods of a node. The add-ons take most of the 11 of a t3.small.

https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
"""


def service_cidr(*vpc_cidrs: str) -> str:
    """Addresses of Kubernetes services, outside of the VPC's addresses. Self-managed nodes must know them.

    :param vpc_cidrs: the known CIDR blocks of the VPC.
    """
    blocks = [ipaddress.IPv4Network(cidr) for cidr in vpc_cidrs]
    candidates = (*SERVICE_CIDRS, *(f"172.{number}.0.0/16" for number in range(21, 32)))
    return next(cidr for cidr in candidates if not any(block.overlaps(ipaddress.IPv4Network(cidr)) for block in blocks))


def check_node_types(names: Sequence[str], *, architecture: Architecture, own_ami: bool = False) -> None:
    """:param own_ami: whether the AMI is the user's, which may have drivers that the EKS-optimized one lacks.
    :raises ValueError: for types that EC2 does not have, with another architecture than the AMI, with an accelerator
        that the AMI has no driver for, and with too few addresses for pods.
    """
    check_known(names)
    types = [ec2_types()[name] for name in names]
    others = [each.name for each in types if each.architecture != architecture]
    if others:
        raise ValueError(
            f"Instance types must run an AMI for {architecture}, got {listed(others)}. Choose others, "
            "or change architecture."
        )
    accelerated = [each.name for each in types if each.accelerated]
    if accelerated and not own_ami:
        raise ValueError(
            f"Instance types must work with the standard AMI, which has no drivers for GPUs and other accelerators, "
            f"got {listed(accelerated)}. Use EksAutoModeStack, or EksSelfManagedNodesStack with ami_id."
        )
    small = [each.name for each in types if each.pods and each.pods < FEWEST_PODS]
    if small:
        raise ValueError(
            f"Instance types must have room for pods beside the add-ons, got {listed(small)}. Choose larger types."
        )


def check_sizes(*, min_nodes: int, max_nodes: int, quota: int | None = None) -> None:
    """:param quota: how many nodes the group can have at most. Auto Scaling has no such limit of its own.
    :raises ValueError: for a minimum above the maximum, for a maximum of no nodes, and for more nodes than the quota.
    """
    check_order("nodes", minimum=min_nodes, maximum=max_nodes)
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}.")
    if quota is not None and max_nodes > quota:
        raise ValueError(f"max_nodes must be at most {quota}, got {max_nodes}.")
