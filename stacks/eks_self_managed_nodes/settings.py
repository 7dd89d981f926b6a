"""Settings of EksSelfManagedNodesStack. The defaults work in an empty account."""

from typing import Annotated, Literal

from patternbook.eks.add_ons import AFTER_NODES, BEFORE_NODES, OBSERVABILITY
from patternbook.eks.nodes.settings import SelfManagedNodesSettings
from patternbook.eks.settings import ClusterSettings, InsightsSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.settings.fields import EachOnce


class EksSelfManagedNodesSettings(InsightsSettings, SelfManagedNodesSettings, ClusterSettings, AlarmSettings):
    """Settings of the cluster, its nodes and their storage."""

    own_add_ons = (*BEFORE_NODES, *AFTER_NODES, "aws-ebs-csi-driver", OBSERVABILITY)

    storage: Annotated[tuple[Literal["ebs"], ...], EachOnce] = ("ebs",)
    """Storage that pods can claim. With ebs, a claim gets a volume for the pods of one AZ. Leave it empty for none."""
