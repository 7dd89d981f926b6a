"""Amazon EFS.

https://docs.aws.amazon.com/efs/latest/ug/efs-metrics.html: ``MeteredIOBytes`` has a sample per operation, so a file
system that nobody uses sends none. ``PermittedThroughput`` is sent in bytes per second.
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.reports import Report, report


@dataclass(frozen=True)
class Files:
    """The use of a file system in one minute."""

    throughput_percent: float = 5
    """Metered throughput as a share of the permitted one."""

    clients: int = 2


@dataclass(frozen=True)
class FileSystem:
    file_system: str

    def metrics(self, files: Files) -> Report:
        permitted = 100 * 1024 * 1024
        metered = permitted * 60 * files.throughput_percent / 100
        operations = 1_000
        used = ((metered / operations, operations),) if metered else None
        values = {
            "PermittedThroughput": permitted,
            "MeteredIOBytes": used,
            "TotalIOBytes": used,
            "ClientConnections": files.clients,
            "PercentIOLimit": files.throughput_percent,
        }
        return report("AWS/EFS", {"FileSystemId": self.file_system}, values)
