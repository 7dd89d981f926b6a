"""Karpenter: its controller, what the controller needs in AWS, and a pool of nodes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from patternbook.eks.access import node_access_entry, node_role
from patternbook.eks.application_identity import ApplicationIdentity, check_agent
from patternbook.eks.charts import Chart
from patternbook.eks.cluster import EksCluster
from patternbook.eks.karpenter import permissions
from patternbook.eks.karpenter.nodes import check_nodes, node_manifests
from patternbook.eks.nodes.events import (
    event_age,
    event_queue,
    scheduled_maintenance,
    send_events,
    spot_interruptions,
)
from patternbook.eks.nodes.settings import CapacityType
from patternbook.eks.pod_identity import volume_key_statements
from patternbook.limits.eks_amis import AMI_RELEASE, age_warning
from patternbook.limits.instance_types import Architecture
from patternbook.limits.karpenter import KARPENTER_VERSION, check_kubernetes

CONTROLLER: Final = "karpenter"
"""The service account of the controller, in ``kube-system``."""
REGISTRY: Final = "oci://public.ecr.aws/karpenter"


class Karpenter(Construct):
    """Karpenter brings nodes for pods that wait for one, of the instance types that cost least, and takes nodes away
    that are not needed.

    - The *controller* runs twice, on nodes that Karpenter has not brought: those of a managed node group. Its role acts
      through EKS Pod Identity, for this cluster only, see :mod:`patternbook.eks.karpenter.permissions`.
    - *Nodes* run the EKS-optimized AMI of AL2023 at one release, in the private subnets and the security group of the
      cluster. They have encrypted volumes, IMDSv2 with a hop limit of 1, and neither a public address nor an SSH key.
    - *Limits*: ``max_vcpus`` in total. Of ten nodes, Karpenter replaces one at a time, and each after 30 days.
    - *Events* of Spot, of maintenance and of instances that stop come through a queue. The controller drains the node
      in time.
    - *Deletion*: the stack deletes node class and node pool first, and waits until their nodes are gone. Then it
      deletes the controller. Node pools that are not the stack's own have to be deleted before.

    It is not for clusters on Fargate, which have no agent of EKS Pod Identity, and not for Auto Mode, which has a
    Karpenter that AWS runs.

    https://karpenter.sh/docs/
    """

    ENDPOINTS: Final = (ec2.InterfaceVpcEndpointAwsService.SQS, ec2.InterfaceVpcEndpointAwsService.SSM)
    """The AWS services that the controller calls, beside :data:`patternbook.eks.add_ons.NODE_ENDPOINTS`. Those without
    a VPC endpoint, IAM and the price list, need a route to the internet."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        max_vcpus: int,
        architectures: Sequence[Architecture] = ("arm64",),
        capacity_types: Sequence[CapacityType] = ("ON_DEMAND",),
        ami_release: str = AMI_RELEASE,
        volume_gib: int = 30,
        tags: Mapping[str, str] | None = None,
        zonal_shift: bool = False,
        key: kms.IKey | None = None,
        after: Sequence[IDependable],
    ) -> None:
        """:param cluster: a cluster with ``kubectl`` and with the add-on ``eks-pod-identity-agent``.
        :param max_vcpus: maximum number of vCPUs of all nodes of the pool together. It limits what they can cost.
        :param architectures: CPU architectures of the nodes. Images have to support all of them.
        :param capacity_types: with both, Karpenter prefers Spot, and takes on demand where there is no Spot capacity.
        :param ami_release: release of the EKS-optimized AMI. Another one replaces the nodes, within the disruption
            budget. One that is older than 90 days is a warning at synth.
        :param volume_gib: size of a node's volume, for images and the files of containers, 20 to 16,384 GiB.
        :param tags: tags of instances and volumes, because tags of the stack do not reach them.
        :param zonal_shift: whether to bring no nodes into an AZ that a zonal shift leaves. The cluster must have zonal
            shift enabled, or the controller does not start.
        :param key: encrypts the volumes. Defaults to the AWS managed key of EBS.
        :param after: what the controller needs: a node group with at least two nodes.
        :raises ValueError: for a cluster without ``kubectl`` or the agent, for a Kubernetes version that the release of
            Karpenter does not support, and for values that a node pool cannot have.
        """
        kubectl = cluster.kubectl
        check_agent(cluster)
        check_kubernetes(cluster.version)
        check_nodes(
            max_vcpus=max_vcpus, architectures=architectures, capacity_types=capacity_types, volume_gib=volume_gib
        )
        old = age_warning(ami_release)
        super().__init__(scope, construct_id)
        if old:
            cdk.Annotations.of(self).add_warning_v2("patternbook:OldAmi", old)
        identity = ApplicationIdentity(
            self, "Identity", cluster=cluster, namespace="kube-system", service_account=CONTROLLER
        )
        self.role = identity.role
        self._cluster = cluster.cluster
        self.queue = event_queue(self, "Queue")
        rules = send_events(self, self.queue, self._patterns())
        self.node_role = node_role(self, "NodeRole")
        entry = node_access_entry(self, "Access", cluster=cluster.cluster, role=self.node_role)
        self.instance_profile = iam.InstanceProfile(self, "Profile", role=self.node_role)  # ty: ignore[invalid-argument-type]
        self._allow_nodes(zonal_shift=zonal_shift, key=key)
        # Helm would install the definitions once and never upgrade them. They have a chart of their own for that. It
        # comes between the association and the controller, because an association takes seconds to be effective, and a
        # pod that starts before stays without credentials:
        # https://docs.aws.amazon.com/cli/v1/reference/eks/create-pod-identity-association.html
        definitions = kubectl.install(
            "KarpenterDefinitions", _chart("karpenter-crd"), values={}, after=[identity, *after]
        )
        self.controller = kubectl.install(
            "Karpenter",
            _chart("karpenter"),
            values=self._values(zonal_shift=zonal_shift),
            # Nodes need their role and its access entry until they are gone, and the controller terminates them.
            after=[
                *(definitions, identity, self.node_role, entry, self.instance_profile),
                *(*rules, *self.queue.node.children, *after),
            ],
        )
        manifests = node_manifests(
            cluster.cluster,
            profile=self.instance_profile,
            max_vcpus=max_vcpus,
            architectures=architectures,
            capacity_types=capacity_types,
            ami_release=ami_release,
            volume_gib=volume_gib,
            tags=tags or {},
            key=key,
        )
        self.nodes = kubectl.apply("KarpenterNodes", manifests, after=[self.controller])

    def event_age(self) -> cloudwatch.Metric:
        """Age of the oldest event that the controller has not finished, in seconds."""
        return event_age(self.queue)

    @staticmethod
    def _patterns() -> dict[str, events.EventPattern]:
        """The events that the release handles. It also knows those of capacity reservations, which its nodes do not
        use, and other states of instances, which it ignores.

        https://karpenter.sh/docs/concepts/disruption/#interruption
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
        """
        return {
            "Spot": spot_interruptions(),
            "Rebalance": events.EventPattern(source=["aws.ec2"], detail_type=["EC2 Instance Rebalance Recommendation"]),
            "Maintenance": scheduled_maintenance(),
            "Stop": events.EventPattern(
                source=["aws.ec2"],
                detail_type=["EC2 Instance State-change Notification"],
                detail={"state": ["stopping", "stopped", "shutting-down", "terminated"]},
            ),
        }

    def _allow_nodes(self, *, zonal_shift: bool, key: kms.IKey | None) -> None:
        statements = [
            *permissions.launch_statements(self._cluster),
            *permissions.identity_statements(self._cluster, self.node_role),
            *permissions.discovery_statements(self._cluster),
            permissions.queue_statement(self.queue),
            *([permissions.zonal_shift_statement(self._cluster)] if zonal_shift else []),
            *(volume_key_statements(key) if key else []),
        ]
        for statement in statements:
            self.role.add_to_policy(statement)
        permissions.acknowledge_statements(self.role, self._cluster, statements)

    def _values(self, *, zonal_shift: bool) -> dict[str, Any]:
        """https://github.com/aws/karpenter-provider-aws/blob/v1.14.1/charts/karpenter/values.yaml"""
        room = {"cpu": "1", "memory": "1Gi"}
        return {
            "serviceAccount": {"name": CONTROLLER},
            # The resolver of the VPC, so that Karpenter can bring a node for CoreDNS, too.
            "dnsPolicy": "Default",
            "settings": {
                "clusterName": self._cluster.cluster_name,
                "clusterEndpoint": self._cluster.cluster_endpoint,
                # The name. With the ARN or the URL, the controller starts, and hears of nothing.
                "interruptionQueue": self.queue.queue_name,
                **({"enableZonalShift": True} if zonal_shift else {}),
            },
            "controller": {
                # The controller would ask the metadata of the instance, which do not answer to pods.
                "env": [{"name": "AWS_REGION", "value": cdk.Stack.of(self).region}],
                "resources": {"requests": room, "limits": room},
            },
        }


def _chart(name: str) -> Chart:
    return Chart(name=name, version=KARPENTER_VERSION, repository=f"{REGISTRY}/{name}")
