"""Limits and rules of Cognito user pools, each with its source."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from patternbook.limits.dns import HOST, is_port
from patternbook.limits.given import listed

FeaturePlan = Literal["LITE", "ESSENTIALS", "PLUS"]
"""https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html"""
Mfa = Literal["OFF", "OPTIONAL", "REQUIRED"]
"""https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html"""

MAX_URLS: Final = 100
"""Callback URLs, and sign-out URLs, of an app client:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
"""
# "Amazon Cognito requires HTTPS over HTTP except for http://localhost for testing purposes only. App callback URLs such
# as myapp://example are also supported." A fragment is refused:
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
# The schemes that browsers handle by themselves would never open an app, and some of them run scripts:
# https://url.spec.whatwg.org/#special-scheme
_URL: Final = re.compile(
    rf"(https://{HOST}|http://localhost|"
    r"(?!(https?|wss?|ftp|file|data|blob|about|javascript|vbscript|view-source):)[a-z][a-z0-9+.-]+://"
    rf"({HOST})?)(:(?P<port>\d+))?(/[\w./~%?&=+-]*)?",
    re.ASCII | re.IGNORECASE,
)
_EXAMPLE: Final = re.compile(r"[a-z]+://([a-z0-9-]+\.)*example\.(com|net|org)(?![a-z0-9.-])", re.IGNORECASE)


def is_callback_url(value: str) -> bool:
    """Whether a URL can be a callback of an app client, or its URL for the sign-out."""
    url = _URL.fullmatch(value) if len(value) <= 1024 else None
    return url is not None and value[: value.find(":")].islower() and is_port(url["port"])


def is_example(url: str) -> bool:
    """Whether a URL has one of the reserved domains, which nobody owns (RFC 2606). The CDK's default is such."""
    return _EXAMPLE.match(url) is not None


def check_callback_urls(argument: str, urls: Sequence[str]) -> None:
    """:raises ValueError: for URLs that Cognito refuses, or too many of them."""
    wrong = [each for each in urls if not is_callback_url(each)]
    if wrong:
        raise ValueError(
            f"{argument} must be https URLs, http://localhost URLs or URLs of an app without a fragment, got "
            f"{listed(wrong)}. Correct them."
        )
    if len(urls) > MAX_URLS:
        raise ValueError(f"{argument} must contain at most {MAX_URLS} URLs, got {len(urls)}. Remove some.")


def check_plan(*, plan: FeaturePlan, passkeys: bool) -> None:
    """:raises ValueError: if the feature plan lacks passkeys.

    https://docs.aws.amazon.com/cognito/latest/developerguide/feature-plans-features-essentials.html
    """
    if passkeys and plan == "LITE":
        raise ValueError("passkeys must be false with feature_plan LITE, got true. Choose ESSENTIALS or PLUS.")
