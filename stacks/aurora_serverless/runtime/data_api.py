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
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import boto3
from botocore import exceptions
from botocore.config import Config

FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
NO_ANSWER = "NoAnswer"
TRANSIENT = frozenset(
    {
        NO_ANSWER,
        "DatabaseResumingException",
        "DatabaseUnavailableException",  # a failover
        "ServiceUnavailableError",
        "InternalServerErrorException",
        "ThrottlingException",
    }
)
"""Errors that pass: https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html"""
LOGIN_FAILED = "password authentication failed"
"""PostgreSQL's words. They pass, too: while a password is rotated, the secret and the database differ for a moment."""
BIGINT = range(-(2**63), 2**63)


class ParameterError(ValueError):
    """A value that PostgreSQL cannot store. No retry helps."""


class DataApiError(Exception):
    """An AWS service refused a call, or PostgreSQL a statement."""

    def __init__(self, code: str, message: str) -> None:
        """:param message: only its first line is kept. Others may quote a statement, and with it a password."""
        super().__init__(f"{code}: {message.partition(chr(10))[0]}")
        self.code = code

    @property
    def transient(self) -> bool:
        return self.code in TRANSIENT or LOGIN_FAILED in str(self)


class DeadlineError(Exception):
    """The database was not ready in time."""


@contextmanager
def plain_errors() -> Generator[None]:
    """Makes errors of boto3 a :class:`DataApiError`, which knows whether a retry helps and tells no secret."""
    try:
        yield
    except exceptions.ClientError as error:
        details = error.response["Error"]
        raise DataApiError(details["Code"], details["Message"]) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise DataApiError(NO_ANSWER, str(error)) from error


class Patience:
    """Waits longer before each new try, and gives up at a deadline."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left
        self._wait = FIRST_WAIT
        self._tries = 0

    def wait(self, error: Exception) -> None:
        """:raises DeadlineError: if the deadline is before the next try."""
        self._tries += 1
        # Functions that one pause has stopped do not all come back at the same moment.
        seconds = random.uniform(self._wait / 2, self._wait)
        if self._seconds_left() <= seconds:
            raise DeadlineError(
                f"The database was not ready before the deadline, after {self._tries} tries. The last answer was: "
                f"{error}. Try again. If this lasts, look at the events of the cluster."
            ) from error
        time.sleep(seconds)
        self._wait = min(2 * self._wait, LONGEST_WAIT)


class DataApi:
    """Calls one database as the user of one secret."""

    def __init__(
        self, client: Any, *, cluster_arn: str, secret_arn: str, database: str, seconds_left: Callable[[], float]
    ) -> None:
        """:param client: made by :func:`rds_data`.
        :param seconds_left: time until the deadline. After it there must be time for one more call, which may take as
            long as the client's read timeout.
        """
        self._client = client
        self._target = {"resourceArn": cluster_arn, "secretArn": secret_arn}
        self._database = database
        self._seconds_left = seconds_left

    def patience(self) -> Patience:
        return Patience(self._seconds_left)

    def execute(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Runs one statement in a transaction of its own. A retry may run it again, so it must be harmless twice.

        :raises ParameterError: if PostgreSQL cannot store a value.
        :raises DataApiError: if the statement fails.
        :raises DeadlineError: if the database is not ready in time.
        """
        return _rows(self._retry("execute_statement", **self.statement(sql, parameters)))

    @contextmanager
    def transaction(self) -> Generator["Transaction"]:
        """Commits what is done in it, or rolls all of it back if anything fails.

        Only its beginning is retried, because an error ends a transaction. The Data API also rolls back a transaction
        that nobody uses for three minutes:
        https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_BeginTransaction.html
        """
        transaction = Transaction(self, self._retry("begin_transaction", database=self._database)["transactionId"])
        try:
            yield transaction
            self.call("commit_transaction", transactionId=transaction.id)
        except BaseException:
            # A commit may have failed, too, and a transaction that stays open keeps its locks.
            transaction.roll_back()
            raise

    def statement(self, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return {
            "database": self._database,
            "sql": sql,
            "parameters": [{"name": name, **_parameter(name, value)} for name, value in parameters.items()],
            "includeResultMetadata": True,
        }

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
        with plain_errors():
            return getattr(self._client, operation)(**self._target, **request)


class Transaction:
    """Statements that take effect together."""

    def __init__(self, api: DataApi, transaction_id: str) -> None:
        self._api = api
        self.id = transaction_id

    def execute(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        statement = self._api.statement(sql, parameters)
        return _rows(self._api.call("execute_statement", transactionId=self.id, **statement))

    def roll_back(self) -> None:
        # The error that led here tells more than one of this call, and an unused transaction is rolled back anyway.
        with suppress(DataApiError):
            self._api.call("rollback_transaction", transactionId=self.id)


def rds_data(read_timeout_seconds: float) -> Any:
    """A client without retries of its own, because those of boto3 know neither a pause nor a deadline."""
    config = Config(connect_timeout=5, read_timeout=read_timeout_seconds, retries={"total_max_attempts": 1})
    return boto3.client("rds-data", config=config)


def storable(text: str) -> bool:
    """Whether PostgreSQL can store a text: without NUL, and without half of a surrogate pair, which is not UTF-8."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _parameter(name: str, value: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_SqlParameter.html"""
    match value:
        case None:
            return {"value": {"isNull": True}}
        case bool():
            return {"value": {"booleanValue": value}}
        case int() if value in BIGINT:
            return {"value": {"longValue": value}}
        case str() if storable(value):
            return {"value": {"stringValue": value}}
        case UUID():
            return {"value": {"stringValue": str(value)}, "typeHint": "UUID"}
    raise ParameterError(
        f"{name} must be a text without NUL and surrogates, a number of 64 bits, a truth value, a UUID or None, got "
        f"{type(value).__name__}. Convert it."
    )


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    names = [column["label"] for column in answer.get("columnMetadata", [])]
    return [dict(zip(names, map(_value, record), strict=True)) for record in answer.get("records", [])]


def _value(field: dict[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
