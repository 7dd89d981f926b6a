"""A sound account: what the patterns with an EKS cluster leave behind, and the handles to spoil it by.

Moto knows clusters and groups of nodes, with half of their members, and nothing else of EKS. So EKS answers here what
``Account.eks`` holds, each answer with no other members than AWS's API has.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

import boto3

from tests.proof import fargate_efs
from tests.proof.fargate_efs import REFUSE_PLAIN_TRANSPORT
from tests.proof.proving import answer_instead
from tests.proof.site import Site

HERE = "eu-west-1:123456789012"
CLUSTER = "cluster-0a1b2c"
ARN = f"arn:aws:eks:{HERE}:cluster/{CLUSTER}"
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
PODS, EC2, EKS, LAMBDA = ({"Service": f"{name}.amazonaws.com"} for name in ("pods.eks", "ec2", "eks", "lambda"))
INSIGHTS = "amazon-cloudwatch-observability"
INSIGHTS_LOGS = [
    f"/aws/containerinsights/{CLUSTER}/{kind}" for kind in ("application", "dataplane", "host", "performance")
]
ADMIT = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
    "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
}
LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


class Account(fargate_efs.Account):
    """In moto and, for EKS, in this process, in the posture given. A break changes one thing of it."""

    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        "AWS/EKS": ("scheduler_pending_pods_UNSCHEDULABLE", "apiserver_request_total_5XX"),
    }
    pod_roles: ClassVar[Mapping[str, str]] = {}
    """Service accounts with a role, and the managed policy of it."""
    add_ons: ClassVar[Sequence[str]] = ()
    log_groups: ClassVar[Sequence[str]] = (f"/aws/eks/{CLUSTER}/cluster", "flow", *INSIGHTS_LOGS)

    def __init__(self, session: boto3.Session, *, posture: str, site: Site) -> None:
        self.eks: dict[str, Any] = {"nodegroups": {}, "fargate": {}}
        self.entry_types: dict[str, str] = {}
        super().__init__(session, posture=posture, site=site)
        self._answer()

    # What any service has and a cluster has not.

    def _file_system(self) -> None: ...

    def _load_balancer(self) -> None: ...

    def _task(self) -> None: ...

    def _scaling(self) -> None: ...

    def _groups(self) -> None:
        self.cluster_group = self._group("cluster", [])
        self.resources.pop("AWS::EC2::SecurityGroup")  # EKS makes it
        self.open(self.cluster_group, 443, self.cluster_group)
        if self.production:
            self._group("endpoints", [(443, self.cluster_group)])

    def _logs(self) -> None:
        for name in self.log_groups:
            self._made("AWS::Logs::LogGroup", self.new_log_group(name))

    def encrypt_log_group(self, name: str, key: str | None) -> None:
        """With another key, or none; moto can do it to a new one only."""
        logs = self.client("logs")
        logs.delete_log_group(logGroupName=name)
        logs.create_log_group(logGroupName=name, **({"kmsKeyId": key} if key else {}))
        logs.put_retention_policy(logGroupName=name, retentionInDays=365)

    def _outputs(self) -> dict[str, str]:
        command = f"aws eks update-kubeconfig --name {CLUSTER} --region eu-west-1 --role-arn {self.admin}"
        return {"KubeconfigCommand": command}

    def _service(self) -> None:
        kms = self.client("kms")
        secrets = kms.create_key()["KeyMetadata"]
        kms.enable_key_rotation(KeyId=secrets["KeyId"])
        self.secrets_key = self._made("AWS::KMS::Key", secrets["KeyId"])
        self.admin = self.new_role("admin", {"AWS": "arn:aws:iam::123456789012:root"})
        self.let("admin", allow(["eks:DescribeCluster"], ARN))
        self.kubectl = self.new_role("kubectl", LAMBDA)
        for name in ("kubectl", "framework"):
            self._made("AWS::Lambda::Function", name)
        self._made("AWS::EKS::Cluster", CLUSTER)
        self.cluster: dict[str, Any] = {
            "name": CLUSTER,
            "arn": ARN,
            "version": "1.36",
            "endpoint": "https://0A1B2C.gr7.eu-west-1.eks.amazonaws.com",
            "certificateAuthority": {"data": "bm8gY2VydGlmaWNhdGU="},
            "resourcesVpcConfig": {
                "subnetIds": self.subnets["private"],
                "clusterSecurityGroupId": self.cluster_group,
                "endpointPublicAccess": False,
                "endpointPrivateAccess": True,
                "publicAccessCidrs": [],
            },
            "logging": {"clusterLogging": [{"types": LOGS, "enabled": True}]},
            "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": secrets["Arn"]}}],
            "accessConfig": {"authenticationMode": "API"},
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": self.production,
            "computeConfig": {"enabled": False},
        }
        self.admins = {self.admin: [ADMIN_POLICY], self.kubectl: [ADMIN_POLICY], self.new_role("nodes", EC2): []}
        self.installed = {name: self.add_on(name) for name in self.add_ons}
        for name in self.add_ons:
            self._made("AWS::EKS::Addon", f"{CLUSTER}|{name}")
        self.associations: dict[str, dict[str, Any]] = {}
        for account, policy in self.pod_roles.items():
            self.associate(account, self.new_role(account, PODS, policy))

    def add_on(self, name: str, **wrong: Any) -> dict[str, Any]:
        return {"addonName": name, "clusterName": CLUSTER, "status": "ACTIVE", "health": {"issues": []}, **wrong}

    def spoil_add_on(self, **wrong: Any) -> None:
        self.installed[self.add_ons[0]].update(wrong)

    def associate(self, account: str, role: str) -> None:
        self.associations[f"a-{account}"] = {
            "clusterName": CLUSTER,
            "associationId": f"a-{account}",
            "serviceAccount": account,
            "roleArn": role,
        }

    # Roles

    def new_role(self, name: str, principal: Any, *policies: str) -> str:
        arn = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal))["Role"]["Arn"]
        for policy in policies:
            self.attach(name, policy)
        return arn

    def trust(self, name: str, principal: Any) -> None:
        self.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust(principal))

    def let(self, role: str, *statements: Mapping[str, Any]) -> None:
        """Allows this to a role, and nothing else."""
        self.client("iam").put_role_policy(RoleName=role, PolicyName="default", PolicyDocument=document(*statements))

    def attach(self, role: str, policy: str) -> None:
        iam = self.client("iam")
        made = iam.create_policy(PolicyName=policy, PolicyDocument=document(allow(["s3:GetObject"], "*")))
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])

    def without_rotation(self) -> None:
        self.client("kms").disable_key_rotation(KeyId=self.secrets_key)

    def open_group(self, port: int) -> None:
        self.open(self.cluster_group, port, fargate_efs.ANYWHERE)

    # EKS

    def _answer(self) -> None:
        """Puts what this account holds in the place of EKS, and of the one call of Lambda."""
        one = {
            "DescribeCluster": lambda: {"cluster": self.cluster},
            "ListNodegroups": lambda: {"nodegroups": list(self.eks["nodegroups"])},
            "DescribeNodegroup": lambda name: {"nodegroup": self.eks["nodegroups"][name]},
            "ListFargateProfiles": lambda: {"fargateProfileNames": list(self.eks["fargate"])},
            "DescribeFargateProfile": lambda name: {"fargateProfile": self.eks["fargate"][name]},
            "ListAddons": lambda: {"addons": list(self.installed)},
            "DescribeAddon": lambda name: {"addon": self.installed[name]},
            "ListAccessEntries": lambda: {"accessEntries": list(self.admins)},
            "DescribeAccessEntry": lambda arn: {"accessEntry": {"principalArn": arn, "type": self.entry_types[arn]}},
            "ListAssociatedAccessPolicies": lambda arn: {
                "associatedAccessPolicies": [{"policyArn": policy} for policy in self.admins[arn]]
            },
            "ListPodIdentityAssociations": lambda: {"associations": [{"associationId": i} for i in self.associations]},
            "DescribePodIdentityAssociation": lambda name: {"association": self.associations[name]},
        }
        for operation, respond in one.items():
            self._instead("eks", operation, respond)
        functions = {
            "kubectl": {"Runtime": "python3.13", "Role": self.kubectl},
            "framework": {"Runtime": "nodejs24.x", "Role": "arn:aws:iam::123456789012:role/framework"},
        }
        self._instead("lambda", "GetFunctionConfiguration", lambda name: functions[name])

    def _instead(self, service: str, operation: str, respond: Callable[..., dict[str, Any]]) -> None:
        answer_instead(self.client(service), operation, lambda params: respond(*_names(params["url_path"])))


class AccountWithFiles(Account):
    """With a file system that the members of the cluster reach."""

    def _groups(self) -> None:
        super()._groups()
        self.mount_group = self._group("mount targets", [(2049, self.cluster_group)])

    def _file_system(self) -> None:
        fargate_efs.Account._file_system(self)

    def put_file_system_policy(self, *statements: Mapping[str, Any]) -> None:
        given = (REFUSE_PLAIN_TRANSPORT, ADMIT) if statements == (REFUSE_PLAIN_TRANSPORT,) else statements
        super().put_file_system_policy(*given)


def allow(actions: Sequence[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust(principal: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]})


def _names(path: str) -> list[str]:
    """What a path names after the cluster: ``/clusters/c/addons/vpc-cni`` is ``["vpc-cni"]``, a function's its own."""
    parts = path.strip("/").split("/")
    if parts[0] != "clusters":
        return [unquote(parts[2])]
    return [unquote(part) for part in parts[3:4]]
