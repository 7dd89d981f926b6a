"""What MiniStack leaves of keys."""

from ministack.services import kms

from rehearsal.types.seams import Properties, amend_type


def register() -> None:
    amend_type("AWS::KMS::Key", forget=forget_key)


def forget_key(key_id: str, _properties: Properties) -> None:
    """KMS keeps it for the days in which its deletion can be taken back, and bills nothing for it."""
    kms._keys.pop(key_id, None)
