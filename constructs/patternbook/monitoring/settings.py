"""Settings of alarms, and of the topic that they notify."""

from patternbook.settings import fields
from patternbook.settings.base import PatternSettings
from patternbook.settings.fields import YesNo


class TopicSettings(PatternSettings):
    """Settings of a :class:`patternbook.monitoring.topic.NotificationTopic`."""

    alarm_email: fields.Email | None = None
    """E-mail address for alarms. Its owner must confirm the subscription."""


class AlarmSettings(TopicSettings):
    """Settings of a :class:`patternbook.monitoring.monitoring.Monitoring`."""

    allow_silent_alarms: YesNo = False
    """Allow production without alarm_email, because another tool subscribes to the topic of the alarms."""
