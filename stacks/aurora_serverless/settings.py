"""Settings of AuroraServerlessStack. The defaults work in an empty account."""

from collections.abc import Mapping
from typing import Any

from patternbook.data.settings import DatabaseSettings, KeySettings
from patternbook.limits.networks import Tier
from patternbook.monitoring.settings import AlarmSettings
from patternbook.network.settings import NetworkSettings


class AuroraServerlessSettings(AlarmSettings, KeySettings, NetworkSettings, DatabaseSettings):
    """Settings of the database, its network and its alarms."""

    @classmethod
    def tiers(cls, given: Mapping[str, Any]) -> tuple[Tier, ...]:  # noqa: ARG003 - the same for all settings
        """The functions are in no VPC, so only the instances need subnets."""
        return ("isolated_subnets",)
