"""Settings of alarms."""

from patternbook.settings import fields
from patternbook.settings.base import PatternSettings


class AlarmSettings(PatternSettings):
    """Who is notified of alarms."""

    alarm_email: fields.Email | None = None
    """Address that hears of alarms, once it has confirmed."""
