"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ec2_capacity import OperatingSystem
from patternbook.eks_add_ons import AFTER_NODES, BEFORE_NODES, EBS, OBSERVABILITY
from patternbook.eks_nodes import Taint
from patternbook.eks_settings import (
    ClusterSettings,
    InsightsSettings,
    InstanceTypes,
    Labels,
    Nodes,
    NodeSettings,
    SomeNodes,
    run_the_ami,
)
from patternbook.fields import EachOnce
from patternbook.settings import RegionalSettings

Storage = Literal["ebs", "efs"]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EksManagedNodesSettings(InsightsSettings, NodeSettings, ClusterSettings, RegionalSettings):
    """Of the cluster, its two groups of nodes, and its storage."""

    refused: ClassVar[Mapping[str, str]] = {
        f"desired_{kind}nodes": "no setting of this pattern: a group begins with its minimum, and whoever scales it "
        "owns the number from then on; set min_system_nodes and min_spot_nodes"
        for kind in ("", "system_", "spot_")
    }
    add_ons = (*BEFORE_NODES, *AFTER_NODES, EBS, "aws-efs-csi-driver", OBSERVABILITY)

    operating_system: OperatingSystem = "al2023"
    """Operating system of the nodes, from the EKS-optimized AMI."""
    system_instance_types: InstanceTypes = ()
    """Instance types of the nodes on demand, in order of preference; without any, two of the architecture."""
    system_labels: Labels = Field({"nodes": "system"})
    """Labels of the nodes on demand."""
    min_system_nodes: SomeNodes = 2
    """Nodes on demand at least, and to begin with; one runs the add-ons, the second does while that is replaced."""
    max_system_nodes: SomeNodes = 4
    """Nodes on demand at most."""
    spot_instance_types: InstanceTypes = ()
    """Instance types of the nodes on Spot; without any, five of the architecture."""
    spot_labels: Labels = Field({"nodes": "spot"})
    """Labels of the nodes on Spot."""
    spot_taints: Annotated[tuple[Taint, ...], Field(max_length=10)] = (Taint(key="spot", value="true"),)
    """Taints of the nodes on Spot, so that only pods which tolerate them, and an interruption, run there."""
    min_spot_nodes: Nodes = 1
    """Nodes on Spot at least, and to begin with."""
    max_spot_nodes: SomeNodes = 4
    """Nodes on Spot at most."""
    storage: Annotated[tuple[Storage, ...], EachOnce] = ("ebs",)
    """What pods can claim volumes of: EBS, a volume for pods of one AZ; EFS, a directory for pods of all."""

    @field_validator("system_instance_types", "spot_instance_types")
    @classmethod
    def _run_the_ami(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return run_the_ami(value, info)

    @field_validator("max_system_nodes", "max_spot_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        least = f"{info.field_name}".replace("max", "min")
        if value < info.data.get(least, 0):
            raise ValueError(f"expected at least {least}, which is {info.data[least]}")
        return value
