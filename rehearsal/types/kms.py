"""KMS keys. MiniStack leaves records of deleted keys behind."""

from ministack.services import kms

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::KMS::Key", clean_up=clean_up_key)


def clean_up_key(key_id: str, _properties: Properties) -> None:
    """On AWS a key is pending deletion for some days, and costs nothing. Here it is deleted at once."""
    kms._keys.pop(key_id, None)
