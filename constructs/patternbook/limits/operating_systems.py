"""The operating systems of EC2 instances that run containers."""

from typing import Final, Literal

OperatingSystem = Literal["al2023", "bottlerocket"]

VOLUMES_GIB: Final[dict[OperatingSystem, dict[str, int]]] = {
    "al2023": {"/dev/xvda": 30},
    "bottlerocket": {"/dev/xvda": 4, "/dev/xvdb": 30},
}
"""Volumes of the ECS- and EKS-optimized AMIs, in GiB. Bottlerocket keeps images and containers on the second volume.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/al2ami-storage-config.html
https://bottlerocket.dev/en/os/latest/concepts/storage/
"""
