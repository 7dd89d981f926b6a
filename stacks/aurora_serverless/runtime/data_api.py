"""A thin client of the RDS Data API for Aurora PostgreSQL: typed parameters, rows as dictionaries, retries.

The Data API is an HTTPS endpoint, so a function needs no VPC, no driver and no connection pool. Every call names a
secret, and the Data API logs in with it (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html).

A cluster that has paused answers the first call with ``DatabaseResumingException`` and resumes. This takes about 15
seconds, or 30 and more if the pause was longer than a day
(https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html). boto3 does not
retry this error, so this client does, until its deadline.
"""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
TRANSIENT = frozenset(
    {
        "DatabaseResumingException",
        "DatabaseUnavailableException",  # a failover
        "ServiceUnavailableError",
        "InternalServerErrorException",
        "ThrottlingException",
    }
)
"""Errors that pass: https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html#API_ExecuteStatement_Errors"""
NO_ANSWER = "NoAnswer"
LOGIN_FAILED = "password authentication failed"
"""PostgreSQL's words. For a moment during a rotation, the secret is behind the database, or ahead of it."""
MAX_BIGINT = 2**63 - 1


class ParameterError(ValueError):
    """A value that PostgreSQL cannot store. No retry helps."""


class DataApiError(Exception):
    """The Data API refused a call."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @property
    def login_failed(self) -> bool:
        return LOGIN_FAILED in str(self)

    @property
    def transient(self) -> bool:
        return self.code in TRANSIENT or self.code == NO_ANSWER or self.login_failed


class DeadlineError(Exception):
    """The database was not ready in time."""


class Patience:
    """Waits a little longer before each new try, and ends with :class:`DeadlineError`."""

    def __init__(self, seconds_left: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> None:
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._wait = FIRST_WAIT
        self._tries = 0

    def wait(self, error: Exception) -> None:
        """:raises DeadlineError: if the deadline is before the next try."""
        self._tries += 1
        # Functions that one pause has stopped do not all come back at the same moment.
        seconds = random.uniform(self._wait / 2, self._wait)
        if self._seconds_left() <= seconds:
            raise DeadlineError(
                f"The database was not ready before the deadline, after {self._tries} tries. The last answer was "
                f"{error}. If the cluster had paused, try again. If it had not, look at its events."
            ) from error
        self._sleep(seconds)
        self._wait = min(2 * self._wait, LONGEST_WAIT)


class DataApi:
    """Calls one database as the user of one secret."""

    def __init__(
        self,
        client: Any,
        *,
        cluster_arn: str,
        secret_arn: str,
        database: str,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """:param client: of :func:`rds_data`.
        :param seconds_left: until the deadline. It must leave time for the last call, which may take as long as the
            client's read timeout.
        """
        self._client = client
        self._target = {"resourceArn": cluster_arn, "secretArn": secret_arn}
        self._database = database
        self._seconds_left = seconds_left
        self._sleep = sleep

    def patience(self) -> Patience:
        return Patience(self._seconds_left, self._sleep)

    def execute(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Runs one statement in a transaction of its own. A retry runs it again, so it must be harmless twice.

        :raises ParameterError: if PostgreSQL cannot store a value.
        :raises DataApiError: if the statement fails.
        :raises DeadlineError: if the database is not ready in time.
        """
        request = self._statement(sql, parameters)
        return _rows(self._retry("execute_statement", database=self._database, **request))

    @contextmanager
    def transaction(self) -> Generator["Transaction"]:
        """Commits what is done in it, or rolls all of it back if anything fails.

        Only its beginning is retried, because an error in a transaction ends it. The Data API ends a transaction that
        is left alone for three minutes, too, and rolls it back:
        https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_BeginTransaction.html
        """
        transaction = Transaction(self, self._retry("begin_transaction", database=self._database)["transactionId"])
        try:
            yield transaction
        except BaseException:
            transaction.roll_back()
            raise
        self.call("commit_transaction", transactionId=transaction.id)

    def _retry(self, operation: str, **request: Any) -> dict[str, Any]:
        patience = self.patience()
        while True:
            try:
                return self.call(operation, **request)
            except DataApiError as error:
                if not error.transient:
                    raise
                patience.wait(error)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """One call, without a retry."""
        try:
            return getattr(self._client, operation)(**self._target, **request)
        except ClientError as error:
            details = error.response.get("Error", {})
            raise DataApiError(details.get("Code", "Unknown"), details.get("Message", "")) from error
        except BotoCoreError as error:
            raise DataApiError(NO_ANSWER, str(error)) from error

    @staticmethod
    def _statement(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return {
            "sql": sql,
            "parameters": [_parameter(name, value) for name, value in parameters.items()],
            "includeResultMetadata": True,
        }


class Transaction:
    """Statements that take effect together."""

    def __init__(self, api: DataApi, transaction_id: str) -> None:
        self._api = api
        self.id = transaction_id

    def execute(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        request = DataApi._statement(sql, parameters)
        return _rows(self._api.call("execute_statement", transactionId=self.id, **request))

    def roll_back(self) -> None:
        try:
            self._api.call("rollback_transaction", transactionId=self.id)
        except DataApiError:
            # The error that led here tells more, and the Data API rolls back a transaction that nobody uses.
            return


def rds_data(read_timeout_seconds: float) -> Any:
    """A client without retries of its own, because those of boto3 know neither a pause nor a deadline."""
    config = Config(connect_timeout=5, read_timeout=read_timeout_seconds, retries={"total_max_attempts": 1})
    return boto3.client("rds-data", config=config)


def _parameter(name: str, value: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_SqlParameter.html"""
    match value:
        case None:
            return {"name": name, "value": {"isNull": True}}
        case bool():
            return {"name": name, "value": {"booleanValue": value}}
        case int():
            if not -MAX_BIGINT - 1 <= value <= MAX_BIGINT:
                raise ParameterError(f"{name} must fit into 64 bits. Give a smaller number.")
            return {"name": name, "value": {"longValue": value}}
        case str():
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise ParameterError(f"{name} must not contain NUL or half of a surrogate pair. Remove it.")
            return {"name": name, "value": {"stringValue": value}}
        case bytes():
            return {"name": name, "value": {"blobValue": value}}
        case UUID():
            return {"name": name, "value": {"stringValue": str(value)}, "typeHint": "UUID"}
        case datetime():
            if value.tzinfo is None:
                raise ParameterError(f"{name} must have a time zone, because the Data API takes UTC.")
            text = value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
            return {"name": name, "value": {"stringValue": text}, "typeHint": "TIMESTAMP"}
    raise ParameterError(f"{name} must not be of type {type(value).__name__}. Convert it.")


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    names = [column["name"] for column in answer.get("columnMetadata", [])]
    return [dict(zip(names, map(_value, record), strict=True)) for record in answer.get("records", [])]


def _value(field: dict[str, Any]) -> Any:
    if field.get("isNull"):
        return None
    (value,) = field.values()
    return value
