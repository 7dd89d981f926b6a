"""Kubernetes manifests and Helm charts: read, and applied by the stack's own kubectl."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import yaml
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v36 import KubectlV36Layer
from constructs import Construct, IDependable

from patternbook.eks.access import role_with_policies
from patternbook.eks.charts import Chart, check_values
from patternbook.nag import acknowledge

MANIFESTS: Final = Path(__file__).with_name("runtime")
"""Manifests of the constructs in this folder."""
HELM_TIMEOUT: Final = cdk.Duration.minutes(10)
PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")


def read_manifests(path: Path, **values: str) -> list[dict[str, Any]]:
    """The Kubernetes objects of a YAML file.

    :param values: values of the placeholders ``${Name}`` in the file, such as the id of a file system, which only a
        deployment knows.
    :raises ValueError: for a document that is no Kubernetes object, for a placeholder without a value, and for a value
        without a placeholder.
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
            raise ValueError(
                f"{path.name} needs a value for ${{{name}}}, got values for {', '.join(values) or 'none'}."
            )
        used.add(name)
        return values[name]

    documents = [fill(each) for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
    for each in documents:
        if not isinstance(each, dict) or not {"apiVersion", "kind", "metadata"} <= each.keys():
            raise ValueError(
                f"{path.name} must have Kubernetes objects with apiVersion, kind and metadata, got {each!r}."
            )
    if values.keys() - used:
        raise ValueError(
            f"{path.name} has no placeholder for {', '.join(sorted(values.keys() - used))}. Remove the value."
        )
    return documents


class Kubectl:
    """The stack's own kubectl: two Lambda functions of CDK's in the private subnets. CloudFormation has no resource for
    Kubernetes objects.

    The construct of the cluster is the scope of everything that it makes.
    """

    def __init__(self, scope: Construct, log_group: logs.ILogGroup) -> None:
        """:param log_group: log group of both functions. They refer to it, so it exists from before their first call
        until after their last one.
        """
        self._scope = scope
        self._log_group = log_group
        self._role = role_with_policies(
            scope,
            "KubectlRole",
            description="Applies the manifests of the stack",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            policies=["service-role/AWSLambdaVPCAccessExecutionRole"],
            reason="A function in a VPC has to write logs and to manage network interfaces, for which IAM has no "
            "resource.",
        )
        # The dependencies include the policy of the role, which is a resource of its own.
        self._after: list[IDependable] = [self._role]

    def provider_options(self) -> eks.KubectlProviderOptions:
        """Options for the L2 construct of the cluster."""
        return eks.KubectlProviderOptions(
            kubectl_layer=KubectlV36Layer(self._scope, "KubectlLayer"),
            # The CDK would allow the role to read all repositories of the account for Helm charts. See install().
            role=self._role.without_policy_updates(),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def attach(self, cluster: eks.Cluster, before_members: IDependable) -> None:
        """Configures the two functions of the cluster, where its L2 construct has no options for it.

        :param before_members: what the functions need as members of the cluster's security group.
        """
        self._cluster = cluster
        self._after.append(before_members)
        self._role.add_to_policy(iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=[cluster.cluster_arn]))
        provider = cluster.kubectl_provider
        assert provider is not None
        for each in provider.node.find_all():
            if isinstance(each, lambda_.CfnFunction):
                each.logging_config = lambda_.CfnFunction.LoggingConfigProperty(
                    log_group=self._log_group.log_group_name
                )
        # This condition is for a policy that the role does not have.
        self._scope.node.try_remove_child("HasEcrPublic")
        handler = provider.node.find_child("Handler").node.default_child
        assert isinstance(handler, cdk.CfnElement)
        acknowledge(provider, "L1", "CDK chooses the runtime that its function is written for.")
        for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"):
            acknowledge(
                provider,
                f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{name}]",
                "CDK's function that calls kubectl's has to write logs and to manage network interfaces, for which IAM "
                "has no resource.",
            )
        acknowledge(
            provider,
            f"IAM5[Resource::<{cdk.Stack.of(self._scope).get_logical_id(handler)}.Arn>:*]",
            "CDK's function may call every version of kubectl's.",
        )

    def apply(
        self, construct_id: str, manifests: Sequence[Mapping[str, Any]], *, after: Sequence[IDependable] = ()
    ) -> eks.KubernetesManifest:
        """Applies objects, and deletes them with the stack. Apply few: the cluster has to answer for each of them
        whenever the stack is deployed or deleted.
        """
        manifest = eks.KubernetesManifest(
            self._scope,
            construct_id,
            cluster=self._cluster,  # ty: ignore[invalid-argument-type]
            manifest=[dict(each) for each in manifests],
            prune=False,
            # kubectl apply instead of create, which fails at a retry for objects that the first attempt has made.
            overwrite=True,
        )
        manifest.node.add_dependency(*self._after, *after)
        return manifest

    def install(
        self,
        construct_id: str,
        chart: Chart,
        *,
        values: Mapping[str, Any],
        after: Sequence[IDependable] = (),
    ) -> eks.HelmChart:
        """Installs a Helm chart, upgrades it when its version or values change, and uninstalls it with the stack.

        It waits up to ten minutes until the pods of the chart are ready, so what comes after can use them. The function
        needs the internet for the chart. Helm installs the custom resource definitions of a chart with its first
        version only, and never deletes them: https://github.com/helm/helm/issues/8668

        :param values: values of the chart. Helm checks them by the chart's schema if the chart has one, and ignores
            values that a chart without schema does not know.
        :param after: what the pods need: nodes, the association of their role, CoreDNS.
        :raises ValueError: see :func:`patternbook.eks.charts.check_values`.
        """
        check_values(values)
        for statement in chart.pull_statements():
            self._role.add_to_policy(statement)
            acknowledge(self._role, "IAM5[Resource::*]", "Tokens of a registry have no resource in IAM.")
        release = eks.HelmChart(
            self._scope,
            construct_id,
            cluster=self._cluster,  # ty: ignore[invalid-argument-type]
            chart=chart.name,
            release=chart.name,
            version=chart.version,
            repository=chart.repository,
            namespace=chart.namespace,
            create_namespace=False,
            values=values,
            wait=True,
            # The function has fifteen minutes. Helm has to stop before: a release whose installation was cut off stays
            # locked (https://github.com/helm/helm/issues/8987).
            timeout=HELM_TIMEOUT,
        )
        release.node.add_dependency(*self._after, *after)
        return release

    def wait_for(
        self,
        construct_id: str,
        *,
        kind: str,
        name: str,
        json_path: str,
        namespace: str = "default",
        after: Sequence[IDependable] = (),
    ) -> eks.KubernetesObjectValue:
        """Waits up to ten minutes until something in the cluster has created an object, or set a value in it.

        :param json_path: path to the value, such as ``.metadata.name``.
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
