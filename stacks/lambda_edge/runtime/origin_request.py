"""Origin request: from the URL of a page to the object in the bucket, for the variant of whoever asks.

It runs only where CloudFront has nothing cached. The cookie ``variant`` is in the cache key, so CloudFront forwards it
and keeps one response for each of its values; what this function does to the path is after that.
"""

from typing import Any

from shared import VARIANT_FOLDER, settings, variant_of

PAGES = frozenset(settings()["variant_paths"])
"""The paths of pages that differ between the variants."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    request = event["Records"][0]["cf"]["request"]
    path = request["uri"]
    folder = f"/{VARIANT_FOLDER}" if path in PAGES and variant_of(request["headers"]) == "b" else ""
    request["uri"] = folder + object_path(path)
    return request


def object_path(path: str) -> str:
    """``/about`` is ``/about/index.html``; a name with an ending, such as ``/robots.txt``, is an object itself."""
    if "." in path.rpartition("/")[2]:
        return path
    return f"{path.rstrip('/')}/index.html"
