"""The promises of patternbook.edge.redirects."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from patternbook import PRODUCTION, SANDBOX, EdgeRedirects, Posture
from patternbook.limits.edge import (
    FUNCTION_BYTES,
    FUNCTIONS_URL,
    KEY_VALUE_FILE_BYTES,
    KEY_VALUE_STORE_URL,
    check_function_code,
)
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import unchecked_app

TABLE = {"/old": "/new", "/shop": "302 https://shop.example.com/all?from=old"}


def made(table: dict[str, str] | None, posture: Posture = SANDBOX) -> Reading:
    stack = cdk.Stack(unchecked_app(), "Site", env=cdk.Environment(region="us-east-1"))
    EdgeRedirects(stack, "Redirects", posture=posture, table=table)
    return Reading(stack)


def store(stack: Reading) -> Resource:
    return stack.one("AWS::CloudFront::KeyValueStore")


def imported(stack: Reading) -> dict[str, Any]:
    """The file that the store imports, in the cloud assembly."""
    key = stack.shown(store(stack)["ImportSource"]["SourceArn"]).rpartition("/")[2]
    app = stack.stack.node.root
    assert isinstance(app, cdk.App)
    return json.loads(Path(app.outdir, f"asset.{key}").read_text(encoding="utf-8"))


def test_the_store_imports_the_table() -> None:
    assert imported(made(TABLE)) == {"data": [{"key": key, "value": value} for key, value in sorted(TABLE.items())]}


def test_a_changed_table_is_a_new_store_of_the_same_function() -> None:
    """CloudFront imports into a new store only. CloudFormation replaces a store whose name changes."""
    before, after = made(TABLE), made({**TABLE, "/old": "/newer"})
    assert store(before)["Name"] != store(after)["Name"]
    assert store(made(dict(reversed(TABLE.items()))))["Name"] == store(before)["Name"]
    assert before.one("AWS::CloudFront::Function")["Name"] == after.one("AWS::CloudFront::Function")["Name"]


def test_names_differ_between_regions_and_between_constructs() -> None:
    """The names of stores and of functions are unique in an account, in all Regions."""
    names = set()
    for region in ("us-east-1", "eu-west-1"):
        stack = cdk.Stack(unchecked_app(), "Site", env=cdk.Environment(region=region))
        for construct_id in ("Redirects", "MoreRedirects" * 10):
            EdgeRedirects(stack, construct_id, posture=SANDBOX, table=TABLE)
        for kind in ("KeyValueStore", "Function"):
            names |= {each["Name"] for each in Reading(stack).all(f"AWS::CloudFront::{kind}")}
    assert len(names) == 8
    assert all(re.fullmatch(r"[\w-]{1,64}", name, re.ASCII) for name in names)


def test_a_store_that_people_fill_has_no_table_and_outlives_a_stack_of_production() -> None:
    for posture, kept in ((SANDBOX, ("Delete", "Delete")), (PRODUCTION, ("RetainExceptOnCreate", "Retain"))):
        stack = made(None, posture)
        assert "ImportSource" not in store(stack).body["Properties"]
        assert store(stack).kept == kept
    assert store(made(TABLE, PRODUCTION)).kept == (None, None), "CloudFormation deletes it, as it does without a policy"


def test_the_code_is_such_as_cloudfront_takes() -> None:
    function = made(TABLE).one("AWS::CloudFront::Function")
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert 0 < len(function["FunctionCode"].encode()) <= FUNCTION_BYTES


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "table must have a redirect, got none"),
        ({"/old/": "/new"}, 'keys that are a path such as "/about", normalized, without a slash or index.html'),
        ({"/old/index.html": "/new"}, "got /old/index.html"),
        ({"/a/../b": "/new"}, "keys that are a path"),
        ({"/old?a=b": "/new"}, "keys that are a path"),
        ({"old": "/new"}, "keys that are a path"),
        ({"/old": "//evil.com"}, 'values that are a path such as "/team", or a URL'),
        ({"/old": "/\\evil.com"}, "values that are"),
        ({"/old": "http://www.example.com/"}, "values that are"),
        ({"/old": "javascript:alert(1)"}, "values that are"),
        ({"/old": "/new\r\nX: y"}, "got /new\\r\\nX: y for /old"),
        ({"/old": "303 /new"}, "after 302, 307 or 308 if it is not 301, got 303 /new for /old"),
        ({"/old": "/new/"}, 'targets on the same site that are a path such as "/about", normalized'),
        ({"/old": "/old"}, "table must not redirect to another of its paths, but /old leads to /old"),
        ({"/a": "/b", "/b": "302 /a?x"}, "but /a leads to /b. Use its target."),
        ({"/" + "a" * 512: "/new"}, "table must have keys of at most 512 bytes, got 513"),
        ({"/old": "/" + "a" * 1024}, f"values of at most 1,024 bytes, got 1,025 for /old ({KEY_VALUE_STORE_URL})"),
    ],
)
def test_a_table_that_is_wrong(table: dict[str, str], message: str) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        EdgeRedirects(stack, "Redirects", posture=SANDBOX, table=table)
    assert message in str(refused.value)
    assert not stack.node.children


def test_a_table_that_is_too_large_to_import() -> None:
    large = {f"/{number}": "/" + "a" * 1000 for number in range(5300)}
    with pytest.raises(ValueError, match=f"table must be at most {KEY_VALUE_FILE_BYTES:,} bytes as a file to import"):
        EdgeRedirects(cdk.Stack(cdk.App(), "Stack"), "Redirects", posture=SANDBOX, table=large)


def test_code_that_is_too_large() -> None:
    check_function_code("é" * (FUNCTION_BYTES // 2))
    with pytest.raises(ValueError, match=r"must be at most 10,240 bytes, got 10,242") as refused:
        check_function_code("é" * (FUNCTION_BYTES // 2 + 1))
    assert FUNCTIONS_URL in str(refused.value)
