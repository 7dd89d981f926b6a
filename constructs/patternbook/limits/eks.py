"""What EKS offers: its quotas, its add-ons, and the instance types that make nodes. Versions are in
:mod:`patternbook.limits.eks_versions`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from patternbook.limits.instance_types import Architecture, InstanceTypeName, check_instance_types

MAX_PUBLIC_CIDRS: Final = 40
"""CIDR blocks that may reach a public endpoint.

https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
"""
MAX_NODES: Final = 450
"""Nodes of a managed node group: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""
MAX_NAMESPACES: Final = 5
"""Selectors of a Fargate profile: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""

SERVICE_CIDRS: Final = ("172.20.0.0/16", "10.100.0.0/16")
"""Addresses of services, of which EKS itself would choose one:
https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html"""

ADD_ONS: Final = (
    *("adot", "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver"),
    *("aws-guardduty-agent", "aws-mountpoint-s3-csi-driver", "cert-manager", "coredns", "eks-node-monitoring-agent"),
    *("eks-pod-identity-agent", "external-dns", "kube-proxy", "kube-state-metrics", "metrics-server"),
    *("netapp_trident-operator", "prometheus-node-exporter", "snapshot-controller", "vpc-cni"),
)
"""EKS add-ons of AWS and of the community; a name that EKS does not know fails only at deployment.

https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html
"""

NODE_TYPES: Final[Mapping[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("t4g.large", "m7g.large"),
    "x86_64": ("t3.large", "m6i.large"),
}
"""Where none is named."""
SPOT_TYPES: Final[Mapping[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("m7g.large", "r7g.large", "t4g.large", "m7g.xlarge", "c7g.xlarge"),
    "x86_64": ("m6i.large", "r6i.large", "t3.large", "m6i.xlarge", "c6i.xlarge"),
}
"""Where none is named, on Spot: the more pools, the fewer interruptions."""
TOO_SMALL: Final = ("t4g.small", "t3.small")
"""Types with addresses for 11 pods, most of which are those of add-ons:
https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html"""


def service_cidr(vpc_cidr: str) -> str:
    """Addresses of services that do not overlap with those of a VPC. A node that joins by itself has to know them."""
    vpc = ipaddress.IPv4Network(vpc_cidr)
    return next(cidr for cidr in SERVICE_CIDRS if not vpc.overlaps(ipaddress.IPv4Network(cidr)))


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
