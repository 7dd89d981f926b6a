"""EKS add-ons: their names, where they run, and what the patterns configure themselves."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

ADD_ONS: Final = (
    *("adot", "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver"),
    *("aws-guardduty-agent", "aws-mountpoint-s3-csi-driver", "aws-network-flow-monitoring-agent"),
    *("aws-privateca-connector-for-kubernetes", "aws-secrets-store-csi-driver-provider", "cert-manager", "coredns"),
    *("eks-node-monitoring-agent", "eks-pod-identity-agent", "external-dns", "fluent-bit", "kube-proxy"),
    *("kube-state-metrics", "metrics-server", "netapp_trident-operator", "prometheus-node-exporter"),
    *("snapshot-controller", "sriov-network-metrics-exporter", "vpc-cni"),
)
"""EKS add-ons of AWS and of the community. A name that EKS does not know fails at deployment only.

https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html
https://aws.amazon.com/about-aws/whats-new/2025/11/amazon-eks-add-ons-aws-secrets-store-csi-driver-provider/
"""

POD_IDENTITY_AGENT: Final = "eks-pod-identity-agent"
EXTERNAL_DNS: Final = "external-dns"
SECRETS_STORE: Final = "aws-secrets-store-csi-driver-provider"

OPTIONAL: Final = ("snapshot-controller", EXTERNAL_DNS, "cert-manager", SECRETS_STORE)
"""Add-ons that a cluster can have besides those of its pattern. Only external-dns calls AWS under a role of its own.
The pods that mount secrets bring their own role, and so do the issuers of cert-manager that need one.

They run on nodes of either architecture, and on those of Auto Mode.
"""

NOT_ON_FARGATE: Final[Mapping[str, str]] = {
    "snapshot-controller": "no CSI driver on Fargate makes snapshots",
    EXTERNAL_DNS: "its role comes by EKS Pod Identity, which has no agent on Fargate",
    # https://cert-manager.io/docs/installation/compatibility/#aws-eks
    "cert-manager": "its webhook listens on the port of the kubelet",
    SECRETS_STORE: "it is a DaemonSet",
}
"""Why optional add-ons cannot run on Fargate.

https://docs.aws.amazon.com/eks/latest/userguide/fargate.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/integrate_eks.html
"""

CONFIGURED: Final[Mapping[str, tuple[str, ...]]] = {
    "amazon-cloudwatch-observability": ("manager",),
    "coredns": ("computeType",),
    EXTERNAL_DNS: ("domainFilters", "extraArgs", "txtOwnerId"),
    "vpc-cni": ("enableNetworkPolicy",),
}
"""Keys of the configuration of add-ons that the patterns set themselves, because they keep a promise."""


def check_configuration(name: str, given: Iterable[str], own: Iterable[str]) -> None:
    """:param given: the first keys of the user's configuration of an add-on.
    :param own: the keys that belong to the pattern.
    :raises ValueError: for keys that are in both.
    """
    both = sorted(set(given) & set(own))
    if both:
        raise ValueError(f"The configuration of {name} must leave {', '.join(both)} to the pattern. Remove it.")


def with_configuration(name: str, own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of an add-on: what its pattern sets, and what its user adds.

    :raises ValueError: see :func:`check_configuration`.
    """
    check_configuration(name, given, own)
    return {**given, **own}
