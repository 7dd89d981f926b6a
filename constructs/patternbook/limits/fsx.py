"""The sizes in which FSx offers file systems, and about what they cost."""

from typing import Final, Literal, get_args

LustreThroughput = Literal[125, 250, 500, 1000]
"""Throughput of PERSISTENT_2 on SSD, in MB/s for each TiB of storage.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemLustreConfiguration.html
"""
LUSTRE_SMALLEST_GIB: Final = 1200
LUSTRE_STEP_GIB: Final = 2400
"""Beyond the smallest, capacity comes in multiples of it.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html
"""
LUSTRE_LARGEST_GIB: Final = 100_800
"""As many as a Region lets an account have on SSD, by default: https://docs.aws.amazon.com/fsx/latest/LustreGuide/limits.html"""
LUSTRE_CAPACITIES: Final = (
    f"{LUSTRE_SMALLEST_GIB:,} GiB, or a multiple of {LUSTRE_STEP_GIB:,} GiB up to {LUSTRE_LARGEST_GIB:,}"
)

OntapThroughput = Literal[128, 256, 512, 1024, 2048, 4096]
"""Throughput of SINGLE_AZ_1 and MULTI_AZ_1, in MB/s.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html
"""
ONTAP_SMALLEST_GIB: Final = 1024
ONTAP_LARGEST_GIB: Final = 196_608
"""192 TiB, of a file system of the first generation: https://docs.aws.amazon.com/fsx/latest/ONTAPGuide/limits.html"""
ONTAP_CAPACITIES: Final = f"{ONTAP_SMALLEST_GIB:,} to {ONTAP_LARGEST_GIB:,} GiB"

BACKUP_DAYS: Final = 30
"""How long FSx keeps a daily backup, where the posture wants backups; it is the default of FSx for ONTAP.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemOntapConfiguration.html
"""

# In us-east-1, in USD a month: https://aws.amazon.com/fsx/lustre/pricing/, https://aws.amazon.com/fsx/netapp-ontap/pricing/
_LUSTRE_PER_GIB: Final = {125: 0.145, 250: 0.210, 500: 0.340, 1000: 0.600}
_ONTAP_PER_GIB_AND_MBPS: Final = {False: (0.125, 0.72), True: (0.250, 1.20)}


def check_lustre(capacity_gib: int, mbps_per_tib: int) -> None:
    """:raises ValueError: for a capacity or a throughput that FSx for Lustre does not offer."""
    in_steps = capacity_gib == LUSTRE_SMALLEST_GIB or capacity_gib % LUSTRE_STEP_GIB == 0
    if not in_steps or not LUSTRE_SMALLEST_GIB <= capacity_gib <= LUSTRE_LARGEST_GIB:
        raise ValueError(f"expected {LUSTRE_CAPACITIES}, which FSx for Lustre offers, unlike {capacity_gib:,}")
    _check_throughput(mbps_per_tib, get_args(LustreThroughput), "MB/s for each TiB")


def check_ontap(capacity_gib: int, mbps: int) -> None:
    """:raises ValueError: for a capacity or a throughput that FSx for NetApp ONTAP does not offer."""
    if not ONTAP_SMALLEST_GIB <= capacity_gib <= ONTAP_LARGEST_GIB:
        raise ValueError(f"expected {ONTAP_CAPACITIES}, which FSx for ONTAP offers, unlike {capacity_gib:,}")
    _check_throughput(mbps, get_args(OntapThroughput), "MB/s")


def _check_throughput(given: int, offered: tuple[int, ...], unit: str) -> None:
    if given not in offered:
        raise ValueError(f"expected one of {', '.join(map(str, offered))} {unit}, unlike {given}")


def monthly_cost_of_lustre(capacity_gib: int, mbps_per_tib: int) -> float:
    """About what it costs in us-east-1, in USD."""
    return capacity_gib * _LUSTRE_PER_GIB[mbps_per_tib]


def monthly_cost_of_ontap(capacity_gib: int, mbps: int, *, multi_az: bool) -> float:
    """About what it costs in us-east-1, in USD."""
    per_gib, per_mbps = _ONTAP_PER_GIB_AND_MBPS[multi_az]
    return capacity_gib * per_gib + mbps * per_mbps
