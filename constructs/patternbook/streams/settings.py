"""Settings of a stream of events and of its table."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from patternbook.limits.firehose import ALARM_MINUTES, BUFFER_SECONDS
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, posture_of
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Unit, within

ALARM_STEP = 5
"""The period in minutes of the alarms of a stream."""


class StreamSettings(PatternSettings):
    """Settings of a :class:`patternbook.streams.stream.EventStream` and of what it delivers."""

    topic_arn: fields.TopicArn | None = None
    """ARN of an SNS topic whose messages the stream takes, such as the output TopicArn of EventPipelineStack. It must
    be a standard topic in the account and the Region of the stack. The stream always takes what your own code puts."""
    buffer_seconds: Annotated[Whole, within(BUFFER_SECONDS), Unit("seconds")] | None = None
    """Time for which the stream collects records before it writes a file. More makes fewer and larger files, which are
    cheaper to query. Defaults to 60 in sandbox and 900 in production."""
    retention_days: Annotated[Whole, Field(ge=1, le=3650), Unit("days")] = 365
    """Retention of the events in the table."""
    raw_retention_days: Annotated[Whole, Field(ge=1, le=3650), Unit("days")] = 30
    """Retention of the records as they came, from which a mistake of the transform can be repaired."""
    max_silence_minutes: Annotated[Whole, within(ALARM_MINUTES), Unit("minutes")] | None = None
    """Time without a record after which an alarm rings, in steps of 5 minutes. Set it to more than the longest time for
    which your producers are silent. Leave unset if they may be silent for a day."""

    @field_validator("buffer_seconds")
    @classmethod
    def _of_posture(cls, value: int | None, info: ValidationInfo) -> int:
        return posture_of(info).stream_buffer_seconds if value is None else value

    @field_validator("max_silence_minutes")
    @classmethod
    def _in_steps(cls, value: int | None) -> int | None:
        if value is not None and value % ALARM_STEP:
            lower = value - value % ALARM_STEP
            raise ValueError(f"Must be a multiple of {ALARM_STEP}, got {value}. Set {lower} or {lower + ALARM_STEP}.")
        return value
