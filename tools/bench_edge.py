"""Measures the functions at the edge: ``python -m tools.bench_edge``, which is also a part of ``make bench``.

For each Lambda@Edge function it prints

- the time to import the function, after the runtime interface client is loaded
- the size of the package
- the time of a call, and for comparison the time of a handler that only returns its event.

For the CloudFront Function it prints the size of its code and the time of a call, in Node without its compiler. That is
not CloudFront's runtime, where nobody can measure: CloudFront tells a percentage of the time that it allows.

All times are medians of one run.
"""

import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from patternbook.edge.redirects import CODE
from patternbook.limits.edge import EVENTS, FUNCTION_BYTES, EdgeEvent, package_bytes
from stacks.lambda_edge import LambdaEdgeSettings
from stacks.lambda_edge.functions import package

CALLS, IMPORTS = 5000, 9
MICROSECONDS = 100
"""Limit for the time of a call."""

TIME_OF_IMPORT = """
import sys, time
import awslambdaric.bootstrap
sys.path.insert(0, sys.argv[1])
before = time.perf_counter()
__import__(sys.argv[2])
print(time.perf_counter() - before)
"""

# The store answers at once, so that the time is the function's own.
TIME_OF_CALLS = """
const stored = { '/old/page': '302 /new/page' };
const get = async (key) => { if (key in stored) return stored[key]; throw new Error('KeyNotFound'); };
const cf = { kvs: () => ({ get }) };
CODE
async function median(call, asked) {
    const times = [];
    for (let i = 0; i < CALLS; i++) {
        const request = { uri: asked.uri, headers: asked.headers, rawQueryString: () => asked.query };
        const before = process.hrtime.bigint();
        await call({ request });
        times.push(Number(process.hrtime.bigint() - before) / 1000);
    }
    return times.sort((a, b) => a - b)[CALLS / 2];
}
(async () => {
    for (const asked of CASES) {
        const nothing = await median(async (event) => event.request, asked);
        console.log(JSON.stringify([nothing, await median(handler, asked)]));
    }
})();
"""

_HEADERS = {
    "host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}],
    "user-agent": [{"key": "User-Agent", "value": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"}],
    "accept": [{"key": "Accept", "value": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}],
    "cookie": [{"key": "Cookie", "value": "theme=dark; session=0123456789abcdef; consent=yes"}],
}
_ANSWER = {
    "content-type": [{"key": "Content-Type", "value": "text/html; charset=utf-8"}],
    "etag": [{"key": "ETag", "value": '"5d41402abc4b2a76b9719d911017c592"'}],
}


def _event(uri: str, status: int | None = None, **headers: str) -> dict[str, Any]:
    more = {name.replace("_", "-"): [{"key": name, "value": value}] for name, value in headers.items()}
    request = {"headers": {**_HEADERS, **more}, "method": "GET", "querystring": "utm_source=mail", "uri": uri}
    config = {"distributionDomainName": "d111111abcdef8.cloudfront.net", "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd=="}
    cf: dict[str, Any] = {"config": config, "request": request}
    if status:
        cf["response"] = {"status": str(status), "statusDescription": "", "headers": dict(_ANSWER)}
    return {"Records": [{"cf": cf}]}


# Of the frequent events, these take the longest.
EVENTS_OF: Mapping[EdgeEvent, Mapping[str, dict[str, Any]]] = {
    "viewer-request": {
        "a new visitor": _event("/products/shoes/running"),
        "a redirect": _event("/products//shoes/%7erunning/index.html"),
    },
    "origin-request": {"variant b": _event("/", cookie="variant=b")},
    "origin-response": {"a page": _event("/about/index.html", 200), "no page": _event("/missing/index.html", 403)},
    "viewer-response": {"a new visitor": _event("/", 200, cookie="variant=b", x_variant_assigned="b")},
}


# Of the frequent requests, these take the longest.
REQUESTS = {
    "no redirect": {"uri": "/products/shoes/running", "query": "utm_source=mail"},
    "a redirect": {"uri": "/old//page/%7erunning/../index.html", "query": "utm_source=mail&utm_medium=newsletter"},
}


def main() -> None:
    """Prints one line per function, and one line per event."""
    lambda_functions()
    cloudfront_function()


def cloudfront_function() -> None:
    code = CODE.read_text(encoding="utf-8")
    print(f"CloudFront Function, redirects   code {len(code.encode()):,} bytes ({FUNCTION_BYTES:,} or less)")
    cases = [{**case, "headers": {"host": {"value": "d111111abcdef8.cloudfront.net"}}} for case in REQUESTS.values()]
    # Its import is CloudFront's own module.
    script = TIME_OF_CALLS.replace("CODE", code.partition("\n")[2])
    script = script.replace("CALLS", str(CALLS)).replace("CASES", json.dumps(cases))
    node = [os.environ["JSII_NODE"], "--jitless", "-e", script]
    lines = subprocess.run(node, check=True, capture_output=True, text=True).stdout.splitlines()
    for name, line in zip(REQUESTS, lines, strict=True):
        nothing, call = json.loads(line)
        print(f"  {name:<16} {call:5.1f} µs; an empty handler: {nothing:.1f} µs")


def lambda_functions() -> None:
    settings = dict(LambdaEdgeSettings())
    for event, cases in EVENTS_OF.items():
        files = package(event, settings)
        module = event.replace("-", "_")
        with _unpacked(files) as folder:
            imported = statistics.median(_seconds_to_import(folder, module) for _ in range(IMPORTS)) * 1000
            size, most = package_bytes(files), EVENTS[event].package_bytes
            print(f"{event:<16} import {imported:5.1f} ms   package {size:7,} bytes ({most:,} or less)")
            handler = _load(folder, module)
            for name, case in cases.items():
                nothing, call = _microseconds(lambda given, _: given, case), _microseconds(handler, case)
                print(f"  {name:<16} {call:5.1f} µs ({MICROSECONDS} or less); an empty handler: {nothing:.1f} µs")


@contextmanager
def _unpacked(files: Mapping[str, str]) -> Generator[Path, None, None]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        yield Path(folder)


def _seconds_to_import(folder: Path, module: str) -> float:
    command = [sys.executable, "-c", TIME_OF_IMPORT, str(folder), module]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _load(folder: Path, module: str) -> Callable[[dict[str, Any], object], Any]:
    sys.modules.pop("shared", None)
    sys.path.insert(0, str(folder))
    try:
        return __import__(module).handler
    finally:
        sys.path.remove(str(folder))


def _microseconds(handler: Callable[[dict[str, Any], object], Any], case: dict[str, Any]) -> float:
    """The median time of a call. Each call gets a copy of the event."""
    seconds = []
    for _ in range(CALLS):
        event = copy.deepcopy(case)
        # A function may write to its log.
        with redirect_stdout(StringIO()):
            before = time.perf_counter()
            handler(event, None)
            seconds.append(time.perf_counter() - before)
    return statistics.median(seconds) * 1e6


if __name__ == "__main__":
    main()
