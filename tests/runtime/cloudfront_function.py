"""Runs the redirects of a CloudFront Function in Node, with a table in place of its key value store.

Node is not CloudFront's runtime. :func:`syntax` tells what of JavaScript a function uses, to compare with what the
runtime has.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

from typing_extensions import Self

import patternbook  # noqa: F401 - sets JSII_NODE

IMPORT: Final = "import cf from 'cloudfront';\n"
HOST: Final = "d111111abcdef8.cloudfront.net"

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-custom-methods.html
STORE: Final = """
const entries = new Map();
const failure = {};
const cf = { kvs: () => ({
    async get(key) {
        if (failure.now) throw new Error('KeyValueStoreNotReady');
        if (!entries.has(key)) throw new Error('KeyNotFound');
        return entries.get(key);
    },
}) };
"""
CALLS: Final = """
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    const { event, table, fails } = JSON.parse(line);
    entries.clear();
    Object.keys(table).forEach((key) => entries.set(key, table[key]));
    failure.now = fails;
    const query = event.request.raw;
    delete event.request.raw;
    event.request.rawQueryString = () => query === null ? undefined : query;
    let answer;
    try {
        answer = { returned: await handler(event), same: false };
        answer.same = answer.returned === event.request;
    } catch (error) {
        answer = { thrown: String(error) };
    }
    console.log(JSON.stringify(answer));
});
"""
# The parser that Node has for itself.
PARSE: Final = """
const acorn = require('internal/deps/acorn/acorn/dist/acorn');
const walk = require('internal/deps/acorn/acorn-walk/dist/walk');
const code = require('fs').readFileSync(0, 'utf8');
const found = new Set();
const called = new Set();
walk.full(acorn.parse(code, { ecmaVersion: 2024, sourceType: 'module' }), (node) => {
    found.add(node.type);
    if (node.type === 'Literal' && node.regex) found.add('flags:' + node.regex.flags);
    if (node.type === 'MemberExpression' && !node.computed) called.add(node.property.name);
});
console.log(JSON.stringify({ nodes: [...found].sort(), members: [...called].sort() }));
"""


def node(*arguments: str) -> list[str]:
    return [os.environ["JSII_NODE"], *arguments]


def syntax(code: str) -> dict[str, list[str]]:
    """The kinds of syntax that a code has, and the names of the members that it uses."""
    command = node("--expose-internals", "-e", PARSE)
    return json.loads(subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout)


def request(uri: str = "/", query: str | None = None, host: str | None = HOST, method: str = "GET") -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html"""
    headers = {} if host is None else {"host": {"value": host}}
    return {"method": method, "uri": uri, "raw": query, "querystring": {}, "headers": headers, "cookies": {}}


class Redirects:
    """The function, in one process of Node for all calls."""

    def __init__(self, code: str) -> None:
        assert code.count(IMPORT) == 1
        script = STORE + code.replace(IMPORT, "") + CALLS
        self._node = subprocess.Popen(node("-e", script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._node.communicate()

    def __call__(
        self, table: Mapping[str, str], asked: Mapping[str, Any], *, fails: bool = False
    ) -> dict[str, Any] | None:
        """The response that the function returns, or None if it passes the request on."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": asked}
        self._node.stdin.write(json.dumps({"event": event, "table": table, "fails": fails}) + "\n")
        self._node.stdin.flush()
        answer = json.loads(self._node.stdout.readline())
        assert "thrown" not in answer, answer
        return None if answer["same"] else answer["returned"]
