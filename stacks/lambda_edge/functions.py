"""The Lambda@Edge functions. Each has the settings of the deployment in its package."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from constructs import Construct

from patternbook.edge.function import EdgeFunction
from patternbook.limits.edge import EdgeEvent

RUNTIME: Final = Path(__file__).with_name("runtime")
SITE: Final = RUNTIME / "site"
VARIANT_FOLDER: Final = "variant-b"
"""Folder of the site with the pages of variant b, as in the functions' ``shared.py``."""
HSTS_DAYS: Final = 365
"""Days for which browsers use HTTPS only."""

FILES: Final[Mapping[EdgeEvent, tuple[str, ...]]] = {
    "viewer-request": ("viewer_request.py", "shared.py"),
    "origin-request": ("origin_request.py", "shared.py"),
    "origin-response": ("origin_response.py", "shared.py", "not_found.html", "unavailable.html"),
    "viewer-response": ("viewer_response.py", "shared.py"),
}
DESCRIPTIONS: Final[Mapping[EdgeEvent, str]] = {
    "viewer-request": "Redirects to the canonical URL, and assigns a variant",
    "origin-request": "Finds the object of a page",
    "origin-response": "Sets the cache time and the error pages",
    "viewer-response": "Adds security headers, and the cookie of the variant",
}


def edge_functions(scope: Construct, settings: Mapping[str, Any]) -> dict[EdgeEvent, EdgeFunction]:
    """One function for each event.

    :param settings: settings of the pattern, by their names.
    """
    return {
        event: EdgeFunction(
            scope,
            event.title().replace("-", ""),
            event=event,
            files=package(event, settings),
            handler=f"{event.replace('-', '_')}.handler",
            description=description,
        )
        for event, description in DESCRIPTIONS.items()
    }


def package(event: EdgeEvent, settings: Mapping[str, Any]) -> dict[str, str]:
    """The package of a function: the text of each file by its name."""
    files = {name: (RUNTIME / name).read_text(encoding="utf-8") for name in FILES[event]}
    return {**files, "settings.json": json.dumps(_RENDERED[event](settings), indent=1, sort_keys=True)}


def has_variant(path: str) -> bool:
    """Whether the site has a page in both variants."""
    try:
        return all((folder / path[1:] / "index.html").is_file() for folder in (SITE, SITE / VARIANT_FOLDER))
    except OSError:  # a name that no file can have, such as one of 1,000 characters
        return False


def _viewer_request(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "host": next(iter(settings["domain_names"]), None),
        "redirects": {redirect.source: [redirect.status, redirect.target] for redirect in settings["redirects"]},
        "b_percent": settings["variant_b_percent"],
        "strict_transport_security": f"max-age={HSTS_DAYS * 86400}",
    }


def _only(*names: str) -> Any:
    return lambda settings: {name: settings[name] for name in names}


def _origin_response(settings: Mapping[str, Any]) -> dict[str, Any]:
    objects = [f"/{quote(path.relative_to(SITE).as_posix())}" for path in SITE.rglob("*") if path.is_file()]
    return {**_only("page_cache_seconds", "content_security_policy")(settings), "objects": sorted(objects)}


_RENDERED: Final[Mapping[EdgeEvent, Any]] = {
    "viewer-request": _viewer_request,
    "origin-request": _only("variant_paths"),
    "origin-response": _origin_response,
    "viewer-response": _only("content_security_policy", "variant_days", "variant_paths"),
}
