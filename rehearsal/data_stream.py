"""Uses the data stream of a rehearsal: puts records, reads back the Parquet, and accounts for each record."""

import base64
import gzip
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import duckdb

from rehearsal import TOPIC_NAME
from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount, RehearsalError

TOPIC_ARN: Final = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{TOPIC_NAME}"
EVENTS: Final = 100
"""Number of good events of a producer."""
KEYS: Final = ("plain.csv", "a+b c.csv", "ü/日本.csv", "100%.csv")
"""Keys of objects in events of S3, which S3 encodes."""
FAILING: Final = ("", "no JSON", "[]", '{"id": "1"}', '{"id": "1", "time": "soon", "type": "a"}')
TEST_EVENT: Final = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"})
SECONDS: Final = 60
"""Time limit for records of the topic to arrive."""
BATCH: Final = 500
HIVE_TYPES: Final = {"string": "VARCHAR", "timestamp": "TIMESTAMP", "bigint": "BIGINT"}
"""The types of Parquet columns, as DuckDB names them, by the types of the table."""

Row = dict[str, Any]


class Stream:
    """The deployed stream, and what it wrote."""

    def __init__(self, account: EmulatedAccount, outputs: Mapping[str, str]) -> None:
        self._account, self._outputs = account, outputs
        client = account.session.client
        self._firehose, self._s3, self._glue, self._athena, self._sns = (
            client(name) for name in ("firehose", "s3", "glue", "athena", "sns")
        )
        self.bucket = outputs["BucketName"]

    def put(self, records: Sequence[str]) -> None:
        """Puts records directly."""
        for start in range(0, len(records), BATCH):
            batch = [{"Data": record.encode()} for record in records[start : start + BATCH]]
            answer = self._firehose.put_record_batch(DeliveryStreamName=self._outputs["StreamName"], Records=batch)
            if answer["FailedPutCount"]:
                raise RehearsalError(f"Firehose refuses {answer['FailedPutCount']} records.")

    def publish(self, messages: Sequence[str]) -> None:
        """Publishes messages to the topic of the account, which delivers them to the stream."""
        for message in messages:
            self._sns.publish(TopicArn=TOPIC_ARN, Message=message)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """The objects with a prefix, by key."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}

    def raw(self) -> str:
        """The backup of all records, as they came."""
        return "".join(gzip.decompress(content).decode() for content in self.objects("raw/").values())

    def failed(self) -> list[str]:
        """The records that were not transformed."""
        lines = [line for content in self.objects("errors/").values() for line in content.splitlines()]
        return [base64.b64decode(json.loads(line)["rawData"]).decode() for line in lines]

    def rows(self, *, by_name: bool = False) -> list[Row]:
        """The rows of all files, read back by DuckDB. Their columns and types must be those of the table.

        :param by_name: reads columns by their names, as Athena does, where some files have fewer than others.
        """
        with tempfile.TemporaryDirectory() as folder:
            for key, content in self.objects("events/").items():
                path = Path(folder, key)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            files = [str(path) for path in Path(folder).rglob("*.parquet")]
            if not files:
                return []
            with duckdb.connect() as connection:
                found = connection.execute(
                    "SELECT * FROM read_parquet(?, union_by_name = ?, hive_partitioning = true, "
                    "hive_types = {'day': 'VARCHAR'})",
                    [files, by_name],
                )
                columns = {name: str(kind) for name, kind, *_ in found.description or ()}
                if columns != self.columns():
                    raise RehearsalError(f"The files have the columns {columns}, and the table {self.columns()}.")
                return [dict(zip(columns, values, strict=True)) for values in found.fetchall()]

    def columns(self) -> dict[str, str]:
        """The columns of the table and its partition key, with their types in DuckDB."""
        table = self._glue.get_table(DatabaseName=self._outputs["DatabaseName"], Name=self._outputs["TableName"])
        columns = [*table["Table"]["StorageDescriptor"]["Columns"], *table["Table"]["PartitionKeys"]]
        return {each["Name"]: HIVE_TYPES[each["Type"]] for each in columns}

    def ask(self) -> list[dict[str, str]]:
        """Runs the saved query in the workgroup, and returns its rows.

        DuckDB runs it here. A date less an interval is a timestamp for DuckDB, and a date for Athena, so the query
        casts it. It uses nothing else in which the two differ.
        """
        query = self._athena.get_named_query(NamedQueryId=self._outputs["NamedQueryId"])["NamedQuery"]
        started = self._athena.start_query_execution(
            QueryString=query["QueryString"],
            QueryExecutionContext={"Database": query["Database"]},
            WorkGroup=self._outputs["WorkGroupName"],
        )["QueryExecutionId"]

        def ended() -> dict[str, Any] | None:
            status = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            return status if status["State"] not in ("QUEUED", "RUNNING") else None

        status = self.eventually(ended)
        if status is None or status["State"] != "SUCCEEDED":
            raise RehearsalError(f"The saved query must succeed, but has {status}.")
        names, *rows = self._athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        heads = [each["VarCharValue"] for each in names["Data"]]
        return [dict(zip(heads, [each.get("VarCharValue", "") for each in row["Data"]], strict=True)) for row in rows]

    def eventually(self, found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not (value := found()) and time.monotonic() < deadline:
            self._account.check_running()
            time.sleep(0.1)
        return value

    def empty(self) -> None:
        """Removes all versions of all objects."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        versions = [each for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, [])]
        for start in range(0, len(versions), 1_000):
            chosen = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions[start : start + 1_000]]
            self._s3.delete_objects(Bucket=self.bucket, Delete={"Objects": chosen, "Quiet": True})


def own_events(number: int, now: datetime) -> list[tuple[str, Row]]:
    """Events of a producer in no order of their times, each with the row that it must become."""
    found = []
    for index in range(number):
        happened = (now - timedelta(hours=(index * 37) % 100)).replace(microsecond=(index % 1000) * 1000)
        # An id is unique in its source only.
        identity = {"id": f"own-{index}", "source": "shop"} if index else {"id": "own-1", "source": "another shop"}
        event = {**identity, "time": happened.isoformat(), "type": "order.placed"}
        more = {"subject": f"order ü{index}", "size_bytes": index, "data": {"lines": [index]}, "color": "red"}
        row: Row = {"event_id": event["id"], "event_time": happened, "event_type": "order.placed"}
        row |= {"source": event["source"], "subject": more["subject"], "size_bytes": index}
        row |= {"data": f'{{"lines":[{index}]}}', "extra": '{"color":"red"}', "day": day_of(happened)}
        found.append((json.dumps({**event, **more}), row))
    return found


def s3_events(now: datetime) -> list[tuple[str, list[Row]]]:
    """Notifications of S3: one for each key, and one with several events. Each has the rows that it must become."""
    happened = now.replace(microsecond=0)

    def record(key: str, name: str, sequencer: str) -> dict[str, Any]:
        size = {} if name.startswith("ObjectRemoved") else {"size": 4}
        found = {"key": quote_plus(key, safe="/"), **size, "sequencer": sequencer}
        return {
            "eventSource": "aws:s3",
            "eventTime": happened.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "eventName": name,
            "s3": {"bucket": {"name": "uploads"}, "object": found},
        }

    def row(key: str, name: str, sequencer: str) -> Row:
        size = None if name.startswith("ObjectRemoved") else 4
        found = {"event_time": happened, "event_type": name, "source": "s3://uploads", "subject": key}
        data = json.dumps({"sequencer": sequencer}, separators=(",", ":"))
        return {**found, "size_bytes": size, "data": data, "extra": None, "day": day_of(happened)}

    groups = [[(key, "ObjectCreated:Put", "0A")] for key in KEYS]
    groups.append([(key, "ObjectRemoved:DeleteMarkerCreated", "0B") for key in KEYS])
    return [
        (json.dumps({"Records": [record(*each) for each in group]}), [row(*each) for each in group]) for group in groups
    ]


def day_of(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")


def use(account: EmulatedAccount, outputs: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """Puts good, repeated, ignored and failing records by both ways in, and compares what comes out with what went in.

    :raises RehearsalError: if a record is not accounted for, or the saved query counts otherwise.
    :return: a few words about it.
    """
    stream = Stream(account, outputs)
    now = datetime.now(timezone.utc)
    own, notifications = own_events(EVENTS, now), s3_events(now)
    repeated, rows_again = [event for event, _ in own[:5]], [row for _, row in own[:5]]
    ignored = [TEST_EVENT] * 2
    notified = [event for event, _ in notifications]
    direct = [*(event for event, _ in own), *ignored, *FAILING, *repeated]
    if any("Subscription" in path for path in ids):
        stream.publish(notified)
    else:
        stream.put(notified)
    stream.put(direct)
    rows = [row for _, row in own] + [row for _, found in notifications for row in found]
    _expect_rows(stream, [*rows, *rows_again])
    _expect("the failed records", Counter(stream.failed()), Counter(FAILING))
    _expect("the size of the backup", len(stream.raw()), len("".join([*direct, *notified])))
    _expect_answer(stream, rows)
    return (
        f"{len(direct) + len(notified)} records: {len(rows) + len(rows_again)} rows, {len(FAILING)} failed, "
        f"{len(ignored)} ignored; the query counts {len(rows)} events"
    )


def _expect_rows(stream: Stream, expected: Sequence[Row]) -> None:
    """Waits for rows, and compares each with what it must be."""

    def comparable(row: Row) -> str:
        kept = {name: value for name, value in row.items() if name not in ("event_id", "arrival_time")}
        return json.dumps({**kept, "event_time": row["event_time"].replace(tzinfo=None)}, default=str, sort_keys=True)

    found: list[Row] = []

    def arrived() -> bool:
        nonlocal found
        found = stream.rows()
        return len(found) >= len(expected)

    stream.eventually(arrived)
    _expect("the rows", Counter(map(comparable, found)), Counter(map(comparable, expected)))
    own = Counter(row["event_id"] for row in found if row["source"] == "shop")
    _expect("the ids", own, Counter(row["event_id"] for row in expected if row["source"] == "shop"))


def _expect_answer(stream: Stream, rows: Sequence[Row]) -> None:
    """Checks that the saved query counts each event once."""
    groups = ("day", "event_type", "source")
    counted = Counter(tuple(row[name] for name in groups) for row in rows)
    answer = Counter({tuple(row[name] for name in groups): int(row["events"]) for row in stream.ask()})
    _expect("the answer", answer, counted)


def _expect(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        if isinstance(found, Counter):
            found, expected = dict(found - expected), dict(expected - found)
            raise RehearsalError(f"There is a difference in {what}: too many {found}, and missing {expected}.")
        raise RehearsalError(f"There is a difference in {what}: found {found}, expected {expected}.")


def use_updated(account: EmulatedAccount, outputs: Mapping[str, str], _ids: Mapping[str, str]) -> str:
    """Puts records into the updated stream, reads them with those from before, and empties the bucket.

    :raises RehearsalError: if a row is missing.
    :return: a few words about it.
    """
    stream = Stream(account, outputs)
    before = len(stream.rows())
    stream.put([json.dumps({"id": "late", "time": datetime.now(timezone.utc).isoformat(), "type": "order.shipped"})])
    after = len(stream.rows())
    if not before or after != before + 1:
        raise RehearsalError(f"The updated stream must add a row to {before} rows, but there are {after}.")
    stream.empty()
    return f"{after} rows, old and new"
