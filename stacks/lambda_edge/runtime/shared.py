"""What the functions at the edge share: their settings, and the cookie of the A/B test.

They run on plain Python. There are no environment variables at the edge, so ``settings.json`` in the package holds what
is specific to a deployment; ``stacks/lambda_edge/packages.py`` renders it at synth.
"""

import json
import re
from pathlib import Path
from typing import Any

Headers = dict[str, list[dict[str, str]]]
"""As CloudFront has them: by name in lower case, each a list of ``key`` and ``value``.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
"""

VARIANTS = ("a", "b")
VARIANT_FOLDER = "variant-b"
"""Where the bucket has the pages of variant b, by the same names."""
COOKIE = "variant"
"""Part of the cache key, as the only cookie, and the only one that gets past the first function."""
ASSIGNED = "x-variant-assigned"
"""Header that the first function adds to a request that came without a variant, for the last function to read. It is
not part of the cache key, so that no origin and no cached response sees it."""

_PAIR = re.compile(rf"(?:^|;)[ \t]*{COOKIE}=([^;]*)")


def settings() -> dict[str, Any]:
    """What ``settings.json`` of the package says."""
    return json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))


def header(name: str, value: str) -> list[dict[str, str]]:
    """One header, as CloudFront takes it."""
    return [{"key": name, "value": value}]


def variant_of(headers: Headers) -> str | None:
    """The variant that the cookies of a request name; None where they name none, another, or several."""
    cookies = headers.get("cookie", ())
    found = {value.strip() for cookie in cookies for value in _PAIR.findall(cookie["value"])}
    return found.pop() if len(found) == 1 and found.issubset(VARIANTS) else None
