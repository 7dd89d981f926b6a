"""Upload by form → S3 → SNS (filter policies) → SQS → Lambda consumers → DynamoDB; failures → dead-letter queues."""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EventTopic,
    Monitoring,
    PatternStack,
    Posture,
    QueueConsumer,
    SingleTable,
    StackOptions,
    UploadBucket,
    WorkQueue,
    data_key,
    powertools_layer_arn,
)
from patternbook.data.encryption import EVENT_SERVICES
from patternbook.limits.messaging import visibility_timeout
from patternbook.limits.regions import FUNCTION_URL
from stacks.event_pipeline.functions import SERVICE, PipelineFunctions, filter_policy, namespace
from stacks.event_pipeline.settings import CONSUMERS, EventPipelineSettings

PAGE = "docs/event-pipeline.md"


class EventPipelineStack(PatternStack):
    """Events of uploaded objects, for several consumers."""

    title = "Event pipeline from uploads to consumers"
    settings_type = EventPipelineSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EventPipelineSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn, services=EVENT_SERVICES)
        self.topic = EventTopic(self, "Events", key=self.key)
        self.uploads = UploadBucket(
            self, "Uploads", posture=posture, key=self.key, allowed_origins=settings.allowed_origins
        )
        self.topic.notify_of(self.uploads.bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
        self.table = SingleTable.from_settings(self, "Results", settings, posture=posture, key=self.key)
        self.functions = PipelineFunctions(
            self,
            "Functions",
            settings,
            posture=posture,
            uploads=self.uploads,
            table=self.table,
            layer_arn=powertools_layer_arn(self, "Powertools"),
            key=self.key,
        ).by_name
        self.consumers = {name: self._consumer(name, settings, posture) for name in CONSUMERS}
        if settings.upload_principals:
            self.refuse_where_missing(FUNCTION_URL)
        offered = self.offers(FUNCTION_URL)
        self.url = self.functions["form"].url(principals=settings.upload_principals) if offered else None

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page=PAGE
        )
        slow = settings.duration_alarm_percent
        self.monitoring.watch_topic(self.topic)
        self.monitoring.watch_function(self.functions["form"], slow_percent=slow, name="Form")
        for name, consumer in self.consumers.items():
            self.monitoring.watch_consumer(consumer, slow_percent=slow, name=name.title())
        self._outputs()

    def _consumer(self, name: str, settings: EventPipelineSettings, posture: Posture) -> QueueConsumer:
        work = WorkQueue(
            self,
            f"{name.title()}Work",
            posture=posture,
            key=self.key,
            visibility_timeout_seconds=visibility_timeout(settings.timeout_seconds),
        )
        self.topic.subscribe(work, filter_policy=filter_policy(name, self.uploads.bucket, self.uploads.prefix))
        return QueueConsumer(
            self,
            f"{name.title()}Consumer",
            work=work,
            live=self.functions[name],
            namespace=namespace(self),
            service=SERVICE,
            batch_size=settings.batch_size,
            max_concurrency=settings.max_concurrency,
        )

    def _outputs(self) -> None:
        if self.url:
            self.output("Url", self.url.url, "Function URL that makes forms for uploads, for requests signed for IAM")
        self.output("BucketName", self.uploads.bucket.bucket_name, "Bucket of the uploads")
        self.output("TopicArn", self.topic.topic.topic_arn, "Topic of the events, for other subscribers")
        self.output("TableName", self.table.table.table_name, "Table with the results and the audit trail")
        for name, consumer in self.consumers.items():
            title, work = name.title(), consumer.work
            self.output(f"{title}QueueUrl", work.queue.queue_url, f"Queue of the consumer {name}")
            self.output(f"{title}DeadLettersUrl", work.dead_letters.queue_url, f"Dead-letter queue of {name}")
            self.output(
                f"{title}RedriveCommand", work.redrive_command, f"Moves the dead letters of {name} back to its queue"
            )
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
