"""Origin request: finds the object of a page in the bucket, for the variant of the viewer.

CloudFront calls it only if it has no cached response. The cookie ``variant`` is in the cache key, so CloudFront
forwards the cookie and caches one response per value. This function changes the path after the cache look-up.
"""

from typing import Any

from shared import VARIANT_FOLDER, settings, variant_of

PAGES = frozenset(settings()["variant_paths"])
"""Paths of pages that differ between the variants."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    request = event["Records"][0]["cf"]["request"]
    path = request["uri"]
    folder = f"/{VARIANT_FOLDER}" if path in PAGES and variant_of(request["headers"]) == "b" else ""
    request["uri"] = folder + object_path(path)
    return request


def object_path(path: str) -> str:
    """``/about`` is ``/about/index.html``. A name with an extension, such as ``/robots.txt``, is an object itself."""
    if "." in path.rpartition("/")[2]:
        return path
    return f"{path.rstrip('/')}/index.html"
