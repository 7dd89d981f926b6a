"""Objects become rows through a bucket, a topic and the deployed stream, also after the table has got a column more."""

import json
from collections.abc import Callable
from datetime import datetime, timezone

from rehearsal.account import EmulatedAccount
from rehearsal.cycle import Cycle
from rehearsal.data_stream import KEYS, TOPIC_ARN, Stream
from stacks.data_stream.schema import COLUMNS

BUCKET = "uploads-of-the-test"


def test_objects_become_rows_and_a_new_column_is_empty_in_old_files(
    account: EmulatedAccount, steps: Callable[..., Cycle]
) -> None:
    """One test, because it deploys the stack."""
    cycle = steps("DataStreamStack", "production")
    cycle.deploy_assembly(cycle.as_configured)
    [stack] = cycle.stacks
    stream = Stream(account, stack.outputs)
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    try:
        events = [{"TopicArn": TOPIC_ARN, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
        s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"TopicConfigurations": events}
        )
        for key in KEYS:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n")
        for key in KEYS:
            s3.delete_object(Bucket=BUCKET, Key=key)
        rows = stream.eventually(lambda: found if len(found := stream.rows()) >= 2 * len(KEYS) else None)
        assert rows is not None, stream.failed()
        found = sorted((row["subject"], row["event_type"].split(":")[0], row["source"]) for row in rows)
        kinds = ("ObjectCreated", "ObjectRemoved")
        assert found == sorted((key, kind, f"s3://{BUCKET}") for key in KEYS for kind in kinds)
        assert {row["size_bytes"] for row in rows if row["event_type"].startswith("ObjectCreated")} == {4}
        assert len({row["event_id"] for row in rows}) == len(rows)
        assert stream.failed() == []

        add_column(account, stack.outputs, "tenant")
        now = datetime.now(timezone.utc).isoformat()
        stream.put([json.dumps({"id": "new", "time": now, "type": "order.placed", "tenant": "a"})])
        rows = stream.rows(by_name=True)
        assert len(rows) == 2 * len(KEYS) + 1
        # The transform puts members without a column into extra, until it knows the column.
        [row] = [row for row in rows if row["event_id"] == "new"]
        assert (row["extra"], {each["tenant"] for each in rows}) == ('{"tenant":"a"}', {None})
        assert sum(int(row["events"]) for row in stream.ask()) == len(rows)
    finally:
        stream.empty()
        s3.delete_bucket(Bucket=BUCKET)


def add_column(account: EmulatedAccount, outputs: dict[str, str], name: str) -> None:
    """Adds a column at the end of the table, as a deployment with a longer schema does."""
    glue = account.session.client("glue")
    table = glue.get_table(DatabaseName=outputs["DatabaseName"], Name=outputs["TableName"])["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == [each.name for each in COLUMNS]
    table["StorageDescriptor"]["Columns"].append({"Name": name, "Type": "string"})
    names = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    glue.update_table(DatabaseName=outputs["DatabaseName"], TableInput={key: table[key] for key in names})
