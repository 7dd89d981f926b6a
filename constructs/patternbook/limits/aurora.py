"""Limits of Aurora Serverless v2 with PostgreSQL, each with its source, and checks of them. They work without the CDK.

Capacity is measured in Aurora capacity units (ACUs). Each has about 2 GiB of memory.
"""

import re
from typing import Final, Literal

from patternbook.limits.limit import Limit

CAPACITY: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html"
AUTO_PAUSE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html"
SETTING_CAPACITY: Final = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"
)

MAX_ACU: Final = 256
ACU_STEP: Final = 0.5
GIB_PER_ACU: Final = 2
PAUSE_SECONDS: Final = Limit("SecondsUntilAutoPause", 300, 86_400, "seconds", CAPACITY)
BACKUP_DAYS: Final = Limit(
    "backup retention period",
    1,
    35,
    "days",
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
)
READERS: Final = Limit(
    "Aurora Replicas",
    0,
    15,
    "readers",
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Replication.html",
)
RESUME_SECONDS: Final = 30
"""Time that a paused instance may take to resume: about 15 seconds, and 30 or longer after a pause of more than a day
(:data:`AUTO_PAUSE`)."""

EngineVersion = Literal["16.11", "16.13", "17.7", "17.9"]
"""Versions of Aurora PostgreSQL that the CDK knows, that pause and that have the Data API.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
"""
ENGINE_VERSION: Final[EngineVersion] = "17.9"
"""The default version."""
PAUSING_MINORS: Final = {13: 15, 14: 12, 15: 7, 16: 3}
"""The first minor version of each major version that pauses. All versions from 17 on do (:data:`AUTO_PAUSE`)."""


def pauses(engine_version: str) -> bool | None:
    """Whether a version of Aurora PostgreSQL pauses, or None if the text is not a complete version."""
    found = re.fullmatch(r"(\d+)\.(\d+)(\..*|-.*)?", engine_version)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    return major > max(PAUSING_MINORS) or minor >= PAUSING_MINORS.get(major, minor + 1)


def max_connections(*, min_acu: float, max_acu: float) -> int:
    """A cautious estimate of the default of ``max_connections``, which follows the maximum capacity.

    AWS lists 189 connections for 1 ACU, 823 for 4, 1,669 for 8, 3,360 for 16 and 5,000 from 32 on. With a minimum of 0
    or 0.5 ACUs, it is at most 2,000 (:data:`SETTING_CAPACITY`).
    """
    return min(round(189 * max_acu), 2_000 if min_acu <= ACU_STEP else 5_000)


def check_acu(argument: str, acu: float, *, minimum: float) -> None:
    """:raises ValueError: for a capacity that Aurora does not offer."""
    if not minimum <= acu <= MAX_ACU or acu % ACU_STEP:
        raise ValueError(
            f"{argument} must be {minimum:g} to {MAX_ACU} ACUs in steps of {ACU_STEP:g}, got {acu:g} ({CAPACITY})."
        )


def check_pause(pause_after_seconds: int | None, *, min_acu: float) -> None:
    """:raises ValueError: for a pause that Aurora refuses, or that never begins."""
    if pause_after_seconds is None:
        return
    PAUSE_SECONDS.check("pause_after_seconds", pause_after_seconds)
    if min_acu > 0:
        raise ValueError(
            f"pause_after_seconds requires min_acu of 0, got {min_acu:g}. Aurora pauses only with a minimum capacity "
            f"of 0 ({AUTO_PAUSE}). Set min_acu to 0, or leave pause_after_seconds unset."
        )
