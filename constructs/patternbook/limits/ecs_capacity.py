"""Limits of EC2 capacity for ECS: Auto Scaling groups, capacity providers and managed instances."""

from typing import Literal

from patternbook.limits.instance_types import USABLE_MEMORY
from patternbook.limits.scaling import check_order, check_spot_share

CapacityOption = Literal["on-demand", "spot"]


def check_numbers(
    *,
    min_instances: int,
    max_instances: int,
    on_demand_base: int,
    spot_percent: int,
    target_capacity_percent: int | None = None,
    target_instance_cpu_percent: int | None = None,
) -> None:
    """:raises ValueError: if a number is out of range, or the minimum is above the maximum."""
    check_order("instances", minimum=min_instances, maximum=max_instances)
    if max_instances < 1:
        raise ValueError(f"max_instances must be at least 1, got {max_instances}.")
    check_spot_share(on_demand_base=on_demand_base, spot_percent=spot_percent)
    targets = {
        "target_capacity_percent": target_capacity_percent,
        "target_instance_cpu_percent": target_instance_cpu_percent,
    }
    for name, percent in targets.items():
        if percent is not None and not 1 <= percent <= 100:
            raise ValueError(f"{name} must be 1 to 100, got {percent}.")


def check_scaling(
    *,
    capacity_provider: bool,
    target_capacity_percent: int | None = None,
    protect_busy_instances: bool | None = None,
    target_instance_cpu_percent: int | None = None,
    min_instances: int = 1,
) -> None:
    """:raises ValueError: if an argument needs the other way of scaling, since a group scales in one way only."""
    if capacity_provider and target_instance_cpu_percent is not None:
        raise ValueError(
            f"target_instance_cpu_percent must not be set with a capacity provider, got {target_instance_cpu_percent}. "
            "The provider scales the instances by their tasks. Set capacity_provider to false to scale them by CPU."
        )
    if not capacity_provider and target_capacity_percent is not None:
        raise ValueError(
            f"target_capacity_percent must not be set without a capacity provider, got {target_capacity_percent}. Set "
            "target_instance_cpu_percent, or set capacity_provider to true."
        )
    if not capacity_provider and protect_busy_instances is not None:
        raise ValueError(
            f"protect_busy_instances must not be set without a capacity provider, got {protect_busy_instances}. Only a "
            "provider knows which instances are busy. Set capacity_provider to true."
        )
    if not capacity_provider and min_instances < 1:
        raise ValueError(
            f"min_instances must be at least 1 without a capacity provider, got {min_instances}. A group "
            "without instances has no CPU utilization to scale by. Raise min_instances."
        )


def check_bounds(*, min_vcpus: int, max_vcpus: int, min_memory_gib: int, max_memory_gib: int) -> None:
    """:raises ValueError: if no instance can be within these bounds."""
    check_order("vcpus", minimum=min_vcpus, maximum=max_vcpus, lowest=1)
    check_order("memory_gib", minimum=min_memory_gib, maximum=max_memory_gib, lowest=1)


def check_fits(*, cpu: int, memory_mib: int, max_vcpus: int, max_memory_gib: int) -> None:
    """Whether the largest instance that ECS may choose has room for a task.

    :param cpu: CPU units of the task; 1,024 units are one vCPU.
    :raises ValueError: if no instance has room for the task.
    """
    most = int(max_memory_gib * 1024 * USABLE_MEMORY)
    if cpu > max_vcpus * 1024 or memory_mib > most:
        raise ValueError(
            f"max_vcpus and max_memory_gib must have room for a task with {cpu} CPU units and {memory_mib} MiB, but "
            f"the largest instance has {max_vcpus * 1024} CPU units and about {most} MiB. Raise them, or lower cpu "
            "or memory_mib."
        )
