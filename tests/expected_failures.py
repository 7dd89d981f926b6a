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

EXPECTED_FAILURES: tuple[ExpectedFailure, ...] = ()
"""Nothing is expected to fail now."""


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
