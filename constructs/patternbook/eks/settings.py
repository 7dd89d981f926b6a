"""Settings of EKS clusters and of what pods run on. The settings of storage stand in
:mod:`patternbook.eks.storage.settings`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import KeySettings, LogSettings
from patternbook.limits.ec2_types import check_known
from patternbook.limits.eks import MAX_NAMESPACES, MAX_NODES, MAX_PRIVATE_RULES, MAX_PUBLIC_CIDRS, check_node_types
from patternbook.limits.eks_amis import AMI_RELEASE, release_date
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.given import listed
from patternbook.limits.instance_types import Architecture
from patternbook.limits.operating_systems import OperatingSystem
from patternbook.network.settings import NetworkSettings
from patternbook.posture import Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel, posture_of
from patternbook.settings.fields import (
    CIDR,
    NAMESPACE,
    PRIVATE_CIDR,
    SECURITY_GROUP_ID,
    EachOnce,
    Percent,
    Whole,
    YesNo,
)
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Expected, Unit, matching

CapacityType = Literal["ON_DEMAND", "SPOT"]
TaintEffect = Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
AddOnVersion = Annotated[str, matching(r"v\d+\.\d+\.\d+-eksbuild\.\d+", 'a version such as "v1.20.4-eksbuild.1"')]
Labels = Annotated[dict[fields.LabelKey, fields.LabelValue], Field(max_length=50)]
InstanceTypeText = Annotated[str, Expected('an instance type of EC2, such as "m7g.large"')]
InstanceTypes = Annotated[tuple[InstanceTypeText, ...], EachOnce, Field(max_length=10)]
# A group may have no nodes at first, and be scaled up by an autoscaler or a person.
Nodes = Annotated[Whole, Field(ge=0, le=MAX_NODES), Unit("nodes")]
SomeNodes = Annotated[Whole, Field(ge=1, le=MAX_NODES), Unit("nodes")]

PRIVATE_BLOCKS: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
SYSTEM_NAMESPACES: Final = ("kube-system", "aws-observability")
"""Namespaces that belong to the cluster."""


def check_public_access(cidrs: Sequence[str], *, posture: Posture) -> None:
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html

    :raises ValueError: for more CIDR blocks than EKS takes, for anything but public CIDR blocks, and for blocks that
        admit everybody where the posture does not allow it.
    """
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        raise ValueError(
            f"public_access_cidrs must list at most {MAX_PUBLIC_CIDRS} CIDR blocks, got {len(cidrs)}. "
            "Merge adjacent blocks."
        )
    for cidr in cidrs:
        if not CIDR.accepts(cidr):
            raise ValueError(f"Each of public_access_cidrs must be {CIDR.text}, got {cidr!r}.")
        if any(ipaddress.IPv4Network(cidr).subnet_of(private) for private in PRIVATE_BLOCKS):
            raise ValueError(
                f"public_access_cidrs must be public addresses, got {cidr}. Remove it: the private endpoint serves it."
            )
    together = ipaddress.collapse_addresses(map(ipaddress.IPv4Network, cidrs))
    if any(block.prefixlen == 0 for block in together) and not posture.allow_open_cluster_endpoint:
        given = listed(cidrs)
        raise ValueError(
            f"public_access_cidrs must not admit everybody (0.0.0.0/0) in {posture.name}, got {given}. "
            "List your own CIDR blocks."
        )


def check_private_access(*, cidrs: Sequence[str], security_groups: Sequence[str]) -> None:
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access

    :raises ValueError: for anything but CIDR blocks and ids of security groups, and for more of them than a security
        group has rules.
    """
    for cidr in cidrs:
        if not PRIVATE_CIDR.accepts(cidr):
            raise ValueError(f"Each of private_access_cidrs must be {PRIVATE_CIDR.text}, got {cidr!r}.")
    for group in security_groups:
        if not SECURITY_GROUP_ID.accepts(group):
            raise ValueError(f"Each of private_access_security_groups must be {SECURITY_GROUP_ID.text}, got {group!r}.")
    if len(cidrs) + len(security_groups) > MAX_PRIVATE_RULES:
        raise ValueError(
            f"private_access_cidrs and private_access_security_groups must list at most {MAX_PRIVATE_RULES} together, "
            f"got {len(cidrs) + len(security_groups)}. Merge adjacent blocks, or put clients into one security group."
        )


def check_namespaces(namespaces: Sequence[str]) -> None:
    """:raises ValueError: for names that are no namespaces, for namespaces that belong to the cluster, and for more or
    fewer than a Fargate profile takes.
    """
    if not 1 <= len(namespaces) <= MAX_NAMESPACES:
        raise ValueError(f"namespaces must list 1 to {MAX_NAMESPACES} namespaces, got {len(namespaces)}.")
    for name in namespaces:
        if not NAMESPACE.accepts(name):
            raise ValueError(f"Each of namespaces must be {NAMESPACE.text}, got {name!r}.")
        if name in SYSTEM_NAMESPACES:
            raise ValueError(f"namespaces must be your own, got {name}, which belongs to the cluster. Remove it.")


class ClusterSettings(KeySettings, NetworkSettings):
    """Settings of an :class:`patternbook.eks.cluster.EksCluster` and of its network."""

    add_ons: ClassVar[tuple[str, ...]]
    """Names of the add-ons that the pattern can have."""

    upgrade_policy: UpgradePolicy = "STANDARD"
    """Policy for the end of standard support. With STANDARD, EKS upgrades the cluster by itself. With EXTENDED, it
    supports the version for another year, at six times the price."""
    kubernetes_version: Annotated[str, Expected(f'a Kubernetes version in support, such as "{KUBERNETES_VERSION}"')] = (
        KUBERNETES_VERSION
    )
    """Kubernetes version of the cluster. Change it to upgrade, one minor version at a time. There is no way back."""
    public_access_cidrs: Annotated[tuple[fields.Cidr, ...], EachOnce, Field(max_length=MAX_PUBLIC_CIDRS)] = ()
    """IPv4 CIDR blocks that may reach the API of the cluster from the internet. Without any, the cluster has no public
    endpoint."""
    private_access_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=MAX_PRIVATE_RULES)] = ()
    """IPv4 CIDR blocks of connected networks, such as a VPN, that may reach the private endpoint of the cluster (port
    443)."""
    private_access_security_groups: Annotated[
        tuple[fields.SecurityGroupId, ...], EachOnce, Field(max_length=MAX_PRIVATE_RULES)
    ] = ()
    """Ids of security groups whose members may reach the private endpoint of the cluster (port 443). They are in the
    VPC of the cluster, or in a VPC that is peered with it."""
    admin_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """ARNs of IAM roles, users or accounts that may assume the admin role of the cluster. Without any, the IAM policies
    of this account decide."""
    add_on_versions: dict[Annotated[str, Expected('the name of an add-on, such as "coredns"')], AddOnVersion] = Field(
        {}, max_length=20
    )
    """Versions of add-ons by their names. EKS chooses the version of any other add-on when it creates it."""

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

    @field_validator("private_access_security_groups")
    @classmethod
    def _few_rules(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_private_access(cidrs=info.data.get("private_access_cidrs", ()), security_groups=value)
        return value

    @field_validator("add_on_versions")
    @classmethod
    def _of_the_pattern(cls, value: dict[str, str]) -> dict[str, str]:
        others = sorted(value.keys() - set(cls.add_ons))
        if others:
            raise ValueError(
                f"Must name add-ons of this pattern, got {listed(others)}. Choose from {', '.join(cls.add_ons)}."
            )
        return value


class InsightsSettings(PatternSettings):
    """Settings of CloudWatch Container Insights."""

    container_insights: YesNo = True
    """Send metrics and logs of nodes and pods to CloudWatch Container Insights, which costs money by volume."""


class Taint(SettingsModel):
    """A taint of a node, which keeps off pods that do not tolerate it."""

    key: fields.LabelKey
    """Key of the taint."""
    value: fields.LabelValue = ""
    """Value of the taint."""
    effect: TaintEffect = "NO_SCHEDULE"
    """Effect on pods that do not tolerate the taint."""


class NodeSettings(PatternSettings):
    """Settings of all nodes."""

    architecture: Architecture = "arm64"
    """CPU architecture of the AMI, the nodes and your images."""
    volume_gib: Annotated[Whole, Field(ge=20, le=16384), Unit("GiB")] = 30
    """Size of a node's EBS volume, for images and the files of containers."""


class ManagedNodeSettings(NodeSettings):
    """Settings of all managed node groups."""

    operating_system: OperatingSystem = "al2023"
    """Operating system of the nodes. They run its EKS-optimized AMI."""


class NodeGroupSettings(ManagedNodeSettings):
    """Settings of one :class:`patternbook.eks.managed_nodes.ManagedNodes`.

    The settings of a pattern with several node groups have prefixes (``spot_labels``). A property for each group
    returns its part of them in this form.
    """

    capacity_type: CapacityType
    """On demand or Spot."""
    instance_types: InstanceTypes
    """Instance types of the nodes, in order of preference on demand."""
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
        "desired_nodes": "Not supported: an autoscaler or a person owns the number of nodes, and a deployment would "
        "reset it. To pin it, set min_nodes = max_nodes."
    }

    ami_id: fields.AmiId | None = None
    """AMI of your own. It needs nodeadm, this architecture and the Region of the stack. Defaults to the EKS-optimized
    AMI of ami_release."""
    ami_release: Annotated[str, Expected(f'a release of the EKS-optimized AMIs such as "{AMI_RELEASE}"')] = AMI_RELEASE
    """Release of the EKS-optimized AMI of AL2023. Change it about once a month, for security updates. A change replaces
    the nodes."""
    instance_types: InstanceTypes = ()
    """Instance types of the nodes, in order of preference on demand. Defaults to five types of the architecture."""
    on_demand_base: Annotated[Whole, Field(ge=0, le=1000), Unit("nodes")] = 2
    """Number of nodes that run on demand before any node runs on Spot."""
    spot_percent: Percent = 50
    """Share of Spot in the nodes beyond on_demand_base."""
    min_nodes: SomeNodes = 2
    """Minimum number of nodes. The add-ons need at least one."""
    max_nodes: SomeNodes = 6
    """Maximum number of nodes."""
    node_labels: Labels = Field({"nodes": "own"})
    """Kubernetes labels of the nodes."""

    @field_validator("ami_release")
    @classmethod
    def _released(cls, value: str, info: ValidationInfo) -> str:
        release_date(value)
        if value != AMI_RELEASE and info.data.get("ami_id"):
            raise ValueError("Has no effect with ami_id, which names the AMI. Remove one of the two.")
        return value

    @field_validator("instance_types")
    @classmethod
    def _of_the_architecture(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return checked_types(value, info)

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)


class FargatePodsSettings(LogSettings):
    """Settings of :class:`patternbook.eks.fargate.FargatePods`."""

    namespaces: Annotated[tuple[fields.Namespace, ...], EachOnce, Field(min_length=1, max_length=MAX_NAMESPACES)] = (
        "default",
    )
    """Kubernetes namespaces whose pods run on Fargate, beside kube-system. Pods of other namespaces find no node."""
    application_policy_arns: Annotated[tuple[fields.PolicyArn, ...], EachOnce, Field(max_length=10)] = ()
    """ARNs of the IAM managed policies of the application role. Pods with the service account application in the first
    of namespaces assume it."""

    @field_validator("namespaces")
    @classmethod
    def _own(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_namespaces(value)
        return value


def checked_types(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Validates instance types, see :func:`patternbook.limits.eks.check_node_types`."""
    if "architecture" not in info.data:
        check_known(value)
    else:
        check_node_types(value, architecture=info.data["architecture"], own_ami=bool(info.data.get("ami_id")))
    return value
