"""The findings that the checks of the book accept for now, because a later issue mends them. Each entry says why.

A check passes all findings about a pattern to :func:`differences`. A finding without an entry fails the check, and so
does an entry that is not found any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Check = Literal["order", "drill", "late failure"]


@dataclass(frozen=True)
class ExpectedFailure:
    """One finding that a check accepts for now."""

    check: Check
    pattern: str
    finding: str
    reason: str


UNDRILLED: Final = "no event is drilled yet"
"""A pattern has alarms, and nobody has written the events that ring them."""

_DRILLS = "The issue of these patterns writes the events."
_EDGE_LOGS = (
    "Functions at the edge may run before they may write logs. The upload of the files refers to their versions. The "
    "issue of the edge pattern mends it."
)

EXPECTED_FAILURES: tuple[ExpectedFailure, ...] = (
    *(
        ExpectedFailure("order", "LambdaEdgeStack", f"{caller} does not depend on its permissions", _EDGE_LOGS)
        for caller in ("AWS::CloudFront::Distribution", "Custom::SiteUpload")
    ),
    ExpectedFailure(
        "order",
        "AppRunnerStack",
        "AWS::AppRunner::Service does not depend on its endpoints",
        "The service does not depend on Network.connectivity yet. The issue of App Runner mends it.",
    ),
    *(
        ExpectedFailure("drill", pattern, UNDRILLED, _DRILLS)
        for pattern in ("EcrStack", "AppRunnerStack", "LambdaEdgeStack")
    ),
    ExpectedFailure(
        "late failure",
        "LambdaEdgeStack",
        "A version for this Lambda function exists ( 2 ). Modify the function to create a new version.",
        "Lambda keeps the new version while CloudFront has replicas of it. The issue of the edge pattern mends it.",
    ),
)


def is_expected(check: Check, pattern: str, finding: str) -> bool:
    return any((each.check, each.pattern, each.finding) == (check, pattern, finding) for each in EXPECTED_FAILURES)


def differences(check: Check, pattern: str, findings: Iterable[str]) -> list[str]:
    """The findings that nobody expects, and the entries of this check and pattern that are stale.

    :param pattern: the name of the pattern's class, such as ``FargateEfsStack``.
    :param findings: all findings of the check about the pattern, in every posture.
    """
    found = set(findings)
    expected = {each.finding for each in EXPECTED_FAILURES if (each.check, each.pattern) == (check, pattern)}
    return [
        *(f"{pattern}: {finding}" for finding in sorted(found - expected)),
        *(f"{pattern}: remove the stale entry from {__name__}: {finding}" for finding in sorted(expected - found)),
    ]
