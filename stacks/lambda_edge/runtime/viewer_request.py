"""Viewer request: redirects to the canonical host and path or by a table, and gives viewers a variant.

CloudFront calls it for each request before the cache look-up, so it decides which cached response a viewer gets. The
cookie ``variant`` is the only cookie in the cache key. This function gives it one of two values and drops all other
cookies, so the other functions and the cache can trust it.

Locations contain the distribution's own host and the table's targets, never a host or scheme that the viewer sent. They
contain no character that could end a header.
"""

import re
from typing import Any
from zlib import crc32

from shared import ASSIGNED, COOKIE, VARIANT_FOLDER, header, settings, variant_of

SETTINGS = settings()
HOST: str | None = SETTINGS["host"]
"""Canonical host. Defaults to the host of the distribution."""
REDIRECTS: dict[str, list[Any]] = SETTINGS["redirects"]
"""Status and target by canonical path. A target is a path, or a URL on a host that the settings allow."""
B_PERCENT: int = SETTINGS["b_percent"]
SHARES = {"a": 100 - B_PERCENT, "b": B_PERCENT}
HSTS: str = SETTINGS["strict_transport_security"]

MAX_CHARACTERS = 8192
"""A URL must be shorter: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""
REASONS = {
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    414: "URI Too Long",
}
# Browsers cache permanent redirects for an hour only, so that a mistake can be corrected.
KEPT = {301: "max-age=3600", 308: "max-age=3600"}

# https://www.rfc-editor.org/rfc/rfc3986#section-2.3
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = re.compile(r"%([0-9A-Fa-f]{2})|([^A-Za-z0-9._~!$&'()*+,;=:@/-])")
_IN_QUERY = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    cf = event["Records"][0]["cf"]
    request = cf["request"]
    headers = request["headers"]
    host = HOST or cf["config"]["distributionDomainName"]
    uri = request["uri"]
    path = canonical_path(uri)
    if path in REDIRECTS:
        status, target = REDIRECTS[path]
        return redirect(status, host, target, request["querystring"])
    if path != uri or not is_host(headers, host):
        return redirect(301, host, path, request["querystring"])

    variant = variant_of(headers)
    headers.pop(ASSIGNED, None)
    if variant is None or not SHARES[variant]:
        variant = "b" if crc32(cf["config"]["requestId"].encode()) % 100 < B_PERCENT else "a"
        headers[ASSIGNED] = header(ASSIGNED, variant)
    headers["cookie"] = header("Cookie", f"{COOKIE}={variant}")
    return request


def canonical_path(uri: str) -> str:
    """The canonical form of a path.

    It is normalized by RFC 3986, without empty segments, without a slash or ``index.html`` at its end, and without the
    folder of a variant. A canonical path is its own canonical form.
    """
    segments: list[str] = []
    for segment in _IN_PATH.sub(_escaped, uri).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    while segments and segments[-1] == "index.html":
        segments.pop()
    while segments and segments[0] == VARIANT_FOLDER:
        del segments[0]
    return "/" + "/".join(segments)


def is_host(headers: dict[str, Any], host: str) -> bool:
    sent = headers.get("host", ())
    return len(sent) == 1 and sent[0]["value"].lower() == host


def redirect(status: int, host: str, target: str, query: str) -> dict[str, Any]:
    """A redirect with all of its headers, because CloudFront calls no function at viewer response for it."""
    location = f"https://{host}{target}" if target.startswith("/") else target
    if query:
        location += ("&" if "?" in location else "?") + _IN_QUERY.sub(_bytes_escaped, query)
    headers = {"strict-transport-security": header("Strict-Transport-Security", HSTS)}
    if len(location) >= MAX_CHARACTERS:
        status = 414
    else:
        headers["location"] = header("Location", location)
    headers["cache-control"] = header("Cache-Control", KEPT.get(status, "no-store"))
    return {"status": str(status), "statusDescription": REASONS[status], "headers": headers}


def _escaped(match: re.Match[str]) -> str:
    """Unescapes characters that need no escape, and escapes the others in upper case. An escaped slash becomes a slash,
    because it is a slash for S3."""
    if match[1] is None:
        return _bytes_escaped(match)
    character = chr(int(match[1], 16))
    return character if character in UNRESERVED or character == "/" else match[0].upper()


def _bytes_escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))
