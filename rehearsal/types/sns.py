"""The key of a topic, which MiniStack drops."""

from ministack.services import sns

from rehearsal.types.seams import Properties, amend_type


def register() -> None:
    amend_type("AWS::SNS::Topic", keep=keep_topic)


def keep_topic(arn: str, properties: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if "KmsMasterKeyId" in properties:
        attributes["KmsMasterKeyId"] = properties["KmsMasterKeyId"]
