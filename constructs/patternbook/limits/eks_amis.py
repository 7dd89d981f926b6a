"""Releases of the EKS-optimized AMIs of Amazon Linux 2023."""

import re
from datetime import date, datetime, timezone
from typing import Final

from patternbook.limits.given import shown

AMI_RELEASE: Final = "v20261023"
"""The release that self-managed nodes run by default, for all Kubernetes versions in support.

https://github.com/awslabs/amazon-eks-ami/releases/tag/v20261023
"""
OLD_AFTER_DAYS: Final = 90
"""An AMI that is older lacks three months of security updates. AWS publishes a release about every ten days.

https://github.com/awslabs/amazon-eks-ami/releases
"""
_RELEASE = re.compile(r"v(\d{4})(\d\d)(\d\d)", re.ASCII)


def release_date(release: str) -> date:
    """The date in the name of a release.

    :raises ValueError: for anything but the name of a release.
    """
    found = _RELEASE.fullmatch(release)
    try:
        return date(*map(int, found.groups() if found else ()))
    except (TypeError, ValueError):
        raise ValueError(
            f'ami_release must be a release of the EKS-optimized AMIs such as "{AMI_RELEASE}", got {shown(release)!r}. '
            "https://github.com/awslabs/amazon-eks-ami/releases lists them."
        ) from None


def age_warning(release: str, *, today: date | None = None) -> str | None:
    """What to say at synth about a release that is old. None for a newer one.

    :param today: a day in UTC. Defaults to the current day.
    """
    days = ((today or datetime.now(timezone.utc).date()) - release_date(release)).days
    if days <= OLD_AFTER_DAYS:
        return None
    return (
        f"The AMI release {release} is {days} days old, so nodes lack security updates. Set ami_release to a newer one "
        "of https://github.com/awslabs/amazon-eks-ami/releases."
    )


def image_parameter(release: str, *, kubernetes_version: str, architecture: str) -> str:
    """The public SSM parameter with the id of the AMI of one release. Its value never changes.

    https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html and, for the name of one release,
    https://github.com/aws/karpenter-provider-aws/blob/main/pkg/providers/amifamily/al2023.go
    """
    kind = f"{architecture}/standard"
    name = f"amazon-eks-node-al2023-{architecture}-standard-{kubernetes_version}-{release}"
    return f"/aws/service/eks/optimized-ami/{kubernetes_version}/amazon-linux-2023/{kind}/{name}/image_id"
