"""SNS topics in the emulated account."""

from typing import Any

from tests.rehearsal.templates import (
    Stack,
    check_life_cycle,
    of,
)


def test_topics(stack: Stack) -> None:
    def read() -> Any:
        attributes = stack.client("sns").get_topic_attributes(TopicArn=stack.id_of("Topic"))["Attributes"]
        return attributes.get("KmsMasterKeyId")

    encrypted = {"Topic": of("SNS::Topic", KmsMasterKeyId="alias/some")}
    assert check_life_cycle(stack, {"Topic": of("SNS::Topic")}, encrypted, read) == (None, "alias/some")
