"""A sound account: what ``EksFargateStack`` leaves behind, and the handles to spoil it by."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.proof import eks
from tests.proof.eks import CLUSTER, HERE, allow

PODS = "pods"
WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"]
LOG_GROUP = f"arn:aws:logs:{HERE}:log-group:{PODS}:*"


class Account(eks.AccountWithFiles):
    """In the posture given. A break changes one thing of it."""

    name = "EksFargateStack"
    add_ons: ClassVar[Sequence[str]] = ("coredns",)
    log_groups: ClassVar[Sequence[str]] = (f"/aws/eks/{CLUSTER}/cluster", "flow", PODS)

    def _outputs(self) -> dict[str, str]:
        return {**super()._outputs(), "LogGroupName": PODS}

    def _service(self) -> None:
        super()._service()
        self.installed["coredns"]["configurationValues"] = '{"computeType": "Fargate"}'
        self.kubelet = self.new_role("kubelet", {}, "AmazonEKSFargatePodExecutionRolePolicy")
        self.trust_profiles_of(CLUSTER)
        self.let("kubelet", allow(WRITE, LOG_GROUP))
        self.new_profile("system", {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}})
        self.new_profile("own", {"namespace": "default", "labels": {}})

    def trust_profiles_of(self, cluster: str | None) -> None:
        source = f"arn:aws:eks:{HERE}:fargateprofile/{cluster}/*"
        condition = {"Condition": {"ArnLike": {"aws:SourceArn": source}}} if cluster else {}
        principal = {"Service": "eks-fargate-pods.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **condition}
        self.client("iam").update_assume_role_policy(
            RoleName="kubelet", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )

    def new_profile(self, name: str, selector: Mapping[str, Any]) -> None:
        self.eks["fargate"][name] = {
            "fargateProfileName": name,
            "status": "ACTIVE",
            "podExecutionRoleArn": self.kubelet,
            "subnets": self.subnets["private"],
            "selectors": [selector],
        }

    def change_profile(self, name: str, **wrong: Any) -> None:
        self.eks["fargate"][name].update(wrong)
