"""The EC2 instance types on offer, and what they have for tasks."""

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
    """What an instance of a type has for tasks."""

    architecture: Architecture
    vcpus: int
    memory_mib: int
    tasks: int
    """Tasks with a network interface of their own (``awsvpc``): the instance itself keeps one of its interfaces."""
    trunked_tasks: int | None = None
    """The same once the account setting ``awsvpcTrunking`` is on; None where the type does not offer it."""


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
"""The few types on offer, of families that every commercial Region has. Interfaces, with and without trunking:

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
"""

DEFAULT_TYPES: Final[dict[Architecture, tuple[InstanceTypeName, ...]]] = {
    "arm64": ("t4g.small", "t4g.medium"),
    "x86_64": ("t3.small", "t3.medium"),
}
"""Where none is named. More than one, so that Spot has where to go."""

USABLE_MEMORY: Final = 0.9
"""Share of an instance's memory that tasks get, about: the kernel and the agent keep the rest.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
"""


_NAME = re.compile(r"(?P<family>[a-z]+)\d+(?P<options>[a-z]*)\.[a-z0-9-]+", re.ASCII)
# Accelerators and Macs come with more than one kind of processor, under names that do not say which.
_FAMILIES = frozenset(("a", "c", "d", "f", "g", "h", "hpc", "i", "im", "is", "m", "r", "t", "x", "z"))


def architecture_of(name: str) -> Architecture | None:
    """What the name of any instance type says of its processor: a ``g`` among the options, as in ``m7g`` or ``c6gn``,
    is Graviton, as is the family ``a1``; None where the name does not say.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    found = _NAME.fullmatch(name)
    if found is None or found["family"] not in _FAMILIES:
        return None
    return "arm64" if "g" in found["options"] or found["family"] == "a" else "x86_64"


def check_instance_types(
    names: Sequence[InstanceTypeName], *, architecture: Architecture, eni_trunking: bool = False
) -> None:
    """:raises ValueError: for a type of another architecture than the AMI's, or without trunking where that is on."""
    others = [name for name in names if INSTANCE_TYPES[name].architecture != architecture]
    if others:
        offered = ", ".join(name for name, each in INSTANCE_TYPES.items() if each.architecture == architecture)
        raise ValueError(f"expected types that run an AMI for {architecture}, unlike {', '.join(others)}: {offered}")
    without = [name for name in names if INSTANCE_TYPES[name].trunked_tasks is None]
    if eni_trunking and without:
        raise ValueError(f"expected types that offer ENI trunking, unlike {', '.join(without)}")


@dataclass(frozen=True)
class TaskSize:
    """Tasks of a service that may run at once."""

    count: int
    cpu: int
    """CPU units of each; 1,024 are one vCPU."""
    memory_mib: int


def check_room(
    tasks: Iterable[TaskSize], *, names: Sequence[InstanceTypeName], instances: int, eni_trunking: bool = False
) -> None:
    """Whether instances, all of the smallest type if need be, have room for all tasks.

    It counts network interfaces, CPU and memory. How tasks of different sizes fit beside each other is for ECS to
    find out, so a mistake is refused here for certain, and a tight fit is not.

    :raises ValueError: for tasks that cannot run, or cannot run at once.
    """
    tasks, types = list(tasks), [INSTANCE_TYPES[name] for name in names]
    cpu = min(each.vcpus for each in types) * 1024
    memory_mib = int(min(each.memory_mib for each in types) * USABLE_MEMORY)
    interfaces = min((each.trunked_tasks if eni_trunking else None) or each.tasks for each in types)
    for task in tasks:
        if task.cpu > cpu or task.memory_mib > memory_mib:
            raise ValueError(
                f"a task with {task.cpu} CPU units and {task.memory_mib} MiB fits on no instance of the smallest type, "
                f"which has {cpu} and about {memory_mib}"
            )
    needed = {
        f"network interfaces ({interfaces} tasks an instance)": (sum(task.count for task in tasks), interfaces),
        "CPU": (sum(task.count * task.cpu for task in tasks), cpu),
        "memory": (sum(task.count * task.memory_mib for task in tasks), memory_mib),
    }
    for what, (wanted, of_one) in needed.items():
        least = -(-wanted // of_one)
        if least > instances:
            count = sum(task.count for task in tasks)
            raise ValueError(
                f"{instances} instances have not enough {what} for {count} tasks: expected at least {least}, "
                "larger instance types, ENI trunking, or fewer tasks"
            )
