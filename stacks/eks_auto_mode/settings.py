"""What can be chosen; the defaults work in an empty account."""

from patternbook.eks_add_ons import OBSERVABILITY
from patternbook.eks_settings import ClusterSettings, InsightsSettings


# Fields are in the order of the classes from the last to the first, and rules see those before them.
class EksAutoModeSettings(InsightsSettings, ClusterSettings):
    """Of the cluster; what runs in it decides about nodes."""

    add_ons = ("metrics-server", OBSERVABILITY)
