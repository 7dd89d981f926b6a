"""Alarms of EFS file systems."""

from patternbook.data.file_system import SharedFileSystem
from patternbook.monitoring.base import MonitoringBase


class FileSystemAlarms(MonitoringBase):
    """Alarms on throughput."""

    def watch_files(self, files: SharedFileSystem) -> None:
        """Adds an alarm on a file system that uses most of its permitted throughput."""
        self.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            description="The file system uses more than 80 % of its permitted throughput",
        )
