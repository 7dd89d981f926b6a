"""Viewer response: adds security headers to pages, and the cookie for viewers with a new variant.

CloudFront calls it for each response, cached or not, except for errors and for responses of the function at viewer
request. The headers of all responses are in the response headers policy of the distribution. These are for pages only.

It runs after CloudFront's cache, so the Cache-Control that it sets is for browsers and for caches between them and
CloudFront. What depends on the viewer is private. Nothing else may stay there for longer than it takes to ask, because
a deployment invalidates CloudFront's cache only.
"""

import json
from typing import Any

from shared import ASSIGNED, COOKIE, header, settings, variant_of

SETTINGS = settings()
PAGES = frozenset(SETTINGS["variant_paths"])
"""Paths of pages that differ between the variants."""
ON_PAGES = {
    "content-security-policy": header("Content-Security-Policy", SETTINGS["content_security_policy"]),
    "cross-origin-opener-policy": header("Cross-Origin-Opener-Policy", "same-origin"),
    "permissions-policy": header("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    "cache-control": header("Cache-Control", "public, max-age=0, must-revalidate"),
}
PRIVATE = header("Cache-Control", "private, max-age=0, must-revalidate")
ATTRIBUTES = f"Path=/; Max-Age={SETTINGS['variant_days'] * 86400}; Secure; HttpOnly; SameSite=Lax"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    headers, path = response["headers"], request["uri"]
    if is_page(path, response):
        headers.update(ON_PAGES)
    # The request is as the function at viewer request left it, so its cookie is the variant that was served.
    variant = variant_of(request["headers"])
    first = variant is not None and ASSIGNED in request["headers"]
    if first:
        cookie = header("Set-Cookie", f"{COOKIE}={variant}; {ATTRIBUTES}")
        headers["set-cookie"] = [*headers.get("set-cookie", ()), *cookie]
    if first or path in PAGES:
        headers["cache-control"] = PRIVATE
        # The access logs have the same request id, and the cookie of later visits only.
        seen = {"variant": variant, "page": path, "first": first, "request": cf["config"].get("requestId")}
        print(json.dumps(seen))
    return response


def is_page(path: str, response: dict[str, Any]) -> bool:
    """Whether it is a page. A 304 response has no content type, and a page has no extension in its path."""
    if response["status"] == "304":
        return "." not in path.rpartition("/")[2]
    kinds = response["headers"].get("content-type", ())
    return any(kind["value"].lower().startswith("text/html") for kind in kinds)
