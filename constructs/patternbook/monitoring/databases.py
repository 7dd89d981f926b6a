"""Alarms of Aurora Serverless clusters, and of the migrations of their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events

from patternbook.monitoring.base import MonitoringBase

if TYPE_CHECKING:  # a stack that does not use the service does not load its constructs
    from patternbook.data.databases import ServerlessDatabase
    from patternbook.data.schema import DatabaseSchema

RINGING_CATEGORIES: Final = ["failover", "failure", "low storage"]
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html"""


class DatabaseAlarms(MonitoringBase):
    """Alarms on availability, capacity, connections, memory, deadlocks and replication, and on failed migrations."""

    def watch_database(self, database: ServerlessDatabase) -> None:
        """Adds alarms on a cluster, a message for each failover or failure, and graphs of the load.

        A paused instance sends only zeros, for ``CPUUtilization``, ``ACUUtilization`` and
        ``ServerlessDatabaseCapacity``
        (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html). So no
        utilization at all means that no instance runs, and all other alarms are silent in a pause.
        """
        utilization = database.metric("ACUUtilization", "max")
        self.watch(
            "DatabaseDown",
            # Above 0 only in a minute without a sample.
            cloudwatch.MathExpression(
                expression="1 - FILL(samples, 0)",
                using_metrics={"samples": database.metric("ACUUtilization", "n")},
                label="Minutes without an instance",
                period=cdk.Duration.minutes(1),
            ),
            threshold=0,
            minutes=15,
            breaching_minutes=7,  # an upgrade to another minor version takes some minutes
            missing_data=cloudwatch.TreatMissingData.BREACHING,
            description="No instance of the database reports",
            remedy="Read the recent events of the cluster in the RDS console, and its status.",
        )
        self.watch(
            "MaximumCapacity",
            utilization,
            threshold=95,
            minutes=15,
            breaching_minutes=10,
            description=f"The database uses its maximum capacity of {database.max_acu:g} ACUs",
            remedy="Find the heaviest statements in Database Insights, or raise max_acu.",
        )
        self.watch(
            "DatabaseMemory",
            database.memory_used(),
            threshold=90,
            minutes=15,
            breaching_minutes=10,
            description="Less than a tenth of the memory at maximum capacity is free",
            remedy="Raise max_acu, or close sessions and statements that need much memory.",
        )
        self.watch(
            "DatabaseConnections",
            database.metric("DatabaseConnections", "max"),
            threshold=round(0.8 * database.max_connections),
            breaching_minutes=3,
            description=f"Clients use more than 80 % of about {database.max_connections:,} connections",
            remedy="Find the clients in pg_stat_activity, and let them close or share connections.",
        )
        self.watch(
            "Deadlocks",
            database.metric("Deadlocks", "max"),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="Transactions of the database deadlock again and again",
            remedy="PostgreSQL's log has both statements. Let transactions lock rows in the same order.",
        )
        if database.readers:
            self.watch(
                "ReplicaLag",
                database.metric("AuroraReplicaLagMaximum", "max"),
                threshold=1_000,  # in ms; it is usually less than 100
                minutes=15,
                breaching_minutes=10,
                description="A reader is more than a second behind the writer",
                remedy="Look at the capacity of the readers, and for long transactions on them.",
            )
        self.graph("Capacity (ACUs)", [database.metric("ServerlessDatabaseCapacity", "avg")])
        names = [database.cluster.cluster_identifier, *database.cluster.instance_identifiers]
        self.notify_on_event(
            "DatabaseEvent",
            events.EventPattern(
                source=["aws.rds"],
                detail_type=["RDS DB Cluster Event", "RDS DB Instance Event"],
                detail={"EventCategories": RINGING_CATEGORIES, "SourceIdentifier": names},
            ),
            description="A failover or a failure of the database",
            message=f"{events.EventField.from_path('$.detail.SourceIdentifier')}: "
            f"{events.EventField.from_path('$.detail.Message')}",
        )

    def watch_schema(self, schema: DatabaseSchema) -> None:
        """Adds a message for each failed migration, and an alarm on failed rotations of the application's secret.

        CloudFormation sends the event. So it also comes if the function does not answer.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-resource-status-change.html
        """
        stack = cdk.Stack.of(self)
        rule = self.notify_on_event(
            "MigrationFailed",
            events.EventPattern(
                source=["aws.cloudformation"],
                detail_type=["CloudFormation Resource Status Change"],
                detail={
                    "stack-id": [stack.stack_id],
                    "logical-resource-id": [schema.logical_id],
                    "status-details": {"status": ["CREATE_FAILED", "UPDATE_FAILED"]},
                },
            ),
            description="A migration of the database failed",
            message=f"The migration failed: {events.EventField.from_path('$.detail.status-details.status-reason')}",
        )
        schema.resource.node.add_dependency(rule)
        self.watch(
            "FailedRotations",
            schema.metric("Errors", "sum"),
            threshold=0,
            minutes=1,
            description="The rotation of the application's secret failed",
            remedy="Read the error in the log group of the functions, and start the rotation again.",
        )
