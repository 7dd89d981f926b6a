"""A sound account: what ``EksManagedNodesStack`` leaves behind, and the handles to spoil it by."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from tests.proof import eks
from tests.proof.eks import EC2, HERE, INSIGHTS, PODS, allow

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
DRIVER = "aws-ebs-csi-driver"
MAKE = "elasticfilesystem:CreateAccessPoint"
POINTS = f"arn:aws:elasticfilesystem:{HERE}:access-point/*"
LAUNCHED = {
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}],
}


class AccountWithNodes(eks.Account):
    """Whoever manages them."""

    launched: Mapping[str, Any] = MappingProxyType({})
    """More of what nodes are launched with."""
    add_ons: ClassVar[Sequence[str]] = (
        *("vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "metrics-server"),
        *("eks-node-monitoring-agent", DRIVER, INSIGHTS),
    )
    pod_roles: ClassVar[Mapping[str, str]] = {
        "aws-node": "AmazonEKS_CNI_Policy",
        "ebs-csi-controller-sa": "AmazonEBSCSIDriverPolicy",
        "cloudwatch-agent": "CloudWatchAgentServerPolicy",
    }

    def _service(self) -> None:
        super()._service()
        self.configure("vpc-cni", enableNetworkPolicy="true")
        self.node_role = self.new_role("kubelet", EC2, *NODE_POLICIES)
        if self.key_arn:
            self.let("ebs-csi-controller-sa", allow(["kms:CreateGrant"], self.key_arn))

    def configure(self, add_on: str, **values: Any) -> None:
        self.installed[add_on]["configurationValues"] = json.dumps(values)

    def new_template(self, name: str, **wrong: Any) -> str:
        data = {**LAUNCHED, **self.launched, **wrong}
        made = self.client("ec2").create_launch_template(
            LaunchTemplateName=f"{name} {len(wrong)}", LaunchTemplateData=data
        )
        return made["LaunchTemplate"]["LaunchTemplateId"]


class Account(eks.AccountWithFiles, AccountWithNodes):
    """In the posture given, with EBS and EFS. A break changes one thing of it."""

    name = "EksManagedNodesStack"

    def _service(self) -> None:
        super()._service()
        self.associate("efs-csi-controller-sa", self.new_role("efs-csi-controller-sa", PODS))
        files = self.client("efs").describe_file_systems(FileSystemId=self.file_system)["FileSystems"][0]
        self.let("efs-csi-controller-sa", allow([MAKE], files["FileSystemArn"]))
        self.new_group("system", capacityType="ON_DEMAND", instanceTypes=["t4g.large"])
        self.new_group("spot", capacityType="SPOT", instanceTypes=["m7g.large", "r7g.large"])

    def new_group(self, name: str, **members: Any) -> None:
        self.eks["nodegroups"][name] = {
            "nodegroupName": name,
            "status": "ACTIVE",
            "health": {"issues": []},
            "nodeRepairConfig": {"enabled": True},
            "subnets": self.subnets["private"],
            "nodeRole": self.node_role,
            "launchTemplate": {"id": self.new_template(name), "version": "1"},
            **members,
        }

    def change_group(self, name: str, **wrong: Any) -> None:
        self.eks["nodegroups"][name].update(wrong)

    def launch(self, name: str, **wrong: Any) -> None:
        self.change_group(name, launchTemplate={"id": self.new_template(name, **wrong), "version": "1"})
