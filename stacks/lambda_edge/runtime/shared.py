"""Code that the functions at the edge share: their settings, and the cookie of the A/B test.

The functions use plain Python. Lambda@Edge has no environment variables, so ``settings.json`` in the package contains
the settings of the deployment. ``stacks/lambda_edge/functions.py`` renders it at synth.
"""

import json
import re
from pathlib import Path
from typing import Any

Headers = dict[str, list[dict[str, str]]]
"""CloudFront's form of headers: by name in lower case, each a list of ``key`` and ``value``.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
"""

VARIANTS = ("a", "b")
VARIANT_FOLDER = "variant-b"
"""Folder of the bucket with the pages of variant b, under the same names."""
COOKIE = "variant"
"""The only cookie in the cache key, and the only cookie that the function at viewer request lets pass."""
ASSIGNED = "x-variant-assigned"
"""Header by which viewer request tells viewer response that the viewer had no variant yet. It is not in the cache key,
so it reaches neither the origin nor a cached response."""

_PAIR = re.compile(rf"(?:^|;)[ \t]*{COOKIE}=([^;]*)")


def settings() -> dict[str, Any]:
    """The content of ``settings.json`` in the package."""
    return json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))


def header(name: str, value: str) -> list[dict[str, str]]:
    """One header in CloudFront's form."""
    return [{"key": name, "value": value}]


def variant_of(headers: Headers) -> str | None:
    """The variant in the cookies of a request. None if they have no variant, an unknown one, or several."""
    cookies = headers.get("cookie", ())
    found = {value.strip() for cookie in cookies for value in _PAIR.findall(cookie["value"])}
    return found.pop() if len(found) == 1 and found.issubset(VARIANTS) else None
