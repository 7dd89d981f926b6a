"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, EBS, OBSERVABILITY
from patternbook.eks.settings import (
    ClusterSettings,
    InsightsSettings,
    InstanceTypes,
    Labels,
    ManagedNodeSettings,
    NodeGroupSettings,
    Nodes,
    SomeNodes,
    Taint,
    at_least,
    run_the_ami,
)
from patternbook.eks.storage.settings import StorageSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.base import RegionalSettings


# Base classes validate from last to first; a validator sees only the fields before it.
class EksManagedNodesSettings(
    StorageSettings, InsightsSettings, ManagedNodeSettings, ClusterSettings, AlarmSettings, RegionalSettings
):
    """Of the cluster, its two groups of nodes, and its storage."""

    refused: ClassVar[Mapping[str, str]] = {
        f"desired_{kind}nodes": "no setting of this pattern: a group begins with its minimum, and whoever scales it "
        "owns the number from then on; set min_system_nodes and min_spot_nodes"
        for kind in ("", "system_", "spot_")
    }
    add_ons = (
        *(*BEFORE_NODES, *AFTER_NODES, EBS, OBSERVABILITY),
        *("aws-efs-csi-driver", "aws-fsx-csi-driver", "netapp_trident-operator"),
    )

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

    @field_validator("system_instance_types", "spot_instance_types")
    @classmethod
    def _run_the_ami(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return run_the_ami(value, info)

    @field_validator("max_system_nodes", "max_spot_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return at_least(value, info, f"{info.field_name}".replace("max", "min"))

    @property
    def system_nodes(self) -> NodeGroupSettings:
        """The node group on demand."""
        return NodeGroupSettings(
            capacity_type="ON_DEMAND",
            operating_system=self.operating_system,
            architecture=self.architecture,
            volume_gib=self.volume_gib,
            instance_types=self.system_instance_types,
            labels=self.system_labels,
            min_nodes=self.min_system_nodes,
            max_nodes=self.max_system_nodes,
        )

    @property
    def spot_nodes(self) -> NodeGroupSettings:
        """The node group on Spot."""
        return NodeGroupSettings(
            capacity_type="SPOT",
            operating_system=self.operating_system,
            architecture=self.architecture,
            volume_gib=self.volume_gib,
            instance_types=self.spot_instance_types,
            labels=self.spot_labels,
            taints=self.spot_taints,
            min_nodes=self.min_spot_nodes,
            max_nodes=self.max_spot_nodes,
        )
