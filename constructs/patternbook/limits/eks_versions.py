"""Kubernetes versions of EKS: when their support ends, and the version that cluster and kubectl share."""

from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Final, Literal

from patternbook.limits.given import shown

UpgradePolicy = Literal["STANDARD", "EXTENDED"]

KUBERNETES_VERSION: Final = "1.36"
"""The newest version that CDK, the kubectl layer and the EKS add-ons share. A newer version changes three places: this
constant, the layer's package in ``pyproject.toml``, and its import in :mod:`patternbook.eks.manifests`."""

READ_ON: Final = date(2026, 11, 23)
"""The date of the last comparison of this calendar with AWS's."""
STALE_AFTER_DAYS: Final = 183
"""Half a year. EKS brings a new version about every four months, so compare the calendar again after that."""

END_OF_STANDARD_SUPPORT: Final[Mapping[str, date]] = {
    "1.36": date(2027, 8, 2),
    "1.35": date(2027, 3, 27),
    "1.34": date(2026, 12, 2),
    "1.33": date(2026, 7, 29),
    "1.32": date(2026, 3, 23),
    "1.31": date(2025, 11, 26),
    "1.30": date(2025, 7, 23),
}
"""The first day on which AWS bills extended support, in UTC.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar

AWS's own samples have copied that of 1.36 from there:
https://github.com/aws-samples/sample-apex-skills/blob/main/devops-agent/eks-upgrade-check/references/version-validation.md
"""


def end_of_extended_support(version: str) -> date:
    """The first day without any support, a year after standard support.

    :param version: one of :data:`END_OF_STANDARD_SUPPORT`.
    """
    end = END_OF_STANDARD_SUPPORT[version]
    return end.replace(year=end.year + 1)


def check_version(
    version: str, *, upgrade_policy: UpgradePolicy = "STANDARD", kubectl: bool = False, today: date | None = None
) -> None:
    """:param upgrade_policy: EXTENDED accepts the year of extended support too.
    :param kubectl: whether the stack's own kubectl talks to the cluster. Their versions may be one minor version apart:
        https://kubernetes.io/releases/version-skew-policy/#kubectl
    :param today: a day in UTC. Defaults to the current day.
    :raises ValueError: for a version that is unknown, out of support, or too old for kubectl.
    """
    today = today or datetime.now(timezone.utc).date()
    support = "standard" if upgrade_policy == "STANDARD" else "extended"
    ends = {
        each: end if upgrade_policy == "STANDARD" else end_of_extended_support(each)
        for each, end in END_OF_STANDARD_SUPPORT.items()
    }
    near = {each for each in ends if abs(minor_version(each) - minor_version(KUBERNETES_VERSION)) <= 1}
    offered = ", ".join(each for each, end in ends.items() if today < end and (each in near or not kubectl))
    choice = f"Choose one of {offered}." if offered else "Add newer versions from the release calendar of EKS."
    if version not in ends:
        raise ValueError(
            f"The Kubernetes version must be one of EKS in {support} support, got {shown(version)!r}. {choice}"
        )
    if today >= ends[version]:
        raise ValueError(f"{support.capitalize()} support of Kubernetes {version} ended on {ends[version]}. {choice}")
    if kubectl and version not in near:
        raise ValueError(
            f"The Kubernetes version must be at most one minor version from kubectl {KUBERNETES_VERSION}, which "
            f"applies the manifests, got {version!r}. {choice}"
        )


def minor_version(version: str) -> int:
    return int(version.partition(".")[2])
