"""What CloudFront gets to run: each function's package, with the settings of the deployment rendered into it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from patternbook.edge.function import EdgeEvent

RUNTIME: Final = Path(__file__).with_name("runtime")
SITE: Final = RUNTIME / "site"
VARIANT_FOLDER: Final = "variant-b"
"""As in ``shared.py`` of the functions."""
HSTS_DAYS: Final = 365
"""How long browsers remember that there is HTTPS only."""

FILES: Final[Mapping[EdgeEvent, tuple[str, ...]]] = {
    "viewer-request": ("viewer_request.py", "shared.py"),
    "origin-request": ("origin_request.py", "shared.py"),
    "origin-response": ("origin_response.py", "shared.py", "not_found.html", "unavailable.html"),
    "viewer-response": ("viewer_response.py", "shared.py"),
}


def package(event: EdgeEvent, settings: Mapping[str, Any]) -> dict[str, str]:
    """The files of a function: text by name.

    :param settings: of the pattern, by their names.
    """
    files = {name: (RUNTIME / name).read_text(encoding="utf-8") for name in FILES[event]}
    return {**files, "settings.json": json.dumps(_RENDERED[event](settings), indent=1, sort_keys=True)}


def has_variant(path: str) -> bool:
    """Whether the site has a page in both variants."""
    return all((folder / path[1:] / "index.html").is_file() for folder in (SITE, SITE / VARIANT_FOLDER))


def _viewer_request(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "host": next(iter(settings["domain_names"]), None),
        "redirects": {redirect.source: [redirect.status, redirect.target] for redirect in settings["redirects"]},
        "b_percent": settings["variant_b_percent"],
        "strict_transport_security": f"max-age={HSTS_DAYS * 86400}",
    }


def _only(*names: str) -> Any:
    return lambda settings: {name: settings[name] for name in names}


_RENDERED: Final[Mapping[EdgeEvent, Any]] = {
    "viewer-request": _viewer_request,
    "origin-request": _only("variant_paths"),
    "origin-response": _only("page_cache_seconds", "content_security_policy"),
    "viewer-response": _only("content_security_policy", "variant_days"),
}
