"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from patternbook.eks.fargate import MAX_NAMESPACES, check_namespaces
from patternbook.eks.settings import ClusterSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings import fields
from patternbook.settings.fields import EachOnce


def _mountable(value: Any) -> Any:
    if value in ("ebs", "fsx-lustre", "fsx-ontap"):
        raise ValueError(
            f"expected efs: Fargate runs no DaemonSets, so no driver for {value}, and mounts EFS by itself; "
            "EksManagedNodesStack has nodes for it"
        )
    return value


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EksFargateSettings(ClusterSettings, AlarmSettings):
    """Of the cluster, and of which pods run in it."""

    add_ons = ("coredns",)

    namespaces: Annotated[tuple[fields.Namespace, ...], EachOnce, Field(min_length=1, max_length=MAX_NAMESPACES)] = (
        "default",
    )
    """Kubernetes namespaces whose pods run on Fargate; in others they find no node."""
    storage: Annotated[
        tuple[Annotated[Literal["efs"], BeforeValidator(_mountable)], ...], EachOnce, Field(max_length=1)
    ] = ("efs",)
    """What pods can mount; nothing where it is empty."""

    @field_validator("namespaces")
    @classmethod
    def _own(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_namespaces(value)
        return value
