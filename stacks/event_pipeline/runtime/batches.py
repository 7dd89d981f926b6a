"""The handler of a function that takes batches of messages from a queue."""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from object_events import ObjectEvent, read_events
from observing import count, logger, tracer

Handler = Callable[[dict[str, Any], Any], Any]


def consumer(handle: Callable[[ObjectEvent], str], *, prepare: Callable[[Any], None] = lambda _: None) -> Handler:
    """The handler of a Lambda function.

    A message whose events are all handled leaves the queue. Any other message stays, and its batch is not affected. SQS
    delivers it again, and moves it to the dead-letter queue after the last attempt. If no message of a batch could be
    handled, Powertools raises an error, so that Lambda slows down.

    :param handle: handles one event, and returns a word for what it did. It raises an error to get the event again.
    :param prepare: is called with the context of each invocation.
    """
    bucket = os.environ["BUCKET_NAME"]
    processor = BatchProcessor(event_type=EventType.SQS)

    def handle_message(record: SQSRecord) -> list[str]:
        about: dict[str, Any] = {
            "message_id": record.message_id,
            "attempt": record.attributes.approximate_receive_count,
        }
        try:
            outcomes = []
            for event in read_events(record.body, bucket):
                outcomes.append(handle(event))
                logger.info(outcomes[-1], key=event.key, event=event.name, **about)
            if not outcomes:
                logger.info("test event", **about)
        except Exception as error:
            logger.exception("failed", reason=str(error), **about)
            raise
        return outcomes

    @logger.inject_lambda_context(clear_state=True)
    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: dict[str, Any], context: Any) -> Any:
        prepare(context)
        try:
            return process_partial_response(
                event=event, record_handler=handle_message, processor=processor, context=context
            )
        finally:
            count("HandledMessages", len(processor.success_messages), context)
            count("FailedMessages", len(processor.fail_messages), context)

    return handler
