"""Migrations of AuroraServerlessStack that fail, are rolled back and tried again, and the restore of a snapshot.

The functions and PostgreSQL run for real. CloudFormation and RDS are emulated.
"""

import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account import ROOT, EmulatedAccount
from rehearsal.emulated import BOOTSTRAP_BUCKET
from rehearsal.late_failures import LATE_FAILURE, add_late_failure
from rehearsal.plan import AS_CONFIGURED
from tools.assembly import template_files

PACKAGE = ROOT / "stacks" / "aurora_serverless" / "runtime"
CAPABILITIES = ["CAPABILITY_IAM"]
SECONDS = 120
COLOR = {
    "migrations/0003_color.up.sql": "ALTER TABLE notes.note ADD COLUMN IF NOT EXISTS color text;\n"
    "ALTER TABLE notes.note ADD CONSTRAINT color_length CHECK (char_length(color) <= 20);\n",
    "migrations/0003_color.down.sql": "ALTER TABLE notes.note DROP CONSTRAINT color_length;\n",
}
"""A further migration. The way down takes back what is not in the package of the old version."""

Template = dict[str, Any]


class Database:
    """A stack of the pattern, deployed without the CLI, so that a test can change its packages."""

    def __init__(self, account: EmulatedAccount, name: str, template: Template) -> None:
        self.name, self.template = name, template
        self._session = account.session
        self._cloudformation = account.session.client("cloudformation")

    def deploy(self, *, more: Mapping[str, str] | None = None, late_failure: bool = False, **cluster: Any) -> str:
        """Creates or updates the stack.

        :param more: further files in the package of the functions.
        :param cluster: properties of the cluster; None removes one.
        :return: the status of the stack.
        """
        files = {**(more or {})}
        key = f"{len(files)}-{self.name}.zip"
        self._session.client("s3").put_object(Bucket=BOOTSTRAP_BUCKET, Key=key, Body=_zipped(files))
        template = json.loads(json.dumps(self.template))
        for body in template["Resources"].values():
            properties = body.get("Properties", {})
            if body["Type"] == "AWS::Lambda::Function":
                properties["Code"] = {"S3Bucket": BOOTSTRAP_BUCKET, "S3Key": key}
            if body["Type"] == "Custom::DatabaseSchema":
                properties["Version"] = str(2 + len(files) // 2)
                properties["Checksum"] = key
            if body["Type"] == "AWS::RDS::DBCluster":
                properties.update(cluster)
                body["Properties"] = {name: value for name, value in properties.items() if value is not None}
        if late_failure:
            add_late_failure(template["Resources"])
        change = self._cloudformation.update_stack if self.status() else self._cloudformation.create_stack
        change(StackName=self.name, TemplateBody=json.dumps(template), Capabilities=CAPABILITIES)
        deadline = time.monotonic() + SECONDS
        while (status := self.status() or "").endswith("IN_PROGRESS"):
            assert time.monotonic() < deadline, f"{self.name} is {status} after {SECONDS} seconds"
            time.sleep(0.1)
        return status

    def status(self) -> str | None:
        try:
            return self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
        except self._cloudformation.exceptions.ClientError:
            return None

    def failures(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}"
            for each in events
            if each["ResourceStatus"].endswith("FAILED")
        ]

    def delete(self) -> None:
        self._cloudformation.delete_stack(StackName=self.name)
        self._cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": SECONDS}
        )

    def resource(self, resource_type: str) -> str:
        found = self._cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return next(each["PhysicalResourceId"] for each in found if each["ResourceType"] == resource_type)

    @property
    def cluster(self) -> dict[str, Any]:
        name = self.resource("AWS::RDS::DBCluster")
        return self._session.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def ask(self, sql: str) -> list[Any]:
        """The first column of an answer, as the administrator gets it."""
        cluster = self.cluster
        records = self._session.client("rds-data").execute_statement(
            resourceArn=cluster["DBClusterArn"],
            secretArn=cluster["MasterUserSecret"]["SecretArn"],
            database="app",
            sql=sql,
        )["records"]
        return [next(iter(record[0].values())) for record in records]

    def call(self, method: str, **body: str) -> dict[str, Any]:
        """A call of the service."""
        event = {"requestContext": {"http": {"method": method}}, "body": json.dumps(body)}
        alias = self.resource("AWS::Lambda::Alias")
        answer = self._session.client("lambda").invoke(FunctionName=alias, Payload=json.dumps(event).encode())
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return json.loads(said["body"])


def _zipped(more: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(PACKAGE))
        for name, text in more.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def template(assemblies: Path) -> Template:
    """The sandbox. A version of the service is left out, as its logical id would have to change with its code."""
    file = template_files(assemblies / AS_CONFIGURED)["AuroraServerlessStack"]
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def database(account: EmulatedAccount, template: Template) -> Iterator[Database]:
    database = Database(account, "Migrated", template)
    status = database.deploy()
    assert status == "CREATE_COMPLETE", database.failures()
    yield database
    database.delete()


def versions(database: Database) -> list[int]:
    return database.ask("SELECT version FROM migrations.applied ORDER BY 1")


def test_a_migration_that_is_rolled_back_keeps_the_data_and_can_be_tried_again(database: Database) -> None:
    note = database.call("POST", title="Before", text="the change")["id"]
    assert database.deploy(more=COLOR, late_failure=True) == "UPDATE_ROLLBACK_COMPLETE", database.failures()
    assert any(each.startswith(LATE_FAILURE) for each in database.failures())
    assert versions(database) == [1, 2], "the old code took the new migration back"
    assert database.ask("SELECT conname FROM pg_constraint WHERE conname = 'color_length'") == []
    assert [each["id"] for each in database.call("GET")["notes"]] == [note]
    assert database.deploy(more=COLOR) == "UPDATE_COMPLETE", database.failures()
    assert versions(database) == [1, 2, 3]
    assert [each["id"] for each in database.call("GET")["notes"]] == [note]


def test_a_migration_that_fails_says_why_and_leaves_nothing(database: Database) -> None:
    before = versions(database)
    number = f"{before[-1] + 1:04}"
    broken = {
        f"migrations/{number}_broken.up.sql": "CREATE TABLE notes.half (id int);\nSELECT * FROM nowhere;\n",
        f"migrations/{number}_broken.down.sql": "DROP TABLE notes.half;\n",
    }
    known = COLOR if before == [1, 2, 3] else {}
    assert database.deploy(more={**known, **broken}) == "UPDATE_ROLLBACK_COMPLETE"
    assert any('relation "nowhere" does not exist' in each for each in database.failures()), database.failures()
    assert versions(database) == before
    assert database.ask("SELECT relname FROM pg_class WHERE relname = 'half'") == []


def test_a_snapshot_becomes_a_second_stack(account: EmulatedAccount, database: Database, template: Template) -> None:
    note = database.call("POST", title="Kept", text="in the snapshot")["id"]
    rds = account.session.client("rds")
    snapshot = rds.create_db_cluster_snapshot(
        DBClusterIdentifier=database.cluster["DBClusterIdentifier"], DBClusterSnapshotIdentifier="before-the-change"
    )["DBClusterSnapshot"]["DBClusterSnapshotArn"]
    later = database.call("POST", title="Later", text="than the snapshot")["id"]
    restored = Database(account, "Restored", template)
    known = COLOR if versions(database) == [1, 2, 3] else {}
    try:
        status = restored.deploy(more=known, SnapshotIdentifier=snapshot, MasterUsername=None, DatabaseName=None)
        assert status == "CREATE_COMPLETE", restored.failures()
        assert versions(restored) == versions(database)
        # The service logs in with the secret of the new stack, whose password the snapshot did not have.
        notes = [each["id"] for each in restored.call("GET")["notes"]]
        assert note in notes
        assert later not in notes
        assert restored.cluster["DBClusterIdentifier"] != database.cluster["DBClusterIdentifier"]
    finally:
        restored.delete()
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before-the-change")
