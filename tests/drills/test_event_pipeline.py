"""What rings in `EventPipelineStack`, and when."""

from typing import Final

from patternbook.testing.drills.cases import Drilled
from patternbook.testing.drills.events import pipeline
from patternbook.testing.drills.promises import SLOW_CALLS, Drill, Promise
from stacks.event_pipeline import EventPipelineStack

PATTERN = EventPipelineStack

REPAIR: Final = (
    "The log group of the function has the reason, and the id of the message. Repair it, if you can before the last "
    "attempt."
)
REDRIVE: Final = (
    "Find the reason in the log group by the id of the message. Repair, and start the redrive by the command in the "
    "outputs."
)

DRILL = Drill(
    [
        Promise(pipeline.poisoned_message(), 15, REPAIR),
        Promise(pipeline.dead_letters(1), 5, REDRIVE),
        Promise(pipeline.dead_letters(10_000), 5, REDRIVE),
        Promise(
            pipeline.forgotten_dead_letters(),
            5,
            "Start the redrive, or keep a copy: SQS deletes a message 14 days after it was sent first.",
        ),
        Promise(pipeline.every_message_fails(), 10, REPAIR),
        Promise(pipeline.quiet_functions_fail(), 30, REPAIR),
        Promise(pipeline.some_calls_fail(), 10, REPAIR),
        Promise(
            pipeline.stopped_consumer(),
            20,
            "See the state of the event source mapping: `aws lambda list-event-source-mappings`. If the consumer "
            "is only slow, raise `max_concurrency`.",
        ),
        Promise(pipeline.throttled_functions(), 10, "Raise `max_concurrency`, or ask AWS for a higher quota."),
        Promise(pipeline.slow_functions(), 10, SLOW_CALLS),
        Promise(
            pipeline.undelivered_events(),
            5,
            "Compare the policies of the queues and of their key with the template. The events are in the "
            "dead-letter queue: start the redrive.",
        ),
    ],
    [
        pipeline.day(),
        pipeline.night(),
        pipeline.burst(),
        pipeline.one_failure(),
        pipeline.one_failed_call(),
        pipeline.throttled_table(),
        pipeline.scaling_up(),
    ],
)


class TestDrills(Drilled):
    pass
