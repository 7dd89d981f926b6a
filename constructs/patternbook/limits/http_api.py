"""Limits of HTTP APIs of API Gateway, each with its source."""

import re
from collections.abc import Sequence
from typing import Final

from patternbook.limits.dns import HOST, is_port
from patternbook.limits.given import listed, shown
from patternbook.limits.limit import Limit

QUOTAS: Final = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"
ACCOUNT_QUOTAS: Final = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"

INTEGRATION_TIMEOUT: Final = Limit("maximum integration timeout", 1, 30, "seconds", QUOTAS)
# API Gateway answers 503 when its own time is over, so a function must end before that.
FUNCTION_TIMEOUT: Final = Limit("timeout of a function behind an HTTP API", 1, 29, "seconds", QUOTAS)
ROUTES: Final = Limit("routes per API", 1, 300, "routes", QUOTAS)
# All APIs of an account in a Region share these defaults, which AWS raises on request.
RATE: Final = Limit("requests per second of an account in a Region", 1, 10_000, "requests per second", ACCOUNT_QUOTAS)
BURST: Final = Limit("burst of an account in a Region", 1, 5_000, "requests", ACCOUNT_QUOTAS)

# Scheme, host and port, as a browser sends it, in lower case and without the default port of the scheme. API Gateway
# would never find another spelling equal: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
_ORIGIN: Final = re.compile(rf"(https://{HOST}(?!:443$)|http://localhost(?!:80$))(:(?P<port>[1-9]\d*))?", re.ASCII)


def is_origin(value: str) -> bool:
    """Whether a text is the origin of a website with TLS, or of one on the developer's machine."""
    origin = _ORIGIN.fullmatch(value)
    return origin is not None and value == value.lower() and is_port(origin["port"])


def check_origins(origins: Sequence[str]) -> None:
    """:raises ValueError: for anything but origins. ``*`` would let every website call the API for its visitors."""
    wrong = [each for each in origins if not is_origin(each)]
    if wrong:
        raise ValueError(
            f"cors_origins must be origins such as https://app.example.com, got {listed(wrong)}. Write the scheme, the "
            "host and the port, without a path."
        )


def check_throttle(name: str, *, rate: int, burst: int) -> None:
    """:raises ValueError: for a limit of requests that API Gateway doesn't offer."""
    RATE.check(f"rate of {shown(name)}", rate)
    BURST.check(f"burst of {shown(name)}", burst)
