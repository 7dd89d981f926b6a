"""The columns of the events, which the table declares and the transform writes.

Add a column at the end only. Athena reads Parquet by the names of the columns, so older objects have no value in it:
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from typing import Final, NamedTuple


class Column(NamedTuple):
    """A column of the table."""

    name: str
    type: str
    """Type in the Glue Data Catalog."""
    comment: str


COLUMNS: Final = (
    Column("event_id", "string", "The same for each delivery of an event, and unique in its source"),
    Column("event_time", "timestamp", "When it happened, in UTC"),
    Column("event_type", "string", "What happened, such as ObjectCreated:Put"),
    Column("source", "string", "Where it happened, such as the URI of a bucket"),
    Column("subject", "string", "What it happened to, such as the key of an object"),
    Column("size_bytes", "bigint", "Size of the subject"),
    Column("data", "string", "Details, as JSON"),
    Column("extra", "string", "Members of the event that have no column, as JSON"),
    Column("arrival_time", "timestamp", "When the stream got it, in UTC"),
)
PARTITION: Final = Column("day", "string", "Day of the event in UTC, or of its arrival if they are far apart")
"""The partition key, which is in the prefix of the objects. The transform gives it to Firehose for each record."""
