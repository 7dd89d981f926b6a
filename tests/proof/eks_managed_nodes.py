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
LUSTRE, TRIDENT = "aws-fsx-csi-driver", "netapp_trident-operator"
LUSTRE_ACCOUNT, TRIDENT_ACCOUNT = "fsx-csi-controller-sa", "trident-controller"
LUSTRE_FILES, ONTAP_FILES = "fs-0000000a", "fs-0000000b"
VOLUMES = f"arn:aws:fsx:{HERE}:volume/{ONTAP_FILES}/*"
BY_SECRETS = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
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
    """In the posture given, with every kind of storage. A break changes one thing of it."""

    name = "EksManagedNodesStack"
    add_ons = (*AccountWithNodes.add_ons, LUSTRE, TRIDENT)

    def _service(self) -> None:
        super()._service()
        self._fsx()
        self.associate("efs-csi-controller-sa", self.new_role("efs-csi-controller-sa", PODS))
        files = self.client("efs").describe_file_systems(FileSystemId=self.file_system)["FileSystems"][0]
        self.let("efs-csi-controller-sa", allow([MAKE], files["FileSystemArn"]))
        self.new_group("system", capacityType="ON_DEMAND", instanceTypes=["t4g.large"])
        self.new_group("spot", capacityType="SPOT", instanceTypes=["m7g.large", "r7g.large"])

    def _fsx(self) -> None:
        """Moto knows of it what a file system for Lustre is given, and no storage virtual machines."""
        backups = {"AutomaticBackupRetentionDays": 30 if self.production else 0}
        kind = "MULTI_AZ_1" if self.production else "SINGLE_AZ_1"
        key = {"KmsKeyId": self.key_arn} if self.key_arn else {}
        both = {"Lifecycle": "AVAILABLE", "SubnetIds": self.subnets["isolated"][:1], **key}
        self.fsx: dict[str, dict[str, Any]] = {
            LUSTRE_FILES: {"FileSystemType": "LUSTRE", **both, "LustreConfiguration": backups},
            ONTAP_FILES: {
                "FileSystemType": "ONTAP",
                **both,
                "OntapConfiguration": {"DeploymentType": kind, **backups},
            },
        }
        for name, each in self.fsx.items():
            each["FileSystemId"] = self._made("AWS::FSx::FileSystem", name)
        self.lustre_group = self._group("FSx for Lustre", [(988, self.cluster_group)])
        self.open(self.lustre_group, 1018, self.cluster_group, last=1023)
        self.open(self.lustre_group, 988, self.lustre_group, last=1023)
        self.ontap_group = self._group("FSx for ONTAP", [(443, self.cluster_group), (2049, self.cluster_group)])
        self.machines = [{"Name": "kubernetes", "Lifecycle": "CREATED"}]
        self.password = self.client("secretsmanager").create_secret(Name="password", SecretString="secret")["ARN"]
        self._made("AWS::SecretsManager::Secret", self.password)
        for account in (LUSTRE_ACCOUNT, TRIDENT_ACCOUNT):
            self.associate(account, self.new_role(account, PODS))
        self.let(LUSTRE_ACCOUNT, allow(["fsx:DescribeFileSystems"], "*"))
        self.let(
            TRIDENT_ACCOUNT,
            allow(["fsx:DescribeFileSystems", "fsx:DescribeVolumes"], "*"),
            allow(["fsx:CreateVolume"], VOLUMES),
            allow(["secretsmanager:GetSecretValue"], self.password),
            *([{**allow(["kms:Decrypt"], self.key_arn), "Condition": BY_SECRETS}] if self.key_arn else []),
        )
        self._instead("fsx", "DescribeFileSystems", lambda: {"FileSystems": list(self.fsx.values())})
        self._instead("fsx", "DescribeStorageVirtualMachines", lambda: {"StorageVirtualMachines": self.machines})

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
