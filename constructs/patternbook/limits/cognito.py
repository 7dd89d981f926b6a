"""Limits and rules of Cognito user pools, each with its source."""

import re
from collections.abc import Sequence
from typing import Final, Literal

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
_URL: Final = re.compile(
    r"(https://[A-Za-z0-9.-]+|http://localhost|(?!https?:)[a-z][a-z0-9+.-]+://[A-Za-z0-9.-]*)(:\d{1,5})?(/[\w./~%?&=+-]*)?",
    re.ASCII,
)
_EXAMPLE: Final = re.compile(r"[a-z]+://([a-z0-9-]+\.)*example\.(com|net|org)(?![a-z0-9.-])", re.IGNORECASE)


def is_callback_url(value: str) -> bool:
    """Whether Cognito accepts a URL as a callback or for the sign-out."""
    return len(value) <= 1024 and _URL.fullmatch(value) is not None


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
