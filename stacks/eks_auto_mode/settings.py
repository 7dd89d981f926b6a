"""Settings of EksAutoModeStack. The defaults work in an empty account."""

from patternbook.eks.add_ons import OBSERVABILITY
from patternbook.eks.settings import ClusterSettings, InsightsSettings
from patternbook.monitoring.settings import AlarmSettings


class EksAutoModeSettings(InsightsSettings, ClusterSettings, AlarmSettings):
    """Settings of the cluster. Waiting pods decide about its nodes."""

    own_add_ons = ("metrics-server", OBSERVABILITY)
