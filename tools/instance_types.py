"""Writes the table of EC2's instance types, from what EC2 has answered (a file of moto) and from the names of its API
(a file of botocore). Run ``python -m tools.instance_types`` after an update of these two packages.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from botocore.loaders import Loader

from patternbook.limits.instance_types import architecture_of

TABLE: Final = Path(__file__).parents[1] / "constructs" / "patternbook" / "limits" / "ec2_instance_types.json"
ACCELERATED: Final = frozenset(("cg", "dl", "f", "g", "gr", "inf", "p", "trn", "vt"))
"""The letters of families with GPUs or other accelerators: https://aws.amazon.com/ec2/instance-types/accelerated-computing/"""
ARM: Final = frozenset(("g5g", "p6e-gb200"))
"""Accelerated families with a processor of Arm's, whose names do not tell."""


def described() -> dict[str, dict[str, Any]]:
    """What EC2 answers to DescribeInstanceTypes, by name."""
    path = files("moto") / "ec2" / "resources" / "instance_types.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def names() -> list[str]:
    """The names in EC2's API."""
    return Loader().load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"]


def sizes() -> Iterator[tuple[str, str, list[int]]]:
    """Family and size of each type, with vCPUs, memory in MiB and pods, as far as they are known.

    https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html has the number of pods.
    """
    known = described()
    for name in sorted({*known, *names()}):
        family, _, size = name.partition(".")
        if family.startswith("mac"):
            continue
        about = known.get(name)
        if about is None:
            yield family, size, []
            continue
        network = about["NetworkInfo"]
        pods = network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
        yield family, size, [about["VCpuInfo"]["DefaultVCpus"], about["MemoryInfo"]["SizeInMiB"], pods]


def table() -> dict[str, dict[str, Any]]:
    known = described()
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for family, size, numbers in sizes():
        about = known.get(f"{family}.{size}", {}).get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        by_name = "arm64" if family in ARM else architecture_of(f"{family}.{size}") or "x86_64"
        architecture = ("arm64" if "arm64" in about else "x86_64") if about else by_name
        letters = family[: next((at for at, each in enumerate(family) if each.isdigit()), len(family))]
        found[family].setdefault("architecture", architecture)
        found[family].setdefault("accelerated", letters in ACCELERATED)
        found[family].setdefault("sizes", {})[size] = numbers
    return dict(found)


def text() -> str:
    """The table, with a family in each line."""
    lines = [f"{json.dumps(family)}: {json.dumps(about)}" for family, about in sorted(table().items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
