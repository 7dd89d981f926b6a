"""Every instance type of EC2: its processor, its CPU and memory, and its room for pods.

The table is a file beside this module, which ``python -m tools.instance_types`` writes. A Region has most of the types:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html
"""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from patternbook.limits.given import listed, shown
from patternbook.limits.instance_types import Architecture

TABLE: Final = Path(__file__).with_name("ec2_instance_types.json")


@dataclass(frozen=True)
class Ec2Type:
    """An instance type. The numbers are None for types of earlier generations, of which only the name is known."""

    name: str
    architecture: Architecture
    accelerated: bool
    """Whether it has a GPU or another accelerator, whose driver the AMI needs."""
    vcpus: int | None = None
    memory_mib: int | None = None
    pods: int | None = None
    """Number of pods with an address of their own, without prefixes.

    https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
    """


@cache
def ec2_types() -> dict[str, Ec2Type]:
    """All instance types by name."""
    families = json.loads(TABLE.read_text(encoding="utf-8"))
    return {
        f"{family}.{size}": Ec2Type(f"{family}.{size}", about["architecture"], about["accelerated"], *numbers)
        for family, about in families.items()
        for size, numbers in about["sizes"].items()
    }


def check_known(names: Sequence[str]) -> None:
    """:raises ValueError: for names that EC2 does not know."""
    unknown = [name for name in names if name not in ec2_types()]
    if unknown:
        raise ValueError(f"Instance types must be types of EC2, got {listed(unknown)}. {_similar(unknown[0])}")


def _similar(name: str) -> str:
    """Types with names like this one, to type instead."""
    family, _, size = name.lower().strip().partition(".")
    known = ec2_types()
    of_family = [each for each in known if each.startswith(f"{family}.")]
    if of_family:
        return f"The family {shown(family)} has the sizes {', '.join(each.partition('.')[2] for each in of_family)}."
    of_size = [each for each in known if size and each.endswith(f".{size}")]
    found = difflib.get_close_matches(f"{family}.{size}", of_size or list(known), n=3, cutoff=0.5) if size else []
    if found:
        return f"Did you mean {' or '.join(found)}?"
    return 'A type has a family and a size, such as "m7g.large": https://aws.amazon.com/ec2/instance-types/'


def is_equal(names: Sequence[str]) -> bool:
    """Whether all these types have the same CPU and memory, as far as they are known."""
    types = [ec2_types()[name] for name in names]
    known = {(each.vcpus, each.memory_mib) for each in types if each.vcpus}
    return len(known) <= 1
