"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.settings import DESIRED
from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, EBS, OBSERVABILITY
from patternbook.eks.settings import (
    ClusterSettings,
    InsightsSettings,
    InstanceTypes,
    Labels,
    NodeSettings,
    SomeNodes,
    run_the_ami,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce, Percent, Unit, Whole

Storage = Literal["ebs"]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EksSelfManagedNodesSettings(InsightsSettings, NodeSettings, ClusterSettings, AlarmSettings):
    """Of the cluster, and of its nodes."""

    refused: ClassVar[Mapping[str, str]] = {"desired_nodes": DESIRED.format("nodes")}
    add_ons = (*BEFORE_NODES, *AFTER_NODES, EBS, OBSERVABILITY)

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
    storage: Annotated[tuple[Storage, ...], EachOnce] = ("ebs",)
    """What pods can claim volumes of."""

    @field_validator("instance_types")
    @classmethod
    def _run_the_ami(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return run_the_ami(value, info)

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("min_nodes", 0):
            raise ValueError(f"expected at least min_nodes, which is {info.data['min_nodes']}")
        return value
