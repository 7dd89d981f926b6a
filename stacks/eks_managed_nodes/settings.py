"""What can be chosen; the defaults work in an empty account."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from patternbook.ecs.ec2_capacity import OperatingSystem
from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, EBS, OBSERVABILITY
from patternbook.eks.managed_nodes import Taint
from patternbook.eks.settings import (
    ClusterSettings,
    InsightsSettings,
    InstanceTypes,
    Labels,
    Nodes,
    NodeSettings,
    SomeNodes,
    run_the_ami,
)
from patternbook.limits.fsx import (
    LUSTRE_CAPACITIES,
    LUSTRE_SMALLEST_GIB,
    ONTAP_CAPACITIES,
    ONTAP_SMALLEST_GIB,
    LustreThroughput,
    OntapThroughput,
    check_lustre,
    check_ontap,
)
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.base import RegionalSettings
from patternbook.settings.fields import EachOnce, Expected, Unit, Whole

Storage = Literal["ebs", "efs", "fsx-lustre", "fsx-ontap"]


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EksManagedNodesSettings(InsightsSettings, NodeSettings, ClusterSettings, AlarmSettings, RegionalSettings):
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
    """What pods can claim volumes of: EBS, a volume for pods of one AZ; EFS, a directory for pods of all; FSx for
    Lustre, one fast file system for all claims together; FSx for ONTAP, a volume for pods of all AZs."""
    lustre_mbps_per_tib: Annotated[LustreThroughput, Unit("MB/s for each TiB")] = 125
    """Throughput of FSx for Lustre."""
    lustre_capacity_gib: Annotated[Whole, Expected(LUSTRE_CAPACITIES), Unit("GiB")] = LUSTRE_SMALLEST_GIB
    """Capacity of FSx for Lustre; it can grow, to a multiple of 2,400, and not shrink."""
    ontap_mbps: Annotated[OntapThroughput, Unit("MB/s")] = 128
    """Throughput of FSx for ONTAP."""
    ontap_capacity_gib: Annotated[Whole, Expected(ONTAP_CAPACITIES), Unit("GiB")] = ONTAP_SMALLEST_GIB
    """Capacity of FSx for ONTAP on SSD; it can grow, and not shrink."""

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

    @field_validator("storage")
    @classmethod
    def _mountable(cls, value: tuple[Storage, ...], info: ValidationInfo) -> tuple[Storage, ...]:
        # https://github.com/bottlerocket-os/bottlerocket/issues/4128
        if "fsx-ontap" in value and info.data.get("operating_system") == "bottlerocket":
            raise ValueError("expected no fsx-ontap with bottlerocket, which does not support NetApp Trident")
        return value

    @field_validator("lustre_mbps_per_tib", "lustre_capacity_gib", "ontap_mbps", "ontap_capacity_gib")
    @classmethod
    def _of_a_storage(cls, value: int, info: ValidationInfo) -> int:
        storage = f"fsx-{f'{info.field_name}'.partition('_')[0]}"
        if value != cls.model_fields[f"{info.field_name}"].default and storage not in info.data.get("storage", storage):
            raise ValueError(f"expected storage to have {storage} with it")
        return value

    @field_validator("lustre_capacity_gib")
    @classmethod
    def _offered_by_lustre(cls, value: int, info: ValidationInfo) -> int:
        check_lustre(value, info.data.get("lustre_mbps_per_tib", 125))
        return value

    @field_validator("ontap_capacity_gib")
    @classmethod
    def _offered_by_ontap(cls, value: int, info: ValidationInfo) -> int:
        check_ontap(value, info.data.get("ontap_mbps", 128))
        return value
