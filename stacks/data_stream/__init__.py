"""A stream of events: Firehose → S3 as Parquet, and a question asked of it.

- Records come from your own code, and from an SNS topic such as that of EventPipelineStack.
- A function turns each record into rows of one table. It has no permission for any data.
- Each row is in a Parquet file of its day. Athena knows each new day by itself.
- Every record is kept as it came. One that cannot be transformed is kept apart, and an alarm rings if it goes on.
- A saved query answers a question at once, counts each event once, and cannot scan without a limit.
- Files move to cheaper storage, and expire.
- In production, one customer managed key encrypts records, files, results and logs.

Page: docs/data-stream.md
"""

from stacks.data_stream.settings import DataStreamSettings
from stacks.data_stream.stack import DataStreamStack

__all__ = ["DataStreamSettings", "DataStreamStack"]
