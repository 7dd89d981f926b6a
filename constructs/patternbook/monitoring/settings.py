"""Settings of alarms."""

from patternbook.settings import fields
from patternbook.settings.base import PatternSettings


class AlarmSettings(PatternSettings):
    """Settings of a :class:`patternbook.monitoring.topic.NotificationTopic`."""

    alarm_email: fields.Email | None = None
    """E-mail address for alarms. Its owner must confirm the subscription."""
