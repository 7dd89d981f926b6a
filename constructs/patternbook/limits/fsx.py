"""Sizes of FSx file systems, and their approximate cost."""

from typing import Final, Literal, get_args

LustreThroughput = Literal[125, 250, 500, 1000]
"""Throughput of the deployment type PERSISTENT_2 on SSD, in MB/s per TiB of storage.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemLustreConfiguration.html
"""
LUSTRE_SMALLEST_GIB: Final = 1200
LUSTRE_STEP_GIB: Final = 2400
"""Capacities above the smallest are multiples of this.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html
"""
LUSTRE_LARGEST_GIB: Final = 100_800
"""Default quota of an account for SSD storage in a Region: https://docs.aws.amazon.com/fsx/latest/LustreGuide/limits.html"""
LUSTRE_CAPACITIES: Final = (
    f"{LUSTRE_SMALLEST_GIB:,} GiB, or a multiple of {LUSTRE_STEP_GIB:,} GiB up to {LUSTRE_LARGEST_GIB:,}"
)

OntapThroughput = Literal[128, 256, 512, 1024, 2048, 4096]
"""Throughput of the deployment types SINGLE_AZ_1 and MULTI_AZ_1, in MB/s.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html
"""
ONTAP_SMALLEST_GIB: Final = 1024
ONTAP_LARGEST_GIB: Final = 196_608
"""192 TiB, the maximum of a first-generation file system: https://docs.aws.amazon.com/fsx/latest/ONTAPGuide/limits.html"""
ONTAP_CAPACITIES: Final = f"{ONTAP_SMALLEST_GIB:,} to {ONTAP_LARGEST_GIB:,} GiB"

ROUTES_OF_OTHERS: Final = (
    "FSx for ONTAP has a standby in {posture}, and FSx would change route tables for it. The stack changes none in a "
    "VPC that exists. Use efs, or a VPC of the stack."
)
"""https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html"""

BACKUP_DAYS: Final = 30
"""Retention of daily backups, where the posture asks for backups. It is the default of FSx for ONTAP.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html
"""

# USD per month in us-east-1: https://aws.amazon.com/fsx/lustre/pricing/, https://aws.amazon.com/fsx/netapp-ontap/pricing/
_LUSTRE_PER_GIB: Final = {125: 0.145, 250: 0.210, 500: 0.340, 1000: 0.600}
_ONTAP_PER_GIB_AND_MBPS: Final = {False: (0.125, 0.72), True: (0.250, 1.20)}


def check_lustre(capacity_gib: int, mbps_per_tib: int) -> None:
    """:raises ValueError: for a capacity or a throughput that FSx for Lustre does not offer."""
    in_steps = capacity_gib == LUSTRE_SMALLEST_GIB or capacity_gib % LUSTRE_STEP_GIB == 0
    if not in_steps or not LUSTRE_SMALLEST_GIB <= capacity_gib <= LUSTRE_LARGEST_GIB:
        raise ValueError(f"The capacity of FSx for Lustre must be {LUSTRE_CAPACITIES}, got {capacity_gib:,}.")
    _check_throughput(mbps_per_tib, get_args(LustreThroughput), "MB/s per TiB")


def check_ontap(capacity_gib: int, mbps: int) -> None:
    """:raises ValueError: for a capacity or a throughput that FSx for NetApp ONTAP does not offer."""
    if not ONTAP_SMALLEST_GIB <= capacity_gib <= ONTAP_LARGEST_GIB:
        raise ValueError(f"The capacity of FSx for ONTAP must be {ONTAP_CAPACITIES}, got {capacity_gib:,}.")
    _check_throughput(mbps, get_args(OntapThroughput), "MB/s")


def _check_throughput(given: int, offered: tuple[int, ...], unit: str) -> None:
    if given not in offered:
        raise ValueError(f"The throughput must be one of {', '.join(map(str, offered))} {unit}, got {given}.")


def monthly_cost_of_lustre(capacity_gib: int, mbps_per_tib: int) -> float:
    """Approximate cost in us-east-1, in USD."""
    return capacity_gib * _LUSTRE_PER_GIB[mbps_per_tib]


def monthly_cost_of_ontap(capacity_gib: int, mbps: int, *, multi_az: bool) -> float:
    """Approximate cost in us-east-1, in USD."""
    per_gib, per_mbps = _ONTAP_PER_GIB_AND_MBPS[multi_az]
    return capacity_gib * per_gib + mbps * per_mbps
