"""Settings of AuroraServerlessStack. The defaults work in an empty account."""

from patternbook.data.settings import DatabaseSettings, KeySettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings


class AuroraServerlessSettings(AlarmSettings, KeySettings, NetworkSettings, DatabaseSettings):
    """Settings of the database, its network and its alarms."""
