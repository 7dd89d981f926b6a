"""The drain of self-managed nodes: AWS Node Termination Handler, its queue, and the lifecycle hooks that it answers."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.nodes.events import (
    event_age,
    event_queue,
    scheduled_maintenance,
    send_events,
    spot_interruptions,
)
from patternbook.eks.pod_identity import pod_role
from patternbook.nag import acknowledge

HANDLER: Final = "aws-node-termination-handler"
"""The service account of the handler, in ``kube-system``."""
MANAGED_TAG: Final = f"{HANDLER}/managed"
"""The tag of the instances that the handler drains. Its value is the name of the cluster."""
READY_WITHIN: Final = cdk.Duration.minutes(10)
"""Time for a new node to become ready. EC2 terminates one that does not."""
DRAIN_WITHIN: Final = cdk.Duration.minutes(10)
"""Time for a drain, after which a node goes undrained. It is longer than the handler's own limit of nine minutes."""


class NodeTermination(Construct):
    """AWS Node Termination Handler for the Auto Scaling groups of one cluster.

    It drains a node before Auto Scaling terminates it (scale-in, instance refresh, maximum lifetime, rebalancing),
    before EC2 takes back a Spot node, and before a scheduled maintenance. It respects pod disruption budgets for up
    to nine minutes. It also tells Auto Scaling when a new node is ready, so an instance refresh does not go on before.

    EKS does the same for managed node groups, which need no handler.

    https://github.com/aws/aws-node-termination-handler
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster: EksCluster) -> None:
        """:param cluster: a cluster with ``kubectl``, and with the add-on ``eks-pod-identity-agent``.
        :raises ValueError: for a cluster that was made without ``kubectl``.
        """
        kubectl = cluster.kubectl
        super().__init__(scope, construct_id)
        self.cluster_name = cluster.name
        self.queue = event_queue(self, "Queue")
        rules = send_events(self, self.queue, self._patterns())
        role = self._role()
        association = eks.CfnPodIdentityAssociation(
            self,
            "Association",
            cluster_name=cluster.cluster.cluster_name,
            namespace="kube-system",
            service_account=HANDLER,
            role_arn=role.role_arn,
        )
        self.handler = kubectl.apply(
            "NodeTerminationHandler",
            read_manifests(
                MANIFESTS / "node-termination-handler.yaml",
                QueueUrl=self.queue.queue_url,
                Region=cdk.Stack.of(self).region,
            ),
            # The first event is about the first node.
            after=[association, role, *rules, *self.queue.node.children],
        )

    def protect(self, group: autoscaling.AutoScalingGroup) -> None:
        """Adds the lifecycle hooks to a group, and makes it wait for the handler."""
        resource = group.node.default_child
        assert isinstance(resource, autoscaling.CfnAutoScalingGroup)
        cdk.Tags.of(group).add(MANAGED_TAG, self.cluster_name)
        # Part of the group, so that it exists before the first instance.
        resource.lifecycle_hook_specification_list = [
            autoscaling.CfnAutoScalingGroup.LifecycleHookSpecificationProperty(
                lifecycle_hook_name="ready",
                lifecycle_transition="autoscaling:EC2_INSTANCE_LAUNCHING",
                default_result="ABANDON",
                heartbeat_timeout=int(READY_WITHIN.to_seconds()),
                notification_metadata=self.cluster_name,
            )
        ]
        # A resource of its own, which CloudFormation deletes before the group. So the nodes of a stack that is deleted
        # go at once.
        group.add_lifecycle_hook(
            "Drain",
            lifecycle_transition=autoscaling.LifecycleTransition.INSTANCE_TERMINATING,
            default_result=autoscaling.DefaultResult.CONTINUE,
            heartbeat_timeout=DRAIN_WITHIN,
            notification_metadata=self.cluster_name,
        )
        group.node.add_dependency(self.handler)

    def event_age(self) -> cloudwatch.Metric:
        """Age of the oldest event that the handler has not finished, in seconds."""
        return event_age(self.queue)

    def _patterns(self) -> dict[str, events.EventPattern]:
        """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html"""
        return {
            "Lifecycle": events.EventPattern(
                source=["aws.autoscaling"],
                detail_type=["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"],
                detail={"NotificationMetadata": [self.cluster_name]},
            ),
            "Spot": spot_interruptions(),
            "Maintenance": scheduled_maintenance(),
        }

    def _role(self) -> iam.Role:
        stack = cdk.Stack.of(self)
        groups = stack.format_arn(
            service="autoscaling",
            resource="autoScalingGroup:*:autoScalingGroupName",
            resource_name="*",
        )
        role = pod_role(
            self,
            "Role",
            description="Drains nodes",
            statements=[
                iam.PolicyStatement(
                    actions=["sqs:DeleteMessage", "sqs:ReceiveMessage"], resources=[self.queue.queue_arn]
                ),
                iam.PolicyStatement(
                    actions=["autoscaling:CompleteLifecycleAction"],
                    resources=[groups],
                    conditions={"StringEquals": {f"aws:ResourceTag/{MANAGED_TAG}": self.cluster_name}},
                ),
                iam.PolicyStatement(
                    actions=[
                        "autoscaling:DescribeAutoScalingInstances",
                        "autoscaling:DescribeTags",
                        "ec2:DescribeInstances",
                    ],
                    resources=["*"],
                ),
            ],
        )
        acknowledge(role, "IAM5[Resource::*]", "The describe actions support no resource-level permissions.")
        acknowledge(
            role,
            "IAM5[Resource::arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:"
            "autoScalingGroup:*:autoScalingGroupName/*]",
            "The groups need the handler first. The tag of the cluster limits the role to them.",
        )
        return role
