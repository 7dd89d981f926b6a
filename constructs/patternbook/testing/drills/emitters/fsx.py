"""Amazon FSx.

- https://docs.aws.amazon.com/fsx/latest/LustreGuide/fs-metrics.html: each file server of FSx for Lustre reports its own
  part of the free storage, once a minute.
- https://docs.aws.amazon.com/fsx/latest/ONTAPGuide/so-file-system-metrics.html: FSx for ONTAP reports the used share of
  its SSD storage, in percent.
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.reports import Report, report

SERVERS = 2


@dataclass(frozen=True)
class Storage:
    """The file systems of a cluster in one minute."""

    used_percent: float = 40


@dataclass(frozen=True)
class Lustre:
    file_system: str
    capacity_gib: int

    def metrics(self, minute: Storage) -> Report:
        free = self.capacity_gib * 2**30 * (1 - minute.used_percent / 100)
        values = {"FreeDataStorageCapacity": ((free / SERVERS, SERVERS),), "DataReadBytes": ((1e6, SERVERS),)}
        return report("AWS/FSx", {"FileSystemId": self.file_system}, values)


@dataclass(frozen=True)
class Ontap:
    file_system: str

    def metrics(self, minute: Storage) -> Report:
        names = {"FileSystemId": self.file_system, "StorageTier": "SSD", "DataType": "All"}
        return report("AWS/FSx", names, {"StorageCapacityUtilization": minute.used_percent})
