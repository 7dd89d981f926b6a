"""Karpenter: the pinned release, and the Kubernetes versions that it supports."""

from typing import Final

KARPENTER_VERSION: Final = "1.14.1"
"""The release of the controller and of its custom resource definitions.

https://github.com/aws/karpenter-provider-aws/releases/tag/v1.14.1
"""
KUBERNETES_VERSIONS: Final = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36")
"""The Kubernetes versions that the release supports: https://karpenter.sh/docs/upgrading/compatibility/"""
MIN_VCPUS: Final = 2
"""Number of vCPUs of the smallest node that the node pool may have."""


def check_kubernetes(version: str) -> None:
    """:raises ValueError: for a Kubernetes version that the pinned release does not support. The controller would log
    the error only, and bring nodes that nobody has tested.
    """
    if version not in KUBERNETES_VERSIONS:
        raise ValueError(
            f"cluster must have a Kubernetes version that Karpenter {KARPENTER_VERSION} supports "
            f"({KUBERNETES_VERSIONS[0]} to {KUBERNETES_VERSIONS[-1]}), got {version}. Upgrade Karpenter first "
            "(https://karpenter.sh/docs/upgrading/compatibility/)."
        )
