"""EKS add-ons: their names, where they run, and what the patterns configure themselves."""

from collections.abc import Iterator, Mapping
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

OBSERVABILITY: Final = "amazon-cloudwatch-observability"
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

DEPLOYMENTS: Final[Mapping[str, str]] = {
    "aws-ebs-csi-driver": "ebs-csi-controller",
    "aws-efs-csi-driver": "efs-csi-controller",
    "aws-fsx-csi-driver": "fsx-csi-controller",
    "coredns": "coredns",
    "metrics-server": "metrics-server",
}
"""The Deployment in ``kube-system`` of each add-on that has one there."""

CONFIGURED: Final[Mapping[str, Mapping[str, Any]]] = {
    OBSERVABILITY: {"manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}}},
    "aws-ebs-csi-driver": {"node": {"hostNetwork": True}},
    "coredns": {"computeType": "Fargate"},
    EXTERNAL_DNS: dict.fromkeys(("domainFilters", "extraArgs", "txtOwnerId")),
    "vpc-cni": {"enableNetworkPolicy": "true"},
}
"""The configuration of add-ons that the patterns set themselves, because it keeps a promise.

That of external-dns depends on the hosted zones, so only its keys stand here.
"""


def check_configuration(name: str, given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """:param given: the user's configuration of an add-on.
    :param own: the configuration that belongs to the pattern.
    :raises ValueError: for values that are in both.
    """
    both = sorted(_in_both(given, own))
    if both:
        raise ValueError(f"The configuration of {name} must leave {', '.join(both)} to the pattern. Remove it.")


def with_configuration(name: str, own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of an add-on: what its pattern sets, and what its user adds.

    :raises ValueError: see :func:`check_configuration`.
    """
    check_configuration(name, given, own)
    return _merged(given, own)


def _in_both(given: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    for key in given.keys() & own.keys():
        if isinstance(given[key], Mapping) and isinstance(own[key], Mapping):
            yield from (f"{key}.{below}" for below in _in_both(given[key], own[key]))
        else:
            yield key


def _merged(given: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    added = {key: _merged(given[key], value) if key in given else value for key, value in own.items()}
    return {**given, **added}
