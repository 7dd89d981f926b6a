"""A table of Parquet files in S3, with a partition for each day, in the Glue Data Catalog."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

from patternbook.streams.bucket import EVENTS, EventBucket

LATE_DAYS: Final = 32
"""Days by which an event can be older than its delivery, and still be in the partition of its own day."""


class EventTable(Construct):
    """A table of Parquet files, which has its partitions without a crawler.

    *Partitions.* Athena computes the partitions that a query needs (partition projection), so a new day is there at
    once, and nothing has to be added: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html

    *Columns.* Add a column at the end only. Files that were written before have no value in it.

    *Removal.* The database and the table are definitions, and go with the stack. The files belong to the bucket.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: EventBucket,
        name: str,
        columns: Sequence[glue.Column],
        partition: glue.Column,
    ) -> None:
        """:param name: name of the table, for queries.
        :param columns: the columns of the files, without the partition key.
        :param partition: the partition key, which is a day as ``yyyy-MM-dd`` in UTC.
        """
        super().__init__(scope, construct_id)
        self.partition = partition.name
        self.database = glue.Database(
            self,
            "Database",
            description=f"Events of {cdk.Stack.of(self).stack_name}",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.table = glue.S3Table(
            self,
            "Table",
            database=self.database,
            table_name=name,
            description="Events, at least once each",
            columns=[*columns],
            partition_keys=[partition],
            data_format=glue.DataFormat.PARQUET,
            storage=glue.S3TableStorage.from_bucket(bucket.bucket),
            s3_prefix=EVENTS,
            # It would mean that clients encrypt the files. S3 decrypts what it encrypts itself.
            has_encrypted_data=False,
            partition_projection={
                partition.name: glue.PartitionProjectionConfiguration.date(
                    min=f"NOW-{bucket.retention_days + LATE_DAYS}DAYS",
                    max="NOW+2DAYS",
                    format="yyyy-MM-dd",
                    step=glue.DateProjectionStep(interval=1, interval_unit=glue.DateIntervalUnit.DAYS),
                )
            },
        )

    @property
    def cfn_table(self) -> glue.CfnTable:
        """The table as Firehose takes it."""
        resource = self.table.node.default_child
        assert isinstance(resource, glue.CfnTable)
        return resource
