"""Settings of what pods run on: managed nodes, self-managed nodes and Fargate."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import LogSettings
from patternbook.eks.settings import ApplicationSettings
from patternbook.limits.ec2_types import check_known
from patternbook.limits.eks import MAX_NAMESPACES, MAX_NODES, check_node_types
from patternbook.limits.eks_amis import AMI_RELEASE, release_date
from patternbook.limits.instance_types import Architecture
from patternbook.limits.operating_systems import OperatingSystem
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import (
    NAMESPACE,
    EachOnce,
    Percent,
    Whole,
)
from patternbook.settings.ranges import checked_maximum
from patternbook.settings.validators import Expected, Unit

CapacityType = Literal["ON_DEMAND", "SPOT"]
TaintEffect = Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]
Labels = Annotated[dict[fields.LabelKey, fields.LabelValue], Field(max_length=50)]
InstanceTypeText = Annotated[str, Expected('an instance type of EC2, such as "m7g.large"')]
InstanceTypes = Annotated[tuple[InstanceTypeText, ...], EachOnce, Field(max_length=10)]
# A group may have no nodes at first, and be scaled up by an autoscaler or a person.
Nodes = Annotated[Whole, Field(ge=0, le=MAX_NODES), Unit("nodes")]
SomeNodes = Annotated[Whole, Field(ge=1, le=MAX_NODES), Unit("nodes")]

SYSTEM_NAMESPACES: Final = ("kube-system", "aws-observability")
"""Namespaces that belong to the cluster."""


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
    """Settings of one :class:`patternbook.eks.nodes.managed.ManagedNodes`.

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
    """Settings of :class:`patternbook.eks.nodes.self_managed.SelfManagedNodes`."""

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


class FargatePodsSettings(ApplicationSettings, LogSettings):
    """Settings of :class:`patternbook.eks.nodes.fargate.FargatePods`."""

    namespaces: Annotated[tuple[fields.Namespace, ...], EachOnce, Field(min_length=1, max_length=MAX_NAMESPACES)] = (
        "default",
    )
    """Kubernetes namespaces whose pods run on Fargate, beside kube-system. Pods of other namespaces find no node."""

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
