"""The consumer that keeps a record of every event."""

import table
from batches import consumer
from object_events import ObjectEvent


def record(event: ObjectEvent) -> str:
    table.put_audit(event)
    return "recorded"


handler = consumer(record)
