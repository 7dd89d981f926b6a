"""A sound account: what ``EksAutoModeStack`` leaves behind, and the handles to spoil it by."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from tests.proof import eks
from tests.proof.eks import EC2, EKS, INSIGHTS, allow

NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
CLUSTER_POLICIES = [
    f"AmazonEKS{kind}Policy" for kind in ("Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking")
]


class Account(eks.Account):
    """In the posture given. A break changes one thing of it."""

    name = "EksAutoModeStack"
    add_ons: ClassVar[Sequence[str]] = ("metrics-server", INSIGHTS)
    pod_roles: ClassVar[Mapping[str, str]] = {"cloudwatch-agent": "CloudWatchAgentServerPolicy"}

    def _service(self) -> None:
        super()._service()
        self.cluster["roleArn"] = self.new_role("control-plane", EKS, *CLUSTER_POLICIES)
        if self.key_arn:
            self.let("control-plane", allow(["kms:CreateGrant"], self.key_arn))
        self.cluster["computeConfig"] = {
            "enabled": True,
            "nodePools": ["system", "general-purpose"],
            "nodeRoleArn": self.new_role("kubelet", EC2, *NODE_POLICIES),
        }
        self.cluster["storageConfig"] = {"blockStorage": {"enabled": True}}
        self.cluster["kubernetesNetworkConfig"] = {"elasticLoadBalancing": {"enabled": True}}
