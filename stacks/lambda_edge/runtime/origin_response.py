"""Origin response: sets the cache time of the bucket's responses, and replaces its errors by error pages.

CloudFront calls it only if it has no cached response, and before it caches this one. The bucket answers 403 for a key
that doesn't exist, because the distribution may not list it. Viewers get 404 instead. The bucket also answers 403 if it
doesn't admit the distribution. A file of the site that is refused tells the two apart: viewers get 503, and an alarm
rings.
"""

from pathlib import Path
from typing import Any
from zlib import crc32

from shared import header, settings

SETTINGS = settings()
OBJECTS = frozenset(SETTINGS["objects"])
"""Paths of the files that the deployment uploads."""
ASSETS = "/assets/"
"""Prefix of files that never change under the same name."""
CACHE_ASSETS = header("Cache-Control", "public, max-age=31536000, immutable")
# Browsers revalidate each time and CloudFront answers, because a deployment invalidates CloudFront's cache only.
CACHE_PAGES = header("Cache-Control", f"public, max-age=0, s-maxage={SETTINGS['page_cache_seconds']}, must-revalidate")
CACHE_NOTHING = header("Cache-Control", "no-store")
HTML = header("Content-Type", "text/html; charset=utf-8")
# Error pages get their policy here, because CloudFront calls no function at viewer response for an error.
POLICY = header("Content-Security-Policy", SETTINGS["content_security_policy"])

POLICY_TAG = f"{crc32(SETTINGS['content_security_policy'].encode()):08x}"
"""Changes with the policy. It is a part of each page's ETag, so that no browser keeps a page with an old policy."""

NOT_FOUND, UNAVAILABLE = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("not_found.html", "unavailable.html")
)
OF_ANOTHER_BODY = ("accept-ranges", "content-encoding", "content-length", "etag", "last-modified")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    status = int(response["status"])
    if status == 403 and request["uri"] in OBJECTS:
        response["status"], response["statusDescription"] = "503", "Service Unavailable"
        show(UNAVAILABLE, request, response)
    elif status in (403, 404):
        response["status"], response["statusDescription"] = "404", "Not Found"
        show(NOT_FOUND, request, response)
    elif status >= 500:
        show(UNAVAILABLE, request, response)
    elif status < 400 and request["uri"].startswith(ASSETS):
        response["headers"]["cache-control"] = CACHE_ASSETS
    elif status < 400:
        response["headers"]["cache-control"] = CACHE_PAGES
        tag_with_policy(response["headers"])
    return response


def tag_with_policy(headers: dict[str, Any]) -> None:
    """Adds the policy to the ETag, and removes the date, which a new policy does not change."""
    headers.pop("last-modified", None)
    for each in headers.get("etag", ()):
        each["value"] = f'{each["value"].rstrip(chr(34))}-{POLICY_TAG}"'


def show(page: str, request: dict[str, Any], response: dict[str, Any]) -> None:
    """Replaces the response of the bucket by a page."""
    headers = response["headers"]
    for name in OF_ANOTHER_BODY:
        headers.pop(name, None)
    headers["content-type"] = HTML
    headers["cache-control"] = CACHE_NOTHING
    headers["content-security-policy"] = POLICY
    if request["method"] != "HEAD":
        response["body"], response["bodyEncoding"] = page, "text"
