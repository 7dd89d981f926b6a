"""The question that a person can ask the minute the stack runs."""

from typing import Final

TABLE: Final = "events"
QUERY_NAME: Final = "Events of the last 7 days by type"


def events_by_type(database: str, table: str) -> str:
    """Counts each event once, however often it was delivered.

    The partition key limits what Athena reads. It is a text, as it stands in the keys of the files.
    """
    return f"""\
WITH deliveries AS (
  SELECT *, row_number() OVER (PARTITION BY source, event_id ORDER BY arrival_time) AS delivery
  FROM "{database}"."{table}"
  WHERE day >= CAST(CAST(current_date - INTERVAL '7' DAY AS date) AS varchar)
)
SELECT day, event_type, source, count(*) AS events, sum(size_bytes) AS bytes
FROM deliveries
WHERE delivery = 1
GROUP BY day, event_type, source
ORDER BY day DESC, events DESC, event_type, source
LIMIT 100"""
