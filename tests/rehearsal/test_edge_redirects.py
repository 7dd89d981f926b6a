"""A changed table of redirects in the emulated account, which imports no table: the function moves to another store."""

from typing import Any

import aws_cdk as cdk

from patternbook import SANDBOX, EdgeRedirects
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import unchecked_app
from tests.rehearsal.templates import Resources, Stack, only


def redirects(target: str) -> Resources:
    stack = cdk.Stack(unchecked_app(), "Site", env=cdk.Environment(region="us-east-1"))
    EdgeRedirects(stack, "Redirects", posture=SANDBOX, table={"/old": target})
    return Reading(stack).document["Resources"]


def test_a_changed_table_is_another_store_and_rolls_back(stack: Stack) -> None:
    def read() -> tuple[str, str]:
        """The names of the only store and of the only function, which is live and has the store."""
        cloudfront = stack.client("cloudfront")
        store = only(cloudfront.list_key_value_stores()["KeyValueStoreList"]["Items"])
        function: Any = only(cloudfront.list_functions(Stage="LIVE")["FunctionList"]["Items"])
        [association] = function["FunctionConfig"]["KeyValueStoreAssociations"]["Items"]
        assert association["KeyValueStoreARN"] == store["ARN"]
        return store["Name"], function["Name"]

    stack.deploy(redirects("/new"))
    first = read()
    stack.roll_back(redirects("/newer"))
    assert read() == first
    stack.deploy(redirects("/newer"))
    second = read()
    assert second[0] != first[0]
    assert second[1] == first[1]
    stack.delete()
    assert not stack.client("cloudfront").list_key_value_stores()["KeyValueStoreList"].get("Items")
