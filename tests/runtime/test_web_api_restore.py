"""The procedure of the page that restores items from a table of point-in-time recovery, in an emulated DynamoDB."""

import re
import runpy
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

PAGE = Path(__file__).parents[2] / "docs" / "web-api.md"
OWNER, OTHER = "OWNER#someone", "OWNER#other"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    [block] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    path = tmp_path / "copy_lost_items.py"
    path.write_text(block, encoding="utf-8")
    return path


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """A table, and another one that was restored from it. Since then, the first one has lost and changed items."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        dynamodb = boto3.resource("dynamodb")
        names = ("pk", "sk")
        live = dynamodb.create_table(
            TableName="items",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=True)],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        )
        for number in range(3):
            live.put_item(Item=item(OWNER, f"ITEM#{number}", version=1))
        live.put_item(Item=item(OWNER, "REQUEST#1", version=1))
        live.put_item(Item=item(OTHER, "ITEM#0", version=1))
        dynamodb.meta.client.update_continuous_backups(
            TableName="items", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        dynamodb.meta.client.restore_table_to_point_in_time(
            SourceTableName="items", TargetTableName="items-restored", RestoreDateTime=datetime.now(timezone.utc)
        )
        live.delete_item(Key={"pk": OWNER, "sk": "ITEM#0"})
        live.put_item(Item=item(OWNER, "ITEM#1", version=2))
        live.delete_item(Key={"pk": OWNER, "sk": "REQUEST#1"})
        live.delete_item(Key={"pk": OTHER, "sk": "ITEM#0"})
        yield live, dynamodb.Table("items-restored")


def item(owner: str, sort_key: str, *, version: int) -> dict[str, Any]:
    return {"pk": owner, "sk": sort_key, "version": version}


def test_lost_items_of_an_owner_come_back_and_newer_ones_stay(
    script: Path, tables: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live, restored = tables
    assert len(restored.scan()["Items"]) == 5
    monkeypatch.setattr(sys, "argv", [str(script), "items", "items-restored", "someone"])
    runpy.run_path(str(script))
    found = {(each["pk"], each["sk"]): each["version"] for each in live.scan()["Items"]}
    assert found == {(OWNER, "ITEM#0"): 1, (OWNER, "ITEM#1"): 2, (OWNER, "ITEM#2"): 1}
    assert capsys.readouterr().out.splitlines() == ["copied ITEM#0", "exists ITEM#1", "exists ITEM#2"]
