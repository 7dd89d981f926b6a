"""Alarms of EFS file systems."""

from patternbook.data.file_system import SharedFileSystem
from patternbook.monitoring.base import MonitoringBase


class FileSystemAlarms(MonitoringBase):
    """Watches EFS file systems."""

    def watch_files(self, files: SharedFileSystem) -> None:
        """An alarm on a file system that has little throughput left."""
        self.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            description="EFS uses more than 80 % of the throughput it permits",
        )
