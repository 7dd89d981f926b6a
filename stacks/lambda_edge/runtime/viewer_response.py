"""Viewer response: adds security headers to pages, and the cookie for viewers with a new variant.

CloudFront calls it for each response, cached or not, except for errors and for responses of the function at viewer
request. The headers of all responses are in the response headers policy of the distribution. These are for pages only.
"""

from typing import Any

from shared import ASSIGNED, COOKIE, header, settings, variant_of

SETTINGS = settings()
ON_PAGES = {
    "content-security-policy": header("Content-Security-Policy", SETTINGS["content_security_policy"]),
    "cross-origin-opener-policy": header("Cross-Origin-Opener-Policy", "same-origin"),
    "permissions-policy": header("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
}
ATTRIBUTES = f"Path=/; Max-Age={SETTINGS['variant_days'] * 86400}; Secure; HttpOnly; SameSite=Lax"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    cf = event["Records"][0]["cf"]
    request, response = cf["request"], cf["response"]
    headers = response["headers"]
    if is_page(headers):
        headers.update(ON_PAGES)
    # The request is as the function at viewer request left it, so its cookie is the variant that was served. The cookie
    # also goes with 304 responses, which have no content type.
    variant = variant_of(request["headers"])
    if variant and ASSIGNED in request["headers"]:
        cookie = header("Set-Cookie", f"{COOKIE}={variant}; {ATTRIBUTES}")
        headers["set-cookie"] = [*headers.get("set-cookie", ()), *cookie]
    return response


def is_page(headers: dict[str, Any]) -> bool:
    return any(kind["value"].lower().startswith("text/html") for kind in headers.get("content-type", ()))
