"""Tokens that continue a list: opaque to clients, valid for an hour and for one owner.

A token is the time at which it expires and the id of the last item, signed together with the owner. The signature lets
nobody make up a token, use one for another owner, or use it for longer.
"""

import base64
import hashlib
import hmac
import re

from problems import ProblemError, bad_request

VALID_SECONDS = 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{48}")
"""36 bytes: 4 of the time, 16 of the id and 16 of the signature."""


def token(key: bytes, owner: str, last_id: str, now: float) -> str:
    """The token of the page after an item."""
    signed = int(now + VALID_SECONDS).to_bytes(4, "big") + bytes.fromhex(last_id)
    return base64.urlsafe_b64encode(signed + _signature(key, owner, signed)).decode()


def last_id(key: bytes | None, owner: str, given: str, now: float) -> str:
    """The id of the item that a token continues after.

    :param key: None if nobody has issued a token yet.
    :raises ProblemError: if nobody has issued the token for this owner within the last hour.
    """
    if key is None or not TOKEN.fullmatch(given):
        raise _invalid()
    decoded = base64.urlsafe_b64decode(given)
    signed, signature = decoded[:20], decoded[20:]
    if not hmac.compare_digest(signature, _signature(key, owner, signed)) or int.from_bytes(signed[:4], "big") < now:
        raise _invalid()
    return signed[4:].hex()


def _invalid() -> ProblemError:
    return bad_request("next must be the token of a page of the same owner, at most an hour old. Start a new list.")


def _signature(key: bytes, owner: str, signed: bytes) -> bytes:
    return hmac.digest(key, signed + owner.encode(), hashlib.sha256)[:16]
