"""What can be chosen; the defaults work in an empty account."""

from patternbook.eks.add_ons import OBSERVABILITY
from patternbook.eks.settings import ClusterSettings, InsightsSettings
from patternbook.monitoring.settings import AlarmSettings


# Base classes validate from last to first; a validator sees only the fields before it.
class EksAutoModeSettings(InsightsSettings, ClusterSettings, AlarmSettings):
    """Of the cluster; what runs in it decides about nodes."""

    add_ons = ("metrics-server", OBSERVABILITY)
