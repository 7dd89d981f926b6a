"""What Fargate offers."""

from typing import Final, Literal

Cpu = Literal[256, 512, 1024, 2048, 4096, 8192, 16384, 32768]

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
"""Memory sizes, in MiB, that Fargate offers with a number of CPU units (1,024 are one vCPU).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""


def check_task_size(cpu: int, memory_mib: int) -> None:
    """:raises ValueError: for CPU units and memory that Fargate does not offer together."""
    if cpu not in MEMORY_MIB:
        raise ValueError(f"cpu: {cpu} is not one of {', '.join(map(str, MEMORY_MIB))}")
    if memory_mib not in MEMORY_MIB[cpu]:
        offered = ", ".join(map(str, MEMORY_MIB[cpu]))
        raise ValueError(f"Fargate offers with {cpu} CPU units these sizes, in MiB: {offered}")
