"""Settings of the storage of a cluster with nodes: EBS, EFS, FSx for Lustre and FSx for NetApp ONTAP."""

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

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
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import EachOnce, Whole
from patternbook.settings.validators import Expected, Unit

Storage = Literal["ebs", "efs", "fsx-lustre", "fsx-ontap"]


class StorageSettings(PatternSettings):
    """Settings of a :class:`patternbook.eks.storage.cluster_storage.ClusterStorage`."""

    storage: Annotated[tuple[Storage, ...], EachOnce] = ("ebs",)
    """Storage that pods can claim. A claim gets: with ebs, a volume for the pods of one AZ; with efs, a directory for
    the pods of all AZs; with fsx-lustre, a fast file system that all claims share; with fsx-ontap, a volume for the
    pods of all AZs."""
    lustre_mbps_per_tib: Annotated[LustreThroughput, Unit("MB/s per TiB")] = 125
    """Throughput of FSx for Lustre per TiB of storage."""
    lustre_capacity_gib: Annotated[Whole, Expected(LUSTRE_CAPACITIES), Unit("GiB")] = LUSTRE_SMALLEST_GIB
    """Storage capacity of FSx for Lustre. It can grow to a multiple of 2,400 GiB, and cannot shrink."""
    ontap_mbps: Annotated[OntapThroughput, Unit("MB/s")] = 128
    """Throughput of FSx for ONTAP."""
    ontap_capacity_gib: Annotated[Whole, Expected(ONTAP_CAPACITIES), Unit("GiB")] = ONTAP_SMALLEST_GIB
    """SSD storage capacity of FSx for ONTAP. It can grow, and cannot shrink."""

    @field_validator("storage")
    @classmethod
    def _mountable(cls, value: tuple[Storage, ...], info: ValidationInfo) -> tuple[Storage, ...]:
        # https://github.com/bottlerocket-os/bottlerocket/issues/4128
        if "fsx-ontap" in value and info.data.get("operating_system") == "bottlerocket":
            raise ValueError(
                "Must not contain fsx-ontap with bottlerocket, which does not support NetApp Trident. Use al2023."
            )
        return value

    @field_validator("lustre_mbps_per_tib", "lustre_capacity_gib", "ontap_mbps", "ontap_capacity_gib")
    @classmethod
    def _of_a_storage(cls, value: int, info: ValidationInfo) -> int:
        storage = f"fsx-{f'{info.field_name}'.partition('_')[0]}"
        if value != cls.model_fields[f"{info.field_name}"].default and storage not in info.data.get("storage", storage):
            raise ValueError(f"Requires {storage} in storage. Add {storage} there, or remove this setting.")
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
