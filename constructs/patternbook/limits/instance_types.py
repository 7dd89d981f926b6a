"""The EC2 instance types on offer, and their room for tasks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Architecture = Literal["arm64", "x86_64"]
InstanceTypeName = Literal[
    "t4g.small",
    "t4g.medium",
    "t4g.large",
    "m7g.large",
    "m7g.xlarge",
    "c7g.large",
    "c7g.xlarge",
    "r7g.large",
    "t3.small",
    "t3.medium",
    "t3.large",
    "m6i.large",
    "m6i.xlarge",
    "c6i.large",
    "c6i.xlarge",
    "r6i.large",
]


@dataclass(frozen=True)
class InstanceType:
    """The room of an instance for tasks."""

    architecture: Architecture
    vcpus: int
    memory_mib: int
    tasks: int
    """Number of tasks with a network interface of their own (``awsvpc``). The instance itself needs one, too."""
    trunked_tasks: int | None = None
    """The same with the account setting ``awsvpcTrunking``; None if the type does not support it."""


INSTANCE_TYPES: Final[dict[InstanceTypeName, InstanceType]] = {
    "t4g.small": InstanceType("arm64", 2, 2048, 2),
    "t4g.medium": InstanceType("arm64", 2, 4096, 2),
    "t4g.large": InstanceType("arm64", 2, 8192, 2),
    "m7g.large": InstanceType("arm64", 2, 8192, 2, 10),
    "m7g.xlarge": InstanceType("arm64", 4, 16384, 3, 20),
    "c7g.large": InstanceType("arm64", 2, 4096, 2, 10),
    "c7g.xlarge": InstanceType("arm64", 4, 8192, 3, 20),
    "r7g.large": InstanceType("arm64", 2, 16384, 2, 10),
    "t3.small": InstanceType("x86_64", 2, 2048, 2),
    "t3.medium": InstanceType("x86_64", 2, 4096, 2),
    "t3.large": InstanceType("x86_64", 2, 8192, 2),
    "m6i.large": InstanceType("x86_64", 2, 8192, 2, 10),
    "m6i.xlarge": InstanceType("x86_64", 4, 16384, 3, 20),
    "c6i.large": InstanceType("x86_64", 2, 4096, 2, 10),
    "c6i.xlarge": InstanceType("x86_64", 4, 8192, 3, 20),
    "r6i.large": InstanceType("x86_64", 2, 16384, 2, 10),
}
"""Types of families that every commercial Region has. AWS lists the network interfaces with and without trunking:

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
"""

DEFAULT_TYPES: Final[dict[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("t4g.small", "t4g.medium"),
    "x86_64": ("t3.small", "t3.medium"),
}
"""Types to use by default. Two each, so that Spot has an alternative."""

USABLE_MEMORY: Final = 0.9
"""Approximate share of an instance's memory for tasks. The kernel and the agent need the rest.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
"""


_NAME = re.compile(r"(?P<family>[a-z]+)\d+(?P<options>[a-z]*)\.[a-z0-9-]+", re.ASCII)
# The names of accelerated and Mac types do not tell their processor.
_FAMILIES = frozenset(("a", "c", "d", "f", "g", "h", "hpc", "i", "im", "is", "m", "r", "t", "x", "z"))


def architecture_of(name: str) -> Architecture | None:
    """The CPU architecture by the name of an instance type; None if the name does not tell. A ``g`` among the options,
    as in ``m7g`` or ``c6gn``, stands for Graviton, and so does the family ``a1``.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    found = _NAME.fullmatch(name)
    if found is None or found["family"] not in _FAMILIES:
        return None
    return "arm64" if "g" in found["options"] or found["family"] == "a" else "x86_64"


def check_instance_types(
    names: Sequence[InstanceTypeName], *, architecture: Architecture, eni_trunking: bool = False
) -> None:
    """:raises ValueError: if a type does not run the AMI, or does not support ENI trunking although it is on."""
    others = [name for name in names if INSTANCE_TYPES[name].architecture != architecture]
    if others:
        offered = ", ".join(name for name, each in INSTANCE_TYPES.items() if each.architecture == architecture)
        raise ValueError(
            f"Instance types must run an AMI for {architecture}, got {', '.join(others)}. Choose from {offered}."
        )
    without = [name for name in names if INSTANCE_TYPES[name].trunked_tasks is None]
    if eni_trunking and without:
        raise ValueError(
            f"Instance types must support ENI trunking, got {', '.join(without)}. Choose larger types, or set "
            "eni_trunking to false."
        )


@dataclass(frozen=True)
class TaskSize:
    """The tasks of a service that can run at the same time."""

    count: int
    cpu: int
    """CPU units of each task. 1,024 units are one vCPU."""
    memory_mib: int


def check_room(
    tasks: Iterable[TaskSize], *, names: Sequence[InstanceTypeName], instances: int, eni_trunking: bool = False
) -> None:
    """Whether the instances have room for all tasks, even if all instances are of the smallest type.

    This counts network interfaces, CPU and memory in total. ECS decides how tasks of different sizes fit on one
    instance, so a tight fit can still fail at deployment.

    :raises ValueError: if a task fits on no instance, or the tasks need more instances.
    """
    tasks, types = list(tasks), [INSTANCE_TYPES[name] for name in names]
    cpu = min(each.vcpus for each in types) * 1024
    memory_mib = int(min(each.memory_mib for each in types) * USABLE_MEMORY)
    interfaces = min((each.trunked_tasks if eni_trunking else None) or each.tasks for each in types)
    for task in tasks:
        if task.cpu > cpu or task.memory_mib > memory_mib:
            raise ValueError(
                f"Instance types must have room for a task with {task.cpu} CPU units and {task.memory_mib} MiB, but "
                f"the smallest type has {cpu} and about {memory_mib}. Choose larger types, or smaller tasks."
            )
    needed = {
        f"network interfaces ({interfaces} tasks per instance)": (sum(task.count for task in tasks), interfaces),
        "CPU": (sum(task.count * task.cpu for task in tasks), cpu),
        "memory": (sum(task.count * task.memory_mib for task in tasks), memory_mib),
    }
    for what, (wanted, of_one) in needed.items():
        least = -(-wanted // of_one)
        if least > instances:
            count = sum(task.count for task in tasks)
            raise ValueError(
                f"Instances must have enough {what} for {count} tasks, got {instances}. Allow at least {least} "
                "instances, larger instance types, ENI trunking, or fewer tasks."
            )
