"""Brings the database's schema to the version that a stack wants, up or down: the handler of a custom resource.

CloudFormation calls it with the property ``Version``. One transaction does all of it, so that a migration that fails
leaves nothing behind, and an advisory lock lets only one run at a time.

An update that is rolled back comes with the old version, and with the old code, which does not know the newer
migrations. Therefore the way back is kept in the database, beside what was done. A deletion changes nothing: the data
are deleted with the cluster only.

Secrets Manager calls the same function to rotate the application's password, because both need the admin's secret.
"""

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import catalog
from catalog import Migration, MigrationError
from custom_resource import answer
from data_api import DataApi, DataApiError, DeadlineError, Transaction, plain_errors, rds_data
from exclusive import exclusively
from passwords import password_in, set_password
from rotate import rotate

READ_TIMEOUT = 60
"""Seconds. The Data API ends a statement after 45, and a client should wait longer:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api-timeouts.html"""
MARGIN = READ_TIMEOUT + 20
"""Seconds before Lambda's timeout at which nothing new is tried, so that there is time to answer CloudFormation."""
LOCK_TIMEOUT = "10s"
"""A statement that waits for a busy table makes everybody wait who comes after it."""
TABLE = (
    "CREATE SCHEMA IF NOT EXISTS migrations",
    "CREATE TABLE IF NOT EXISTS migrations.applied (version integer PRIMARY KEY, name text NOT NULL, "
    "checksum text NOT NULL, down text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
)

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
_data = rds_data(READ_TIMEOUT)
_secrets = boto3.client("secretsmanager")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Answers CloudFormation, or does a step of a rotation."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN

    if isinstance(event, dict) and "Step" in event:
        return rotate(
            event,
            _secrets,
            os.environ["APP_SECRET_ARN"],
            admin=_api("SECRET_ARN", seconds_left),
            app=_api("APP_SECRET_ARN", seconds_left),
        )
    return answer(
        event,
        context,
        lambda request: _work(request, seconds_left),
        readable=(MigrationError, DataApiError, DeadlineError),
    )


def _api(secret: str, seconds_left: Callable[[], float]) -> DataApi:
    return DataApi(
        _data,
        cluster_arn=os.environ["CLUSTER_ARN"],
        secret_arn=os.environ[secret],
        database=os.environ["DATABASE_NAME"],
        seconds_left=seconds_left,
    )


def _work(event: dict[str, Any], seconds_left: Callable[[], float]) -> dict[str, str]:
    kind, properties = event.get("RequestType"), event.get("ResourceProperties")
    if kind == "Delete":
        return {}
    if kind not in ("Create", "Update") or not isinstance(properties, dict):
        raise MigrationError(f"The request must be Create, Update or Delete with its properties, got {kind!r:.40}.")
    migrations = catalog.load()
    target = _target(properties.get("Version"), len(migrations))
    admin = _api("SECRET_ARN", seconds_left)
    before = exclusively(admin, lambda transaction: migrate(transaction, migrations, target, _password))
    logger.info("migrated", extra={"before": before, "version": target})
    return {"Version": str(target), "Before": str(before)}


def _target(version: Any, latest: int) -> int:
    """CloudFormation passes every property as a text."""
    if version not in [str(number) for number in range(latest + 1)]:
        raise MigrationError(
            f"Version must be a number from 0 to {latest}, the last migration, got {version!r:.40}. Add the migration, "
            "or lower the version."
        )
    return int(version)


def _password() -> str:
    with plain_errors():
        secret = _secrets.get_secret_value(SecretId=os.environ["APP_SECRET_ARN"])["SecretString"]
    try:
        return password_in(secret)
    except ValueError as error:
        raise MigrationError(str(error)) from error


def migrate(transaction: Transaction, migrations: Sequence[Migration], target: int, password: Callable[[], str]) -> int:
    """Brings the schema to a version, and sets the application's password. Returns the version that it had before.

    :param password: reads the password. It is called under the lock, when no rotation can change it.
    :raises MigrationError: if the database has another history than the files.
    """
    transaction.execute("SELECT set_config('lock_timeout', :time, true)", time=LOCK_TIMEOUT)
    for statement in TABLE:
        transaction.execute(statement)
    applied = transaction.execute("SELECT version, name, checksum FROM migrations.applied ORDER BY version")
    _compare(applied, migrations)
    before = len(applied)
    for migration in migrations[before:target]:
        _run(transaction, migration.up, f"{migration.version:04} ({migration.name})")
    for row in reversed(applied[target:]):
        down = "SELECT down FROM migrations.applied WHERE version = :version"
        (stored,) = transaction.execute(down, version=row["version"])
        _run(transaction, stored["down"], f"{row['version']:04} ({row['name']}), taken back")
    transaction.execute("DELETE FROM migrations.applied WHERE version > :target", target=target)
    for migration in migrations[:target]:
        transaction.execute(
            "INSERT INTO migrations.applied (version, name, checksum, down) VALUES (:version, :name, :checksum, :down) "
            "ON CONFLICT (version) DO UPDATE SET down = excluded.down",
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
            down=migration.down,
        )
    if target:
        set_password(transaction, password())
    return before


def _run(transaction: Transaction, sql: str, name: str) -> None:
    for number, statement in enumerate(catalog.statements(sql), start=1):
        try:
            transaction.execute(statement)
        except DataApiError as error:
            if error.transient:
                raise
            raise MigrationError(f"Migration {name}, statement {number}: {error}. Nothing has changed.") from error


def _compare(applied: Sequence[dict[str, Any]], migrations: Sequence[Migration]) -> None:
    for number, row in enumerate(applied, start=1):
        if row["version"] != number:
            raise MigrationError(f"The table migrations.applied lacks version {number}. Restore its row.")
    for row, migration in zip(applied, migrations, strict=False):
        if row["checksum"] != migration.checksum:
            raise MigrationError(
                f"Migration {migration.version:04} ({row['name']}) has changed since it was applied. Restore the file, "
                "and add a new migration."
            )
