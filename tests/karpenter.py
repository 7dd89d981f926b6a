"""A stack with Karpenter, as tests of templates and of policies need it."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

from patternbook import EksCluster, Karpenter, ManagedNodes, Network, Posture, node_role
from patternbook.eks.add_ons import NODE_ENDPOINTS, add_ons_before_nodes
from patternbook.testing.synthesis import unchecked_app


class KarpenterStack(cdk.Stack):
    """A cluster, a managed node group, and Karpenter."""

    def __init__(self, app: cdk.App, posture: Posture, *, own_key: bool = False, **options: Any) -> None:
        """:param own_key: whether a key of the stack encrypts the volumes.
        :param options: options of Karpenter.
        """
        super().__init__(app, "Karpenter")
        network = Network(self, "Network", posture=posture)
        self.cluster = EksCluster(self, "Eks", network=network, posture=posture, kubectl=True)
        self.cluster.add_interface_endpoints([*NODE_ENDPOINTS, *Karpenter.ENDPOINTS])
        ready = add_ons_before_nodes(self.cluster)
        self.system = ManagedNodes(
            self, "System", cluster=self.cluster, role=node_role(self, "NodeRole"), after=ready
        ).group
        if own_key:
            options["key"] = kms.Key(self, "VolumeKey", enable_key_rotation=True)
        given: dict[str, Any] = {"max_vcpus": 32, "after": [self.system], **options}
        self.karpenter = Karpenter(self, "Karpenter", cluster=self.cluster, **given)


EVERY_OPTION: dict[str, Any] = {
    "own_key": True,
    "max_vcpus": 2,
    "architectures": ("arm64", "x86_64"),
    "capacity_types": ("SPOT", "ON_DEMAND"),
    "ami_release": "v20261001",
    "volume_gib": 100,
    "tags": {"team": "web"},
    "zonal_shift": True,
}


def karpenter_stack(posture: Posture, outdir: Path | None = None, **options: Any) -> KarpenterStack:
    return KarpenterStack(unchecked_app(outdir), posture, **options)
