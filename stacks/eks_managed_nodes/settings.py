"""Settings of EksManagedNodesStack. The defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, OBSERVABILITY
from patternbook.eks.nodes.settings import (
    InstanceTypes,
    Labels,
    ManagedNodeSettings,
    NodeGroupSettings,
    Nodes,
    SomeNodes,
    Taint,
    checked_types,
)
from patternbook.eks.settings import ClusterSettings, InsightsSettings
from patternbook.eks.storage.settings import Storage, StorageSettings
from patternbook.limits.fsx import ROUTES_OF_OTHERS
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.base import RegionalSettings, posture_of
from patternbook.settings.ranges import checked_maximum


# Base classes validate from last to first, and a validator sees only the fields before it: storage is checked
# against operating_system.
class EksManagedNodesSettings(
    StorageSettings, InsightsSettings, ManagedNodeSettings, ClusterSettings, AlarmSettings, RegionalSettings
):
    """Settings of the cluster, its two node groups, and its storage."""

    refused: ClassVar[Mapping[str, str]] = {
        f"desired_{kind}nodes": "Not supported: a node group starts with its minimum, and an autoscaler or a person "
        "owns the number from then on. Set min_system_nodes and min_spot_nodes."
        for kind in ("", "system_", "spot_")
    }
    own_add_ons = (
        *(*BEFORE_NODES, *AFTER_NODES, "aws-ebs-csi-driver", OBSERVABILITY),
        *("aws-efs-csi-driver", "aws-fsx-csi-driver", "netapp_trident-operator"),
    )

    system_instance_types: InstanceTypes = ()
    """Instance types of the on-demand nodes, in order of preference. Defaults to two types of the architecture."""
    system_labels: Labels = Field({"nodes": "system"})
    """Kubernetes labels of the on-demand nodes."""
    min_system_nodes: SomeNodes = 2
    """Minimum number of on-demand nodes, and their number at first. With two, one node runs the add-ons while EKS
    replaces the other."""
    max_system_nodes: SomeNodes = 4
    """Maximum number of on-demand nodes."""
    spot_instance_types: InstanceTypes = ()
    """Instance types of the Spot nodes. More types mean fewer interruptions. Defaults to five types of the
    architecture."""
    spot_labels: Labels = Field({"nodes": "spot"})
    """Kubernetes labels of the Spot nodes."""
    spot_taints: Annotated[tuple[Taint, ...], Field(max_length=10)] = (Taint(key="spot", value="true"),)
    """Taints of the Spot nodes. They keep off pods that cannot bear an interruption."""
    min_spot_nodes: Nodes = 1
    """Minimum number of Spot nodes, and their number at first."""
    max_spot_nodes: SomeNodes = 4
    """Maximum number of Spot nodes."""

    @field_validator("storage")
    @classmethod
    def _without_routes_of_others(cls, value: tuple[Storage, ...], info: ValidationInfo) -> tuple[Storage, ...]:
        posture = posture_of(info)
        if "fsx-ontap" in value and info.data.get("vpc") and posture.multi_az_file_systems:
            raise ValueError(ROUTES_OF_OTHERS.format(posture=posture.name))
        return value

    @field_validator("system_instance_types", "spot_instance_types")
    @classmethod
    def _of_the_architecture(cls, value: InstanceTypes, info: ValidationInfo) -> InstanceTypes:
        return checked_types(value, info)

    @field_validator("max_system_nodes", "max_spot_nodes")
    @classmethod
    def _ordered(cls, value: int, info: ValidationInfo) -> int:
        return checked_maximum(value, info)

    @property
    def system_nodes(self) -> NodeGroupSettings:
        """Settings of the on-demand node group."""
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
        """Settings of the Spot node group."""
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
