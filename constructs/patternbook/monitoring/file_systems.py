"""Alarms of EFS file systems."""

from patternbook.data.file_system import SharedFiles
from patternbook.monitoring.base import MonitoringBase


class FileSystemAlarms(MonitoringBase):
    """Alarms on throughput."""

    def watch_files(self, files: SharedFiles) -> None:
        """Adds an alarm on a file system that uses most of its permitted throughput."""
        self.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            minutes=15,
            breaching_minutes=5,
            description="The file system uses more than 80 % of its permitted throughput",
            remedy="Find what reads or writes so much, and cache or write in larger pieces.",
        )
