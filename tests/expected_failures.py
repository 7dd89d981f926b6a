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
_MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
_KUBECTL_LOGS = (
    "CDK makes the log groups of its kubectl functions, and lets nothing depend on them. The issue of the EKS patterns "
    "mends it."
)
_CLUSTER_GROUP = (
    "All members of a cluster share the security group that EKS makes, and the rules of its file systems come after "
    "them. The issue of the EKS patterns mends it."
)
_CLUSTER_ROLE = (
    "The permission to use the key of the volumes is attached to the cluster's role after the cluster. The issue of "
    "the EKS patterns mends it."
)
EXPECTED_FAILURES: tuple[ExpectedFailure, ...] = (
    *(
        ExpectedFailure("order", pattern, f"{caller} does not depend on its log groups", _KUBECTL_LOGS)
        for pattern, caller in (
            ("EksAutoModeStack", _MANIFEST),
            ("EksFargateStack", _MANIFEST),
            ("EksManagedNodesStack", _MANIFEST),
            ("EksManagedNodesStack", "Custom::AWSCDK-EKS-KubernetesObjectValue"),
            ("EksSelfManagedNodesStack", _MANIFEST),
        )
    ),
    *(
        ExpectedFailure("order", pattern, f"{member} does not depend on its security group rules", _CLUSTER_GROUP)
        for pattern, member in (
            ("EksFargateStack", "AWS::EKS::Addon"),
            ("EksFargateStack", "AWS::EKS::FargateProfile"),
            ("EksFargateStack", _MANIFEST),
            ("EksManagedNodesStack", "AWS::EKS::Addon"),
            ("EksManagedNodesStack", "AWS::EKS::Nodegroup"),
            ("EksManagedNodesStack", _MANIFEST),
            ("EksManagedNodesStack", "Custom::AWSCDK-EKS-KubernetesObjectValue"),
        )
    ),
    *(
        ExpectedFailure("order", "EksAutoModeStack", f"{user} does not depend on its permissions", _CLUSTER_ROLE)
        for user in ("AWS::EKS::Cluster", "AWS::EKS::Addon", _MANIFEST)
    ),
    ExpectedFailure(
        "order",
        "EksManagedNodesStack",
        "AWS::FSx::FileSystem does not depend on its security group rules",
        "The L2 of FSx for Lustre does not depend on the rules of its group. The issue of EKS storage mends it.",
    ),
    *(
        ExpectedFailure("drill", pattern, UNDRILLED, _DRILLS)
        for pattern in ("EksManagedNodesStack", "EksSelfManagedNodesStack", "EksFargateStack", "EksAutoModeStack")
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
