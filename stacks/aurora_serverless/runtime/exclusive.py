"""Work that only one call may do at a time: migrations, and changes of the application's password."""

import time
from collections.abc import Callable
from typing import TypeVar

from data_api import DataApi, DataApiError, Transaction

LOCK = 5_077_241_733_219
"""A number of our own, for PostgreSQL's advisory locks."""
SETTLING = 60
"""Seconds for which a refusal may pass: IAM needs some to know a new policy, and a new cluster some to open its API."""
UNSETTLED = frozenset(
    {"AccessDeniedException", "ForbiddenException", "HttpEndpointNotEnabledException", "SecretsErrorException"}
)

T = TypeVar("T")


class LockedError(Exception):
    """Another function holds the lock."""


def exclusively(api: DataApi, work: Callable[[Transaction], T]) -> T:
    """Does ``work`` in one transaction, under the lock, so that all of it happens or nothing.

    After an error that passes, all of it is tried again. Therefore ``work`` must look at what is there before it
    changes anything: if only the answer to the commit got lost, it is called again, and has nothing left to do.

    :raises DeadlineError: if the lock, or the database, is not there in time. A function that died in its transaction
        holds the lock until the Data API ends the transaction, after three minutes.
    """
    patience, started = api.patience(), time.monotonic()
    while True:
        try:
            with api.transaction() as transaction:
                # The lock ends with the transaction.
                if not transaction.execute("SELECT pg_try_advisory_xact_lock(:lock) AS locked", lock=LOCK)[0]["locked"]:
                    raise LockedError("that another migration or rotation is running")
                return work(transaction)
        except LockedError as error:
            patience.wait(error)
        except DataApiError as error:
            settling = error.code in UNSETTLED and time.monotonic() - started < SETTLING
            if not error.transient and not settling:
                raise
            patience.wait(error)
