"""Alarms of DynamoDB tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from patternbook.monitoring.base import MonitoringBase
from patternbook.monitoring.failures import MINUTE

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.data.tables import SingleTable


class TableAlarms(MonitoringBase):
    """Alarms on throttled requests."""

    def watch_table(self, table: SingleTable) -> None:
        """Adds an alarm on throttled reads and writes, and a graph of the capacity in use.

        DynamoDB sends a throttle metric only in minutes with a throttled request, hence FILL.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        """
        throttled = cloudwatch.MathExpression(
            expression="FILL(reads, 0) + FILL(writes, 0)",
            using_metrics={"reads": table.metric("ReadThrottleEvents"), "writes": table.metric("WriteThrottleEvents")},
            label="Throttled reads and writes",
            period=MINUTE,
        )
        self.watch(
            "TableThrottles",
            throttled,
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="The table throttles reads or writes",
            remedy="Raise max_read_request_units or max_write_request_units, or find the caller who sends so much.",
        )
        self.graph(
            "Request units", [table.metric("ConsumedReadCapacityUnits"), table.metric("ConsumedWriteCapacityUnits")]
        )
