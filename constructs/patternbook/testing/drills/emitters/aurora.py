"""Amazon Aurora Serverless v2 with PostgreSQL.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html: each instance reports
its metrics. With the dimension of the cluster, each metric has a sample of each instance. ``ACUUtilization`` is the
capacity as a share of the maximum. ``FreeableMemory`` counts the memory that an instance would have at its maximum
(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html).

A paused instance sends zeros for ``CPUUtilization``, ``ACUUtilization`` and ``ServerlessDatabaseCapacity`` only
(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html).

Events: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.reports import Report, report

GIB = 1024**3


@dataclass(frozen=True)
class Load:
    """The state of a cluster in one minute."""

    instances: int = 1
    """Instances that run, or are paused."""
    paused: bool = False
    acu: float = 2
    memory_percent: float = 20
    """Memory in use, as a share of the memory at the maximum capacity."""
    connections: int = 5
    deadlocks: float = 0
    """Deadlocks per second."""
    lag_ms: float = 20


@dataclass(frozen=True)
class AuroraCluster:
    name: str
    instances: Sequence[str]
    max_acu: float

    def metrics(self, load: Load) -> Report:
        def each(value: float) -> tuple[tuple[float, int], ...]:
            return ((value, load.instances),)

        if not load.instances:
            return {}
        zeros = {"CPUUtilization": each(0), "ACUUtilization": each(0), "ServerlessDatabaseCapacity": each(0)}
        values = {
            "CPUUtilization": each(10),
            "ACUUtilization": each(100 * load.acu / self.max_acu),
            "ServerlessDatabaseCapacity": each(load.acu),
            "FreeableMemory": each((1 - load.memory_percent / 100) * self.max_acu * 2 * GIB),
            "DatabaseConnections": each(load.connections),
            "Deadlocks": each(load.deadlocks),
            "AuroraReplicaLagMaximum": ((load.lag_ms, 1),) if load.instances > 1 else None,
        }
        return report("AWS/RDS", {"DBClusterIdentifier": self.name}, zeros if load.paused else values)

    def failover_started(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0073", "failover", self.name, "Started cross AZ failover to DB instance: it")

    def low_storage(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0227", "low storage", self.instances[0], "The storage is dangerously low")

    def key_unusable(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0418", "failure", self.instances[0], "RDS is unable to access the KMS key")

    def paused(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0372", "notification", self.instances[0], "Successfully paused the DB instance")

    def backed_up(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0169", "backup", f"rds:{self.name}-1", "Automated cluster snapshot created")

    def upgraded(self) -> Mapping[str, Any]:
        return self._event("RDS-EVENT-0173", "maintenance", self.name, "Database cluster engine version was upgraded")

    def _event(self, number: str, category: str, source: str, message: str) -> Mapping[str, Any]:
        kind = "Cluster" if source == self.name else "Cluster Snapshot" if category == "backup" else "Instance"
        return {
            "source": "aws.rds",
            "detail-type": f"RDS DB {kind} Event",
            "detail": {
                "EventCategories": [category],
                "SourceIdentifier": source,
                "Message": message,
                "EventID": number,
            },
        }
