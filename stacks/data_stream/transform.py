"""The function that turns records into rows, and the table of the rows."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook import EventBucket, EventTable, LiveFunction, LogGroup, Posture, powertools_layer_arn
from stacks.data_stream.queries import TABLE
from stacks.data_stream.schema import COLUMNS, PARTITION, Column
from stacks.data_stream.settings import DataStreamSettings

RUNTIME: Final = Path(__file__).with_name("runtime")
SERVICE: Final = "data-stream"
"""The name of the service in logs and traces."""
TYPES: Final = {"string": glue.Schema.STRING, "timestamp": glue.Schema.TIMESTAMP, "bigint": glue.Schema.BIG_INT}


def transform_function(
    scope: Construct, construct_id: str, settings: DataStreamSettings, *, posture: Posture, key: kms.IKey | None
) -> LiveFunction:
    """The function. It reads and writes no data of its own, so it may only log and send traces."""
    return LiveFunction(
        scope,
        construct_id,
        package=RUNTIME,
        handler="transform.handler",
        description="Turns records into rows",
        layer_arns=[powertools_layer_arn(scope, "Powertools")],
        log_group=LogGroup.from_settings(scope, f"{construct_id}Logs", settings, posture=posture, key=key),
        environment={"POWERTOOLS_METRICS_NAMESPACE": namespace(scope), "POWERTOOLS_SERVICE_NAME": SERVICE},
        key=key,
        memory_mib=512,
        timeout_seconds=60,
        asynchronous=False,
    )


def event_table(scope: Construct, construct_id: str, bucket: EventBucket) -> EventTable:
    columns = [_column(each) for each in COLUMNS]
    return EventTable(scope, construct_id, bucket=bucket, name=TABLE, columns=columns, partition=_column(PARTITION))


def namespace(scope: Construct) -> str:
    """The CloudWatch namespace of the metrics of this stack alone."""
    return f"Patternbook/{cdk.Stack.of(scope).stack_name}"


def _column(column: Column) -> glue.Column:
    return glue.Column(name=column.name, type=TYPES[column.type], comment=column.comment)
