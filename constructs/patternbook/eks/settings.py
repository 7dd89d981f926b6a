"""Settings of EKS clusters and of what pods run on. The settings of storage stand in
:mod:`patternbook.eks.storage.settings`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import LogSettings
from patternbook.ecs.ec2_capacity import OperatingSystem
from patternbook.limits.eks import MAX_NAMESPACES, MAX_NODES, MAX_PUBLIC_CIDRS, check_node_types
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.instance_types import Architecture, InstanceTypeName
from patternbook.network.settings import NetworkSettings
from patternbook.posture import Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel, posture_of
from patternbook.settings.fields import CIDR, NAMESPACE, EachOnce, Expected, Percent, Unit, Whole, YesNo

CapacityType = Literal["ON_DEMAND", "SPOT"]
TaintEffect = Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
AddOnVersion = Annotated[
    str, fields.matching(r"v\d+\.\d+\.\d+-eksbuild\.\d+", 'a version such as "v1.20.4-eksbuild.1"')
]
Labels = Annotated[dict[fields.LabelKey, fields.LabelValue], Field(max_length=50)]
InstanceTypes = Annotated[tuple[InstanceTypeName, ...], EachOnce, Field(max_length=10)]
# A group without nodes is one that somebody, or something, scales up.
Nodes = Annotated[Whole, Field(ge=0, le=MAX_NODES), Unit("nodes")]
SomeNodes = Annotated[Whole, Field(ge=1, le=MAX_NODES), Unit("nodes")]

PRIVATE_BLOCKS: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
SYSTEM_NAMESPACES: Final = ("kube-system", "aws-observability")
"""Namespaces that belong to the cluster."""


def check_public_access(cidrs: Sequence[str], *, posture: Posture) -> None:
    """Whether these blocks may reach the public endpoint.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html

    :raises ValueError: for more blocks than EKS takes, for what is no block of public addresses, and for every address
        where the posture does not allow it.
    """
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        raise ValueError(f"expected at most {MAX_PUBLIC_CIDRS} blocks, not {len(cidrs)}")
    for cidr in cidrs:
        if not CIDR.accepts(cidr):
            raise ValueError(f"expected {CIDR.text}, unlike {cidr!r}")
        if any(ipaddress.IPv4Network(cidr).subnet_of(private) for private in PRIVATE_BLOCKS):
            raise ValueError(f"expected public addresses, unlike {cidr}: private ones reach the private endpoint")
    together = ipaddress.collapse_addresses(map(ipaddress.IPv4Network, cidrs))
    if any(block.prefixlen == 0 for block in together) and not posture.open_cluster_endpoint:
        given = " and ".join(cidrs)
        raise ValueError(f"expected blocks of your own, unlike {given}: in {posture.name} not everybody may connect")


def check_namespaces(namespaces: Sequence[str]) -> None:
    """:raises ValueError: for what is no namespace or belongs to the cluster, and for more, or less, than a profile
    takes.
    """
    if not 1 <= len(namespaces) <= MAX_NAMESPACES:
        raise ValueError(f"expected 1 to {MAX_NAMESPACES} namespaces, not {len(namespaces)}")
    for name in namespaces:
        if not NAMESPACE.accepts(name):
            raise ValueError(f"expected {NAMESPACE.text}, unlike {name!r}")
        if name in SYSTEM_NAMESPACES:
            raise ValueError(f"expected namespaces of your own, unlike {name}, which belongs to the cluster")


class ClusterSettings(NetworkSettings):
    """Settings of an :class:`patternbook.eks.cluster.EksCluster` and of its network."""

    add_ons: ClassVar[tuple[str, ...]]
    """Those that the pattern can have."""

    upgrade_policy: UpgradePolicy = "STANDARD"
    """At the end of standard support: EKS upgrades the cluster, or, for six times the price, goes on (EXTENDED)."""
    kubernetes_version: Annotated[str, Expected("a Kubernetes version in support")] = KUBERNETES_VERSION
    """Version of the cluster; a newer one upgrades it, one minor version at a time, and there is no way back."""
    public_access_cidrs: Annotated[tuple[fields.Cidr, ...], EachOnce, Field(max_length=MAX_PUBLIC_CIDRS)] = ()
    """IPv4 blocks that may reach the API of the cluster from the internet; without any, it has no public endpoint."""
    admin_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """ARNs of roles, users or accounts that may act as the cluster's admin; without any, whoever IAM of this account
    lets do so."""
    add_on_versions: dict[str, AddOnVersion] = Field({}, max_length=20)
    """Versions of add-ons, by their names; EKS chooses the others."""

    @field_validator("kubernetes_version")
    @classmethod
    def _in_support(cls, value: str, info: ValidationInfo) -> str:
        check_version(value, upgrade_policy=info.data.get("upgrade_policy", "STANDARD"), kubectl=True)
        return value

    @field_validator("public_access_cidrs")
    @classmethod
    def _reachable(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_public_access(value, posture=posture_of(info))
        return value

    @field_validator("add_on_versions")
    @classmethod
    def _of_the_pattern(cls, value: dict[str, str]) -> dict[str, str]:
        others = sorted(value.keys() - set(cls.add_ons))
        if others:
            raise ValueError(f"expected add-ons of this pattern, unlike {', '.join(others)}: {', '.join(cls.add_ons)}")
        return value


class InsightsSettings(PatternSettings):
    """What CloudWatch is told about pods."""

    container_insights: YesNo = True
    """Send metrics and logs of nodes and pods to CloudWatch, for money by volume."""


class Taint(SettingsModel):
    """What keeps pods off a node that do not tolerate it."""

    key: fields.LabelKey
    """Its key."""
    value: fields.LabelValue = ""
    """Its value."""
    effect: TaintEffect = "NO_SCHEDULE"
    """What happens to pods that do not tolerate it."""


class NodeSettings(PatternSettings):
    """What all nodes have in common."""

    architecture: Architecture = "arm64"
    """Architecture of AMI, nodes and images."""
    volume_gib: Annotated[Whole, Field(ge=20, le=16384), Unit("GiB")] = 30
    """Volume of a node, for images and what containers write."""


class ManagedNodeSettings(NodeSettings):
    """What the nodes of all managed node groups have in common."""

    operating_system: OperatingSystem = "al2023"
    """Operating system of the nodes, from the EKS-optimized AMI."""


class NodeGroupSettings(ManagedNodeSettings):
    """One managed node group, see :class:`patternbook.eks.managed_nodes.ManagedNodes`. A pattern with several groups
    has settings with prefixes, and a property for each group that gives its part in this form.
    """

    capacity_type: CapacityType
    """On demand or Spot."""
    instance_types: InstanceTypes
    """Instance types."""
    labels: Labels
    """Kubernetes labels of the nodes."""
    taints: tuple[Taint, ...] = ()
    """Taints of the nodes."""
    min_nodes: Nodes
    """Minimum number of nodes."""
    max_nodes: SomeNodes
    """Maximum number of nodes."""


class SelfManagedNodesSettings(NodeSettings):
    """Settings of :class:`patternbook.eks.self_managed_nodes.SelfManagedNodes`."""

    refused: ClassVar[Mapping[str, str]] = {
        "desired_nodes": "no setting of this pattern: whoever scales the group owns the number of its nodes, and a "
        "deployment would reset it; set min_nodes and max_nodes, the same to keep a number"
    }

    ami_id: fields.AmiId | None = None
    """AMI of your own, with nodeadm, of the architecture and in the stack's Region; without one, the EKS-optimized AMI
    of AL2023, in its newest version with each deployment."""
    instance_types: InstanceTypes = ()
    """Instance types in order of preference; without any, five of the architecture."""
    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("nodes")] = 2
    """Nodes that run on demand before any runs on Spot."""
    spot_percent: Percent = 50
    """Share of Spot in the nodes beyond the base."""
    min_nodes: SomeNodes = 2
    """Nodes at least; a group of none would have no room for the add-ons."""
    max_nodes: SomeNodes = 6
    """Nodes at most."""
    node_labels: Labels = Field({"nodes": "own"})
    """Labels of the nodes."""

    @field_validator("instance_types")
    @classmethod
    def _run_the_ami(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return run_the_ami(value, info)

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return at_least(value, info, "min_nodes")


class FargatePodsSettings(LogSettings):
    """Settings of :class:`patternbook.eks.fargate.FargatePods`."""

    namespaces: Annotated[tuple[fields.Namespace, ...], EachOnce, Field(min_length=1, max_length=MAX_NAMESPACES)] = (
        "default",
    )
    """Kubernetes namespaces whose pods run on Fargate; in others they find no node."""

    @field_validator("namespaces")
    @classmethod
    def _own(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_namespaces(value)
        return value


def run_the_ami(value: tuple[InstanceTypeName, ...], info: ValidationInfo) -> tuple[InstanceTypeName, ...]:
    """Part of a validator of instance types: see :func:`patternbook.limits.eks.check_node_types`."""
    if "architecture" in info.data:
        check_node_types(value, architecture=info.data["architecture"])
    return value


def at_least(value: int, info: ValidationInfo, minimum: str) -> int:
    """Part of a validator of a maximum: it must not be below the setting ``minimum``."""
    if value < info.data.get(minimum, 0):
        raise ValueError(f"expected at least {minimum}, which is {info.data[minimum]}")
    return value
