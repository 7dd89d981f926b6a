"""The Kubernetes versions that EKS clusters run, and the one constant that cluster and kubectl share."""

from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Final, Literal

UpgradePolicy = Literal["STANDARD", "EXTENDED"]

KUBERNETES_VERSION: Final = "1.36"
"""The newest that CDK, the kubectl layer and the EKS add-ons share. A newer one changes three places: this constant,
the layer's package in ``pyproject.toml``, and its import in :mod:`patternbook.eks.manifests`."""

READ_ON: Final = date(2026, 11, 23)
"""The day on which the calendar was last compared with the one of AWS."""
STALE_AFTER_DAYS: Final = 183
"""Half a year, after which the calendar has to be compared again: EKS brings a version about every four months."""

END_OF_STANDARD_SUPPORT: Final[Mapping[str, date]] = {
    # The calendar gives 14 months from the release in EKS, which came after May 6, 2026
    # (https://github.com/aws/containers-roadmap/issues/2803): the earliest day that it can be.
    "1.36": date(2027, 7, 6),
    "1.35": date(2027, 3, 27),
    "1.34": date(2026, 12, 2),
    "1.33": date(2026, 7, 29),
    "1.32": date(2026, 3, 23),
    "1.31": date(2025, 11, 26),
    "1.30": date(2025, 7, 23),
}
"""The first day on which AWS bills extended support, in UTC.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar
"""


def end_of_extended_support(version: str) -> date:
    """The first day without any support, a year after standard support, of a version of
    :data:`END_OF_STANDARD_SUPPORT`.
    """
    end = END_OF_STANDARD_SUPPORT[version]
    return end.replace(year=end.year + 1)


def check_version(
    version: str, *, upgrade_policy: UpgradePolicy = "STANDARD", kubectl: bool = False, today: date | None = None
) -> None:
    """:param upgrade_policy: with EXTENDED, the year of extended support after standard support counts too.
    :param kubectl: whether the stack's own kubectl has to talk to the cluster, which it does to versions at most one
        apart: https://kubernetes.io/releases/version-skew-policy/#kubectl
    :param today: in UTC; the day it is where it is None.
    :raises ValueError: for a version that is not known, out of support, or too old for kubectl.
    """
    today = today or datetime.now(timezone.utc).date()
    support = "standard" if upgrade_policy == "STANDARD" else "extended"
    ends = {
        each: end if upgrade_policy == "STANDARD" else end_of_extended_support(each)
        for each, end in END_OF_STANDARD_SUPPORT.items()
    }
    offered = ", ".join(each for each, end in ends.items() if today < end)
    known = offered or "none: see the calendar of EKS, and add newer versions"
    if version not in ends:
        raise ValueError(f"expected a Kubernetes version of EKS in {support} support, unlike {version!r}: {known}")
    if today >= ends[version]:
        raise ValueError(
            f"{support} support of Kubernetes {version} ended on {ends[version]}; expected one of: {known}"
        )
    if kubectl and abs(minor_version(version) - minor_version(KUBERNETES_VERSION)) > 1:
        raise ValueError(
            f"kubectl {KUBERNETES_VERSION}, which applies the manifests, does not talk to Kubernetes {version}; "
            "expected a version at most one apart"
        )


def minor_version(version: str) -> int:
    return int(version.partition(".")[2])
