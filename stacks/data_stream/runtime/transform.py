"""Transforms the records of the stream: each record in comes out once, with rows, as dropped or as failed."""

from collections import Counter
from typing import Any

from observing import count, logger, tracer
from results import DROPPED, FAILED, MAX_RESPONSE_BYTES, OK, Result, failed, result_of, size_of

LOGGED_IDS = 5
"""Number of records that a log line names for each reason. The error prefix has all of them."""


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: Any) -> dict[str, list[Result]]:
    results, reasons = transform(event["records"])
    for reason, ids in reasons.items():
        logger.warning(reason, records=len(ids), examples=ids[:LOGGED_IDS])
    outcomes = Counter(result["result"] for result in results)
    count("TransformedRecords", outcomes[OK], context)
    count("DroppedRecords", outcomes[DROPPED], context)
    count("FailedRecords", outcomes[FAILED], context)
    return {"records": results}


def transform(
    records: list[dict[str, Any]], *, limit: int = MAX_RESPONSE_BYTES
) -> tuple[list[Result], dict[str, list[str]]]:
    """The results in the order of the records, and the ids of the records without rows by their reasons.

    A response that is too large would fail the whole batch, and each retry of it. So a record that does not fit fails
    alone. Its result is smaller than the record was in the request, which has the same limit.
    """
    reasons: dict[str, list[str]] = {}
    results = []
    room = limit - sum(size_of(failed(record)) for record in records)
    for record in records:
        result, reason = result_of(record)
        growth = size_of(result) - size_of(failed(record))
        if growth > room:
            result, reason, growth = failed(record), "The response would be too large.", 0
        room -= growth
        if reason:
            reasons.setdefault(reason, []).append(record["recordId"])
        results.append(result)
    return results, reasons
