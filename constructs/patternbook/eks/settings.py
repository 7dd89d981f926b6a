"""Settings that patterns with an EKS cluster have in common, by the construct that takes them."""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.eks.cluster import MAX_PUBLIC_CIDRS, check_public_access
from patternbook.eks.managed_nodes import check_node_types
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.instance_types import Architecture, InstanceTypeName
from patternbook.network.settings import NetworkSettings
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, posture_of
from patternbook.settings.fields import EachOnce, Expected, Unit, Whole, YesNo

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
AddOnVersion = Annotated[
    str, fields.matching(r"v\d+\.\d+\.\d+-eksbuild\.\d+", 'a version such as "v1.20.4-eksbuild.1"')
]
Labels = Annotated[dict[fields.LabelKey, fields.LabelValue], Field(max_length=50)]
InstanceTypes = Annotated[tuple[InstanceTypeName, ...], EachOnce, Field(max_length=10)]
# EKS takes 450 at most; none is for somebody, or something, that scales the group up.
Nodes = Annotated[Whole, Field(ge=0, le=450), Unit("nodes")]
SomeNodes = Annotated[Whole, Field(ge=1, le=450), Unit("nodes")]


class ClusterSettings(NetworkSettings):
    """Of the control plane, see :class:`patternbook.eks.cluster.EksCluster`."""

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


class NodeSettings(PatternSettings):
    """What all nodes have in common."""

    architecture: Architecture = "arm64"
    """Architecture of AMI, nodes and images."""
    volume_gib: Annotated[Whole, Field(ge=20, le=16384), Unit("GiB")] = 30
    """Volume of a node, for images and what containers write."""


def run_the_ami(value: tuple[InstanceTypeName, ...], info: ValidationInfo) -> tuple[InstanceTypeName, ...]:
    """Part of a rule: see :func:`patternbook.eks.managed_nodes.check_node_types`."""
    if "architecture" in info.data:
        check_node_types(value, architecture=info.data["architecture"])
    return value


class InsightsSettings(PatternSettings):
    """What CloudWatch is told about pods."""

    container_insights: YesNo = True
    """Send metrics and logs of nodes and pods to CloudWatch, for money by volume."""
