"""The node class and the node pool of Karpenter: what nodes it brings, and when it takes them away."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.nodes.settings import CapacityType
from patternbook.limits.instance_types import Architecture
from patternbook.limits.karpenter import MIN_VCPUS

ARCHITECTURES: Final[Mapping[Architecture, str]] = {"arm64": "arm64", "x86_64": "amd64"}
"""Kubernetes' names of the architectures."""
CAPACITY_TYPES: Final[Mapping[CapacityType, str]] = {"ON_DEMAND": "on-demand", "SPOT": "spot"}
"""Karpenter's names of the capacity types."""


def check_nodes(
    *, max_vcpus: int, architectures: Sequence[str], capacity_types: Sequence[str], volume_gib: int
) -> None:
    """:raises ValueError: for a limit below the smallest node, for a volume of a size that EBS does not have or that
    images do not fit into, and for choices that Karpenter does not have.
    """
    if max_vcpus < MIN_VCPUS:
        raise ValueError(f"max_vcpus must be at least {MIN_VCPUS}, the vCPUs of the smallest node, got {max_vcpus}.")
    if not 20 <= volume_gib <= 16384:
        raise ValueError(f"volume_gib must be 20 to 16,384 GiB, got {volume_gib:,}.")
    _check_choice("architectures", architectures, list(ARCHITECTURES))
    _check_choice("capacity_types", capacity_types, list(CAPACITY_TYPES))


def node_manifests(
    cluster: eks.Cluster,
    *,
    profile: iam.InstanceProfile,
    max_vcpus: int,
    architectures: Sequence[Architecture],
    capacity_types: Sequence[CapacityType],
    ami_release: str,
    volume_gib: int,
    tags: Mapping[str, str],
    key: kms.IKey | None,
) -> list[dict[str, Any]]:
    """The EC2NodeClass and the NodePool, both named ``default``. The arguments are those of
    :class:`patternbook.eks.karpenter.controller.Karpenter`.
    """
    node_class, pool = read_manifests(
        MANIFESTS / "karpenter-nodes.yaml",
        InstanceProfile=profile.instance_profile_name,
        AmiRelease=ami_release,
        SecurityGroup=cluster.cluster_security_group_id,
    )
    node_class["spec"] |= {
        "subnetSelectorTerms": [{"id": each.subnet_id} for each in cluster.vpc.private_subnets],
        "blockDeviceMappings": [_volume(volume_gib, key)],
        **({"tags": dict(tags)} if tags else {}),
    }
    pool["spec"]["limits"] = {"cpu": str(max_vcpus)}
    pool["spec"]["template"]["spec"]["requirements"] += [
        _one_of("kubernetes.io/arch", [ARCHITECTURES[each] for each in architectures]),
        _one_of("karpenter.sh/capacity-type", [CAPACITY_TYPES[each] for each in capacity_types]),
    ]
    return [node_class, pool]


def _one_of(key: str, values: Sequence[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


def _volume(gib: int, key: kms.IKey | None) -> dict[str, Any]:
    encryption = {"encrypted": True, **({"kmsKeyID": key.key_arn} if key else {})}
    return {
        "deviceName": "/dev/xvda",
        "ebs": {"volumeSize": f"{gib}Gi", "volumeType": "gp3", "deleteOnTermination": True, **encryption},
    }


def _check_choice(name: str, given: Sequence[str], allowed: Sequence[str]) -> None:
    if not given or len(set(given)) < len(given) or set(given) - set(allowed):
        raise ValueError(
            f"{name} must list at least one of {', '.join(allowed)}, each once, got {', '.join(given) or 'none'}."
        )
