"""A Lambda function that works off a queue."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from patternbook.aws_lambda.function import LiveFunction
from patternbook.data.queues import WorkQueue
from patternbook.limits.messaging import BATCH_SIZE, CONSUMERS, MAX_CONCURRENCY, VISIBILITY_FACTOR


class QueueConsumer(Construct):
    """A Lambda function that takes batches of messages from a queue, by its alias.

    *Partial batches.* The function reports the messages that failed. The others of the batch leave the queue.

    *Concurrency.* Lambda takes no more batches at a time than ``max_concurrency``, and leaves the other messages in the
    queue. Reserved concurrency below it would instead throttle batches that were already received. Each counts as an
    attempt, so messages would end in the dead-letter queue unseen
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        work: WorkQueue,
        live: LiveFunction,
        namespace: str,
        service: str,
        batch_size: int = 10,
        max_concurrency: int = 10,
    ) -> None:
        """:param work: its visibility timeout must be at least six times the timeout of the function.
        :param namespace: CloudWatch namespace of the metrics of the function, which must count ``FailedMessages``.
        :param service: the name of the service in these metrics, as Powertools has it.
        :param batch_size: maximum number of messages in a batch.
        :param max_concurrency: maximum number of batches at a time.
        :raises ValueError: for a visibility timeout that is too short, and values outside of the limits.
        """
        BATCH_SIZE.check("batch_size", batch_size)
        MAX_CONCURRENCY.check("max_concurrency", max_concurrency)
        least = VISIBILITY_FACTOR * live.timeout_seconds
        if work.visibility_timeout_seconds < least:
            raise ValueError(
                f"The visibility timeout of work must be at least {least} seconds, {VISIBILITY_FACTOR} times the "
                f"timeout of the function, got {work.visibility_timeout_seconds}. Raise it ({CONSUMERS})."
            )
        super().__init__(scope, construct_id)
        self.work = work
        self.live = live
        self._namespace, self._service = namespace, service
        live.alias.add_event_source(
            SqsEventSource(
                work.queue,
                batch_size=batch_size,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )

    def metric(self, name: str) -> cloudwatch.Metric:
        """A metric that the function counts itself, such as ``FailedMessages``."""
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=name,
            dimensions_map={
                "service": self._service,
                "function_name": self.live.function.function_name,
            },
            statistic="sum",
            period=cdk.Duration.minutes(1),
        )
