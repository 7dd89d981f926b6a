"""Cases for the rules of EFS."""

from collections.abc import Mapping
from typing import Final

from tests.rules.cases.base import REMOVED, Case, case, changed, ref, zone
from tests.rules.cases.ecs import FILES

CASES: Final[Mapping[str, Case]] = {
    "efs-zone-without-mount-target": case(
        FILES,
        {"MountTwo": REMOVED, "Service.DependsOn": ["MountOne"]},
        {
            "MountTwo": REMOVED,
            "Service.DependsOn": ["MountOne"],
            "One.AvailabilityZone": "eu-west-1a",
            "Two.AvailabilityZone": "eu-west-1b",
        },
    ),
    "efs-zone-with-two-mount-targets": case(
        changed(FILES, {"Service": REMOVED}), {"Two.AvailabilityZone": zone(0)}, {"MountTwo.SubnetId": ref("One")}
    ),
}
