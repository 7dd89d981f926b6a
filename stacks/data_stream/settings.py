"""Settings of DataStreamStack. The defaults work in an empty account."""

from patternbook.data.settings import KeySettings, LogSettings
from patternbook.monitoring.settings import AlarmSettings
from patternbook.streams.settings import StreamSettings


class DataStreamSettings(AlarmSettings, KeySettings, LogSettings, StreamSettings):
    """Settings of the pattern are those of its constructs."""
