"""What can be chosen; the defaults work in an empty account."""

from typing import Annotated, Literal

from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, EBS, OBSERVABILITY
from patternbook.eks.settings import ClusterSettings, InsightsSettings, SelfManagedNodesSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.fields import EachOnce


# Base classes validate from last to first; a validator sees only the fields before it.
class EksSelfManagedNodesSettings(InsightsSettings, SelfManagedNodesSettings, ClusterSettings, AlarmSettings):
    """Of the cluster, and of its nodes."""

    add_ons = (*BEFORE_NODES, *AFTER_NODES, EBS, OBSERVABILITY)

    storage: Annotated[tuple[Literal["ebs"], ...], EachOnce] = ("ebs",)
    """What pods can claim volumes of."""
