"""Task sizes that Fargate offers."""

from typing import Final

MEMORY_MIB: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
    32768: (61440, 122880, 249856),
}
"""Memory sizes, in MiB, that Fargate offers with each number of CPU units (1,024 units are one vCPU).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""


def check_cpu(cpu: int) -> int:
    """:raises ValueError: if Fargate does not offer this number of CPU units."""
    if cpu not in MEMORY_MIB:
        raise ValueError(f"cpu must be one of {', '.join(map(str, MEMORY_MIB))}, got {cpu}.")
    return cpu


def check_task_size(cpu: int, memory_mib: int) -> None:
    """:raises ValueError: if Fargate does not offer these CPU units and this memory together."""
    sizes = MEMORY_MIB[check_cpu(cpu)]
    if memory_mib not in sizes:
        raise ValueError(
            f"memory_mib must be one of {', '.join(map(str, sizes))} with {cpu} CPU units, got {memory_mib}."
        )
