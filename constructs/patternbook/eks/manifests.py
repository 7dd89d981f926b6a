"""Kubernetes manifests: read from YAML files, and applied by the stack's own kubectl."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import yaml
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v36 import KubectlV36Layer
from constructs import Construct, IDependable

from patternbook.eks.access import role_with_policies
from patternbook.nag import acknowledge

MANIFESTS: Final = Path(__file__).with_name("runtime")
"""Manifests that several patterns apply."""
PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")


def read_manifests(path: Path, **values: str) -> list[dict[str, Any]]:
    """The objects of a YAML file, in its order.

    :param values: what stands in the file as ``${Name}``, such as the id of a file system, known at deployment only.
    :raises ValueError: for a document that is no Kubernetes object, for a placeholder without a value, and for a value
        that no placeholder asks for.
    """
    used: set[str] = set()

    def fill(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: fill(value) for name, value in item.items()}
        if isinstance(item, list):
            return [fill(value) for value in item]
        return PLACEHOLDER.sub(replace, item) if isinstance(item, str) else item

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise ValueError(f"{path.name}: no value for ${{{name}}}; given: {', '.join(values) or 'none'}")
        used.add(name)
        return values[name]

    documents = [fill(each) for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
    for each in documents:
        if not isinstance(each, dict) or not {"apiVersion", "kind", "metadata"} <= each.keys():
            raise ValueError(f"{path.name}: expected Kubernetes objects with apiVersion, kind and metadata")
    if values.keys() - used:
        raise ValueError(f"{path.name}: no placeholder for {', '.join(sorted(values.keys() - used))}")
    return documents


class Kubectl:
    """The stack's own kubectl: two Lambda functions of CDK's in the private subnets, because CloudFormation has no
    resource for a Kubernetes object.

    Its constructs stand in the scope of the cluster.
    """

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self._role = role_with_policies(
            scope,
            "KubectlRole",
            description="Applies the manifests of the stack",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            policies=["service-role/AWSLambdaVPCAccessExecutionRole"],
            reason="What a function in a VPC needs: to write logs, and network interfaces, for which IAM knows no "
            "resource.",
        )
        # The dependencies include the policy of the role, which is a resource of its own.
        self._after: list[IDependable] = [self._role]

    def provider_options(self) -> eks.KubectlProviderOptions:
        """The options to make the cluster with."""
        return eks.KubectlProviderOptions(
            kubectl_layer=KubectlV36Layer(self._scope, "KubectlLayer"),
            # CDK would let it read every repository of the account, for charts that nobody installs.
            role=self._role.without_policy_updates(),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def attach(
        self,
        cluster: eks.Cluster,
        *,
        log_retention_days: int,
        log_removal_policy: cdk.RemovalPolicy,
        key: kms.Key | None,
    ) -> None:
        """Sets what the L2 construct of the cluster cannot be told about its two functions."""
        self._cluster = cluster
        self._role.add_to_policy(iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[cluster.cluster_arn]))
        provider = cluster.kubectl_provider
        assert provider is not None
        for each in provider.node.find_all():  # their log groups, where the feature flag useCdkManagedLogGroup is on
            if isinstance(each, logs.CfnLogGroup):
                each.apply_removal_policy(log_removal_policy)
                each.retention_in_days = log_retention_days
                each.kms_key_id = key.key_arn if key else None
        # The condition belongs to a policy that this role does without.
        self._scope.node.try_remove_child("HasEcrPublic")
        handler = provider.node.find_child("Handler").node.default_child
        assert isinstance(handler, cdk.CfnElement)
        acknowledge(provider, "L1", "CDK chooses the runtime that its function is written for.")
        for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"):
            acknowledge(
                provider,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{name}]",
                "Of CDK's function that calls kubectl's: to write logs, and network interfaces, for which IAM knows no "
                "resource.",
            )
        acknowledge(
            provider,
            f"IAM5[Resource::<{cdk.Stack.of(self._scope).get_logical_id(handler)}.Arn>:*]",
            "Every version of the one function that CDK's own calls.",
        )

    def add_dependency(self, *needed: IDependable) -> None:
        """What kubectl applies from now on is deleted before these are."""
        self._after.extend(needed)

    def apply(
        self, construct_id: str, manifests: Sequence[Mapping[str, Any]], *, after: Sequence[IDependable] = ()
    ) -> eks.KubernetesManifest:
        """Has kubectl apply objects, and delete them with the stack. As few as can be: each is a call into a cluster
        that has to answer when the stack is deployed, and deleted.
        """
        manifest = eks.KubernetesManifest(
            self._scope,
            construct_id,
            cluster=self._cluster,  # ty: ignore[invalid-argument-type]
            manifest=[dict(each) for each in manifests],
            prune=False,
        )
        manifest.node.add_dependency(*self._after, *after)
        return manifest

    def find(
        self,
        construct_id: str,
        *,
        kind: str,
        name: str,
        json_path: str,
        namespace: str = "default",
        after: Sequence[IDependable] = (),
    ) -> eks.KubernetesObjectValue:
        """Waits, for ten minutes at most, until something in the cluster has made an object, or set a value of it.

        :param json_path: of the value, such as ``.metadata.name``.
        """
        found = eks.KubernetesObjectValue(
            self._scope,
            construct_id,
            cluster=self._cluster,  # ty: ignore[invalid-argument-type]
            object_type=kind,
            object_name=name,
            object_namespace=namespace,
            json_path=json_path,
            timeout=cdk.Duration.minutes(10),
        )
        found.node.add_dependency(*self._after, *after)
        return found
