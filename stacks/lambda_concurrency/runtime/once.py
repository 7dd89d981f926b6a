"""Does the job for each item once, although Lambda may deliver an event twice. A table remembers what was done.

The key of an entry is the digest of the whole item, so an entry never answers for another item. An entry of a call that
timed out or lost its environment expires with the time that the call had left, and the next attempt does the job.

https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/
"""

import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.config import Config
from items import digest
from observing import count, logger

REMEMBERED_SECONDS = 21 * 86_400
"""Longer than an event can live: up to 6 hours until Lambda gives it up, 14 days in the failure queue, and as long as
before once it is sent again."""

_table = DynamoDBPersistenceLayer(
    table_name=os.environ["IDEMPOTENCY_TABLE"],
    # Powertools gives all items one value of key_attr. As the sort key, it leaves the items in many partitions.
    key_attr="sk",
    static_pk_value="DONE",
    sort_key_attr="pk",
    expiry_attr="expires_at",
    # Two requests, of nine seconds at most, fit beside the longest job into the default timeout.
    boto3_client=boto3.client(
        "dynamodb", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3})
    ),
)


def _repeated(response: dict[str, Any], idempotent_data: DataRecord) -> dict[str, Any]:  # noqa: ARG001
    """Powertools calls this in place of the job, if the table has the result of the item."""
    count("RepeatedItems")
    logger.info("repeated")
    return response


config = IdempotencyConfig(
    expires_after_seconds=REMEMBERED_SECONDS,
    # Somebody could make two items with the same MD5, the default.
    hash_function="sha256",
    response_hook=_repeated,
)


@idempotent_function(data_keyword_argument="item", config=config, persistence_store=_table, key_prefix="ITEM")
def do_once(*, item: dict[str, Any]) -> dict[str, Any]:
    """The result of the job, from the table if it was done before.

    :raises IdempotencyAlreadyInProgressError: while another call does the job for the same item.
    :raises IdempotencyPersistenceLayerError: if the table does not answer. Then it is unknown whether the job was done.
    """
    result = {"digest": digest(item["item"], item["rounds"])}
    count("ProcessedItems")
    logger.info("processed", **item)
    return result
