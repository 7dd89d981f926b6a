"""The KMS key of an SNS topic, which MiniStack drops."""

from ministack.services import sns

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties


def register() -> None:
    amend_type("AWS::SNS::Topic", complete=complete_topic)


def complete_topic(arn: str, properties: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if "KmsMasterKeyId" in properties:
        attributes["KmsMasterKeyId"] = properties["KmsMasterKeyId"]
