"""A function that counts the pods which wait for Fargate, because no metric of AWS does."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from patternbook.aws_lambda.function import LiveFunction
from patternbook.eks.cluster import EksCluster
from patternbook.eks.endpoint import admit
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.network.vpc import Network

RUNTIME: Final = Path(__file__).with_name("runtime")
GROUP: Final = "patternbook-pod-lister"
TIMEOUT_SECONDS: Final = 30
"""Less than the minute until the next call, so that no two calls overlap."""
EVENT_AGE_SECONDS: Final = 60
"""The least that Lambda and EventBridge Scheduler allow. The next call counts anew, so a late one is of no use."""


class PendingPods(Construct):
    """A function that counts, once a minute, the pods that Fargate should have started minutes ago, and a metric of
    their number.

    Nothing of AWS counts them. The metrics of the control plane are those of the default scheduler
    (https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html). The CloudWatch agent is a DaemonSet, which
    Fargate does not run. EventBridge gets no events about such pods
    (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-eks.html), and the audit log has no events of
    Kubernetes (https://github.com/aws/containers-roadmap/issues/1908).

    A pending pod waits for a machine, pulls an image or runs its init containers.

    - *Network*: the function is in the private subnets. The private endpoint admits it; nodes and pods do not.
    - *Permissions*: its role has none of AWS but logs, traces and network interfaces. In the cluster, it may list pods,
      in all namespaces, because a namespace may not exist yet. It asks for their metadata only.
    - *Failures*: there are no retries and no dead-letter queue, because the next call counts anew. If a call fails, the
      minute has no number. Let the alarm take a missing number for a bad one.
    - *Concurrency*: a call ends before the next one begins. None is reserved, because an account with a quota of ten
      could not (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
    """

    METRIC: Final = "PendingFargatePods"
    LATE_MINUTES: Final = 5
    """Minutes after which a pending pod counts. Fargate takes a minute or two, and a large image some more."""

    def __init__(self, scope: Construct, construct_id: str, *, cluster: EksCluster, network: Network) -> None:
        """:param cluster: a cluster with ``kubectl``.
        :param network: the network of the cluster.
        :raises ValueError: for a cluster that was made without ``kubectl``.
        """
        kubectl = cluster.kubectl
        super().__init__(scope, construct_id)
        self._cluster_name = cluster.name
        self.log_group = cluster.add_log_group("PendingPodsLogs")
        self.live = LiveFunction(
            self,
            "Count",
            package=RUNTIME,
            handler="pending_pods.handler",
            description="Counts the pods that wait for Fargate",
            log_group=self.log_group,
            environment={
                # By the attribute of the cluster, so that the function is made after it.
                "CLUSTER_NAME": cluster.cluster.cluster_name,
                "CLUSTER_ENDPOINT": cluster.cluster.cluster_endpoint,
                "CLUSTER_AUTHORITY": cluster.cluster.cluster_certificate_authority_data,
                "METRIC_NAMESPACE": self._namespace,
                "METRIC_NAME": self.METRIC,
                "LATE_MINUTES": str(self.LATE_MINUTES),
            },
            timeout_seconds=TIMEOUT_SECONDS,
            max_event_age_seconds=EVENT_AGE_SECONDS,
            retry_attempts=0,
            network=network,
        )
        entry = eks.CfnAccessEntry(
            self,
            "AccessEntry",
            cluster_name=cluster.cluster.cluster_name,
            principal_arn=self.live.role.role_arn,
            kubernetes_groups=[GROUP],
        )
        binding = kubectl.apply("PodLister", read_manifests(MANIFESTS / "pod-lister.yaml", Group=GROUP))
        self.live.alias.node.add_dependency(entry, binding)
        admit(cluster.cluster, self.live.function.connections.security_groups)
        self._call_every_minute()

    def metric(self) -> cloudwatch.Metric:
        """The number of pods that have been pending for longer than :attr:`LATE_MINUTES`."""
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=self.METRIC,
            dimensions_map={"ClusterName": self._cluster_name},
            statistic="max",
            period=cdk.Duration.minutes(1),
        )

    @property
    def _namespace(self) -> str:
        return f"Patternbook/{cdk.Stack.of(self).stack_name}"

    def _call_every_minute(self) -> None:
        """By EventBridge Scheduler, because scheduled rules are a legacy feature:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
        """
        alias = self.live.alias
        role = iam.Role(
            self,
            "SchedulerRole",
            description="Calls the function that counts pending pods",
            assumed_by=iam.ServicePrincipal(  # ty: ignore[invalid-argument-type]
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        iam.Grant.add_to_principal(grantee=role, actions=["lambda:InvokeFunction"], resource_arns=[alias.function_arn])
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Counts the pods that wait for Fargate",
            schedule_expression="rate(1 minute)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=alias.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=EVENT_AGE_SECONDS, maximum_retry_attempts=0
                ),
            ),
        )
        schedule.node.add_dependency(role, alias)
