"""Redirects by a CloudFront Function and its key value store."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from patternbook.limits.edge import check_function_code, key_value_file
from patternbook.limits.redirects import check_table
from patternbook.posture import Posture

CODE: Final = Path(__file__).with_name("runtime") / "redirects.js"
"""The code of the function."""


class EdgeRedirects(Construct):
    """A function that redirects by a table, for the viewer request of a cache behavior.

    CloudFront imports a table only when it creates a key value store
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/kvs-with-functions-create.html), and
    CloudFormation updates no import source
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudfront-keyvaluestore.html). So a
    changed table is a new store. The function moves to it, and the old store goes with the keys that people added. A
    roll-back moves the function back. A store without a table is empty at first. It belongs to people, and no
    deployment changes its keys.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, posture: Posture, table: Mapping[str, str] | None = None
    ) -> None:
        """:param posture: decides whether a store that belongs to people outlives the stack.
        :param table: target by path, such as ``{"/old": "/new", "/shop": "302 https://shop.example.com/"}``. None for a
            store that belongs to people.
        :raises ValueError: see :func:`patternbook.limits.redirects.check_table`; for an empty table.
        """
        if table is not None and not table:
            raise ValueError("table must have a redirect, got none. Leave table out for a store that people fill.")
        check_table(table or {})
        code = CODE.read_text(encoding="utf-8")
        check_function_code(code)
        super().__init__(scope, construct_id)
        self.store = self._store(table, posture)
        self.function = cloudfront.Function(
            self,
            "Function",
            comment="Redirects by the table of its key value store",
            code=cloudfront.FunctionCode.from_inline(code),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            key_value_store=self.store,
        )

    @property
    def association(self) -> cloudfront.FunctionAssociation:
        """The association of the function with a cache behavior."""
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
            function=self.function,
        )

    def _store(self, table: Mapping[str, str] | None, posture: Posture) -> cloudfront.KeyValueStore:
        # A name is unique in the account, in all Regions. A name that changes makes CloudFormation create a new store
        # before it deletes the old one.
        name = f"{cdk.Stack.of(self).region}{cdk.Names.unique_resource_name(self, max_length=40)}"
        if table is None:
            store = cloudfront.KeyValueStore(
                self, "Table", key_value_store_name=name, comment="Redirects, which people edit"
            )
            store.apply_removal_policy(posture.removal_policy)
            return store
        file = key_value_file(table)
        return cloudfront.KeyValueStore(
            self,
            "Table",
            key_value_store_name=name + hashlib.sha256(file.encode()).hexdigest()[:8],
            comment="Redirects, from the table of a deployment",
            source=cloudfront.ImportSource.from_inline(file),
        )
