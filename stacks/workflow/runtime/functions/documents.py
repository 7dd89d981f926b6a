"""Reads order documents, and says why something is none.

The workflow carries only the key and the version of a document, because Step Functions passes at most 256 KiB between
states: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
"""

import json
import re
import unicodedata
from typing import Any, Final, NoReturn, TypeGuard

MAX_BYTES: Final = 5 << 20
MAX_LINES: Final = 10_000
MAX_AMOUNT: Final = 10**12
ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""Step Functions allows more characters in the name of an execution, but these need no care in a key or a command."""
CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]").search


class RefusedError(Exception):
    """What is given is no order. The text is the reason."""


def reference(given: Any, prefix: str) -> tuple[str, str | None]:
    """The key and the version of the document in the input of an execution."""
    document = given.get("document") if isinstance(given, dict) else None
    key, version = (document.get("key"), document.get("version_id")) if isinstance(document, dict) else (None, None)
    if not isinstance(key, str) or not _is_name(key) or not key.startswith(prefix):
        _refuse(f'The input must be {{"document": {{"key": "{prefix}…"}}}}, with the key of an object.')
    if version is not None and not _is_name(version):
        _refuse("document.version_id must be the version of an object, or be left out.")
    return key, version


def read(content: bytes, order_id: str) -> dict[str, Any]:
    """What the workflow needs to know of an order.

    :raises RefusedError: if the content is no order with this id.
    """
    try:
        order = json.loads(content, parse_constant=lambda _: _refuse("The document must be JSON."))
    except (ValueError, RecursionError):
        _refuse("The document must be JSON.")
    if not isinstance(order, dict):
        _refuse("The document must be a JSON object.")
    if order.get("order_id") != order_id:
        _refuse("order_id must be the name of the execution.")
    currency, lines = order.get("currency"), order.get("lines")
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        _refuse('currency must have three capital letters, such as "EUR".')
    payment = _text(order, "payment", 200)
    _text(order, "ship_to", 500)
    if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_LINES:
        _refuse(f"lines must have 1 to {MAX_LINES:,} lines.")
    amount = sum(_line(number, line) for number, line in enumerate(lines, 1))
    if not 0 < amount <= MAX_AMOUNT:
        _refuse(f"The amount must be 1 to {MAX_AMOUNT:,}.")
    return {"amount": amount, "currency": currency, "payment": payment}


def _is_name(given: Any) -> TypeGuard[str]:
    """Whether S3 takes this as the key or the version of an object:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    # A lone surrogate is no character, and UTF-8 cannot encode it.
    return isinstance(given, str) and 0 < len(given.encode("utf-8", "surrogatepass")) <= 1024 and not _SURROGATE(given)


def _line(number: int, line: Any) -> int:
    if not isinstance(line, dict):
        _refuse(f"Line {number} must be a JSON object.")
    _text(line, "sku", 100, where=f"Line {number}: ")
    return _whole(line, "quantity", 1, 1_000_000, number) * _whole(line, "unit_price", 0, MAX_AMOUNT, number)


def _whole(line: dict[str, Any], name: str, least: int, most: int, number: int) -> int:
    value = line.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _refuse(f"Line {number}: {name} must be a whole number from {least:,} to {most:,}.")
    return value


def _text(holder: dict[str, Any], name: str, longest: int, where: str = "") -> str:
    value = holder.get(name)
    if (
        not isinstance(value, str)
        or not 0 < len(value.strip()) <= len(value) <= longest
        or any(unicodedata.category(each) in ("Cc", "Cs") for each in value)
    ):
        _refuse(f"{where}{name} must be a text of 1 to {longest} printable characters.")
    return value


def _refuse(reason: str) -> NoReturn:
    raise RefusedError(reason)
