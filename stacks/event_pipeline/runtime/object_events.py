"""Events of S3 about objects, as a queue delivers them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

SEQUENCER_DIGITS = 32
"""Number of digits to which sequencers are padded, so that they can be compared as texts."""


class MalformedMessageError(Exception):
    """A message that is no event of the bucket. It goes to the dead-letter queue, where a person sees it."""


@dataclass(frozen=True)
class ObjectEvent:
    """Something that happened to one version of an object."""

    name: str
    """Such as ``ObjectCreated:Post``."""
    time: str
    key: str
    version_id: str | None
    sequencer: str
    """Orders the events of one key. S3 may deliver them in any order, and more than once."""
    size: int

    @property
    def identity(self) -> str:
        """The same for each delivery of this event, and for no other event."""
        return json.dumps([self.key, self.version_id, self.sequencer, self.name])


def read_events(body: str, bucket: str) -> list[ObjectEvent]:
    """The events in a message. It has none if S3 sent it to test the notifications.

    :raises MalformedMessageError: for anything else.
    """
    try:
        message = json.loads(body)
        if message.get("Event") == "s3:TestEvent":
            return []
        return [_event(record, bucket) for record in message["Records"]]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise MalformedMessageError(f"The message is no event of S3: {type(error).__name__}.") from error


def _event(record: dict[str, Any], bucket: str) -> ObjectEvent:
    if record["eventSource"] != "aws:s3":
        raise MalformedMessageError("The event must be one of S3.")
    s3 = record["s3"]
    if s3["bucket"]["name"] != bucket:
        raise MalformedMessageError("The event must be about the bucket of this stack.")
    found = s3["object"]
    # Some events have no sequencer: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    sequencer = found.get("sequencer", "")
    return ObjectEvent(
        name=record["eventName"],
        time=record["eventTime"],
        key=unquote_plus(found["key"], errors="strict"),
        version_id=found.get("versionId"),
        # S3 documents to pad the shorter one of two sequencers on its right.
        sequencer=sequencer.ljust(SEQUENCER_DIGITS, "0"),
        size=int(found.get("size", 0)),
    )
