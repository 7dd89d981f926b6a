"""An event pipeline: S3 → SNS → SQS → Lambda, in which each event can be accounted for.

- Uploads come by a form from a function URL with IAM. The form limits their size and their type.
- S3 publishes each creation and deletion to an SNS topic. Filter policies give each queue its events.
- Two consumers: one processes each new object once, and one keeps an audit trail of every event.
- A message that fails does not affect its batch. After 5 attempts it moves to a dead-letter queue, which has alarms.
- An output has the command that moves the messages back, once the cause is repaired.
- Repeated and late events change nothing. An event that no longer has an object is ignored, and logged.
- In production, one customer managed key encrypts objects, events, messages, table and logs.

Page: docs/event-pipeline.md
"""

from stacks.event_pipeline.settings import EventPipelineSettings
from stacks.event_pipeline.stack import EventPipelineStack

__all__ = ["EventPipelineSettings", "EventPipelineStack"]
