"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from patternbook.eks.settings import ClusterSettings, FargatePodsSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.fields import EachOnce


def _mountable(value: Any) -> Any:
    if value in ("ebs", "fsx-lustre", "fsx-ontap"):
        raise ValueError(
            f"expected efs: Fargate runs no DaemonSets, so no driver for {value}, and mounts EFS by itself; "
            "EksManagedNodesStack has nodes for it"
        )
    return value


# Base classes validate from last to first; a validator sees only the fields before it.
class EksFargateSettings(FargatePodsSettings, ClusterSettings, AlarmSettings):
    """Of the cluster, and of which pods run in it."""

    add_ons = ("coredns",)

    storage: Annotated[
        tuple[Annotated[Literal["efs"], BeforeValidator(_mountable)], ...], EachOnce, Field(max_length=1)
    ] = ("efs",)
    """What pods can mount; nothing where it is empty."""
