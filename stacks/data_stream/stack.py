"""PutRecord, or SNS → Firehose → Lambda → Parquet in S3 (a partition for each day) → Athena; failures → errors/."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EventBucket,
    EventStream,
    LogGroup,
    Monitoring,
    PatternStack,
    Posture,
    QueryWorkgroup,
    StackOptions,
    StreamSubscription,
    data_key,
)
from patternbook.data.encryption import SERVICES
from stacks.data_stream.queries import QUERY_NAME, events_by_type
from stacks.data_stream.settings import DataStreamSettings
from stacks.data_stream.transform import SERVICE, event_table, namespace, transform_function

PAGE = "docs/data-stream.md"


class DataStreamStack(PatternStack):
    """Events in a table that can be queried."""

    title = "Stream of events into a table that can be queried"
    settings_type = DataStreamSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DataStreamSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        services = (*SERVICES, "sns") if settings.topic_arn else SERVICES
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn, services=services)
        self.events = EventBucket.from_settings(self, "Events", settings, posture=posture, key=self.key)
        self.table = event_table(self, "Table", self.events)
        self.transform = transform_function(self, "Transform", settings, posture=posture, key=self.key)
        self.stream = EventStream.from_settings(
            self,
            "Stream",
            settings,
            bucket=self.events,
            table=self.table,
            transform=self.transform.alias,  # ty: ignore[invalid-argument-type]
            log_group=LogGroup.from_settings(self, "StreamLogs", settings, posture=posture, key=self.key),
            posture=posture,
            key=self.key,
        )
        self.subscription = (
            StreamSubscription(
                self, "Subscription", stream=self.stream, topic_arn=settings.topic_arn, posture=posture, key=self.key
            )
            if settings.topic_arn
            else None
        )
        self.queries = QueryWorkgroup(self, "Queries", bucket=self.events, key=self.key)
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page=PAGE
        )
        self.monitoring.watch_stream(self.stream, max_silence_minutes=settings.max_silence_minutes)
        self.monitoring.watch_transform(self.transform, namespace=namespace(self), service=SERVICE)
        if self.subscription:
            self.monitoring.watch_subscription(self.subscription)
        self._outputs()

    def _outputs(self) -> None:
        database, table = self.table.database.database_name, self.table.table.table_name
        query_id = self.queries.add_query(
            "ByType",
            database=database,
            name=QUERY_NAME,
            description="Counts each event once",
            sql=events_by_type(database, table),
        )
        self.output("StreamName", self.stream.stream.delivery_stream_name, "Firehose stream")
        self.output("BucketName", self.events.bucket.bucket_name, "Bucket of events, raw records, errors and results")
        self.output("DatabaseName", database, "Glue database")
        self.output("TableName", table, "Table of the events")
        self.output("WorkGroupName", self.queries.workgroup.ref, "Athena workgroup")
        self.output("NamedQueryId", query_id, QUERY_NAME)
        self.output("PutRecordCommand", self.stream.put_command, "Puts a test event into the stream")
        self.output("QueryCommand", self.queries.run_command(query_id), "Runs the saved query")
        if self.subscription:
            self.output("UndeliveredUrl", self.subscription.failures.queue.queue_url, "Messages SNS could not deliver")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
