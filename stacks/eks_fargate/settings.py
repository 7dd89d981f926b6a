"""Settings of EksFargateStack. The defaults work in an empty account."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from patternbook.eks.nodes.settings import FargatePodsSettings
from patternbook.eks.settings import ClusterSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.fields import EachOnce


def _mountable(value: Any) -> Any:
    if value in ("ebs", "fsx-lustre", "fsx-ontap"):
        raise ValueError(
            f"Must be efs, got {value}. Fargate runs no DaemonSets, so it has no driver for {value}. "
            "Use EksManagedNodesStack for it."
        )
    return value


class EksFargateSettings(FargatePodsSettings, ClusterSettings, AlarmSettings):
    """Settings of the cluster, its pods and their storage."""

    own_add_ons = ("coredns",)
    optional_add_ons = ("metrics-server",)

    storage: Annotated[
        tuple[Annotated[Literal["efs"], BeforeValidator(_mountable)], ...], EachOnce, Field(max_length=1)
    ] = ("efs",)
    """Storage that pods can mount. Leave it empty for none."""
