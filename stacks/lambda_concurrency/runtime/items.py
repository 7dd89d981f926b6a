"""Items, and the job that is done for each: a digest, derived from a text by a number of PBKDF2 rounds."""

import hashlib
from typing import Any

MAX_ROUNDS = 1_000_000
"""At most a second of one vCPU. An environment with 256 MiB has a seventh of one, and needs seven seconds."""
SALT = b"patternbook"


class WrongItemError(ValueError):
    """An item that no retry can process."""


def read(item: Any) -> dict[str, Any]:
    """The text and the rounds of an item, without anything else that it contains.

    :raises WrongItemError: for anything that is no item.
    """
    if not isinstance(item, dict):
        raise WrongItemError('the item must be an object such as {"item": "a text"}')
    text, rounds = item.get("item"), item.get("rounds", 1)
    if not isinstance(text, str) or not 1 <= len(text) <= 1024:
        raise WrongItemError("item must be a text of 1 to 1,024 characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        # JSON can have one, but no log, answer or digest: it is not UTF-8.
        raise WrongItemError("item must not contain half of a surrogate pair")
    if not isinstance(rounds, int) or isinstance(rounds, bool) or not 1 <= rounds <= MAX_ROUNDS:
        raise WrongItemError(f"rounds must be a whole number from 1 to {MAX_ROUNDS:,}")
    return {"item": text, "rounds": rounds}


def digest(text: str, rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), SALT, rounds).hex()
