"""Self-managed nodes: an Auto Scaling group of EC2 instances that join a cluster by themselves."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.ec2.instances import mixed_instances
from patternbook.eks.access import node_access_entry
from patternbook.eks.cluster import EksCluster
from patternbook.eks.nodes.launch_template import OwnImage, node_template, nodeadm_user_data, optimized_image
from patternbook.eks.nodes.managed import warn_of_types
from patternbook.eks.nodes.settings import SelfManagedNodesSettings, Taint
from patternbook.eks.nodes.termination import NodeTermination
from patternbook.limits.eks import NODE_TYPES, SPOT_TYPES, check_node_types, check_sizes
from patternbook.limits.eks_amis import AMI_RELEASE, age_warning
from patternbook.limits.instance_types import Architecture
from patternbook.limits.scaling import check_spot_share
from patternbook.nag import acknowledge
from patternbook.posture import Posture
from patternbook.settings.fields import AMI_ID

WARMUP: Final = cdk.Duration.minutes(3)
"""Time from the launch of a node until pods run on it. An instance refresh waits for it before the next node."""
OBSERVE: Final = cdk.Duration.minutes(20)
"""Time to see whether an alarm rings: after the first nodes of an instance refresh, and after the last one."""


class SelfManagedNodes(Construct):
    """An Auto Scaling group in the private subnets, with on-demand and Spot nodes from one launch template. Its AMI is
    the EKS-optimized AMI of AL2023, or one that is built on it.

    A node joins by itself. nodeadm, a part of the AMI, reads name, endpoint and certificate of the cluster from the
    user data, and an access entry admits the role of the node. Nodes have neither a public address nor an SSH key, and
    are in the security group of the cluster.

    A change of the launch template, such as a new AMI, starts an *instance refresh*, which replaces each node by a new
    one. It stops after the first nodes to see whether an alarm rings. With ``termination``, the refresh waits until a
    new node is ready, and every node is drained before it goes. Without, **nobody drains a node**.

    https://docs.aws.amazon.com/eks/latest/userguide/worker.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: EksCluster,
        role: iam.Role,
        posture: Posture,
        ami_id: str | None = None,
        ami_release: str = AMI_RELEASE,
        termination: NodeTermination | None = None,
        refresh_alarms: Sequence[cloudwatch.IAlarm] = (),
        architecture: Architecture = "arm64",
        instance_types: Sequence[str] = (),
        on_demand_base: int = 2,
        spot_percent: int = 50,
        min_nodes: int = 2,
        max_nodes: int = 6,
        volume_gib: int | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Taint] = (),
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param cluster: a cluster with a ``service_cidr``, which nodeadm has to know.
        :param role: role of the nodes, see :func:`patternbook.eks.access.node_role`.
        :param ami_id: an AMI with nodeadm and of this architecture, which nothing checks before a node launches.
            Defaults to the EKS-optimized AMI of ``ami_release``.
        :param ami_release: release of the EKS-optimized AMI. Only another one, or another version of the cluster,
            replaces the nodes. One that is older than 90 days is a warning at synth.
        :param termination: drains the nodes. Without it, nodes have no maximum lifetime either.
        :param refresh_alarms: alarms that stop an instance refresh, and with it the deployment, which is rolled back.
            While one of them rings, no refresh can begin.
        :param instance_types: in order of preference on demand. On Spot, price and capacity decide.
        :param on_demand_base: number of nodes that run on demand before any node runs on Spot.
        :param spot_percent: share of Spot in the nodes beyond the base, 0 to 100.
        :param volume_gib: see :func:`patternbook.eks.nodes.launch_template.node_template`.
        :param after: what a node needs to become ready, see :class:`patternbook.eks.nodes.managed.ManagedNodes`.
        :raises ValueError: if ``ami_id`` is not the id of an AMI, or the cluster has no ``service_cidr``; see
            :func:`patternbook.limits.eks.check_sizes`, :func:`patternbook.limits.scaling.check_spot_share`,
            :func:`patternbook.limits.eks.check_node_types` and :func:`patternbook.limits.eks_amis.release_date`.
        """
        check_sizes(min_nodes=min_nodes, max_nodes=max_nodes)
        check_spot_share(on_demand_base=on_demand_base, spot_percent=spot_percent)
        names = tuple(instance_types) or tuple(dict.fromkeys((*NODE_TYPES[architecture], *SPOT_TYPES[architecture])))
        check_node_types(names, architecture=architecture, own_ami=bool(ami_id))
        if ami_id is not None and not AMI_ID.accepts(ami_id):
            raise ValueError(f"ami_id must be {AMI_ID.text}, got {ami_id!r}.")
        if cluster.service_cidr is None:
            raise ValueError("cluster must have a service_cidr, got none. Make the cluster with service_cidr.")
        old = None if ami_id else age_warning(ami_release)
        super().__init__(scope, construct_id)
        if old:
            cdk.Annotations.of(self).add_warning_v2("patternbook:OldAmi", old)
        warn_of_types(self, names, spot=bool(spot_percent))
        config = {
            "name": cluster.name,
            "apiServerEndpoint": cluster.cluster.cluster_endpoint,
            "certificateAuthority": cluster.cluster.cluster_certificate_authority_data,
            "cidr": cluster.service_cidr,
        }
        self.template = node_template(
            self,
            "Template",
            operating_system="al2023",
            volume_gib=volume_gib,
            # CDK may add no policies, because a kubelet needs no others.
            role=role.without_policy_updates(),
            security_group=cluster.cluster.cluster_security_group,
            machine_image=OwnImage(ami_id)  # ty: ignore[invalid-argument-type]
            if ami_id
            else optimized_image(cluster.version, architecture, ami_release),
            user_data=nodeadm_user_data(config, labels=labels or {}, taints=taints),
        )
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=cluster.cluster.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=cluster.cluster.vpc.private_subnets),
            mixed_instances_policy=mixed_instances(
                self.template, instance_types=names, on_demand_base=on_demand_base, spot_percent=spot_percent
            ),
            # No desired capacity: an autoscaler or a person owns it, and a deployment would reset it.
            min_capacity=min_nodes,
            max_capacity=max_nodes,
            max_instance_lifetime=posture.instance_lifetime if termination else None,
            health_checks=autoscaling.HealthChecks.ec2(grace_period=WARMUP),
            group_metrics=[autoscaling.GroupMetrics.all()],
            update_policy=autoscaling.UpdatePolicy.instance_refresh(
                strategy=autoscaling.InstanceRefreshStrategy.ROLLING,
                min_healthy_percentage=100,
                max_healthy_percentage=110,
                instance_warmup=WARMUP,
                skip_matching=True,
                # The first node or nodes, and then all. An alarm on pods without a node rings after 15 minutes.
                checkpoint_percentages=[20, 100],
                checkpoint_delay=OBSERVE,
                bake_time=OBSERVE,
                alarms=list(refresh_alarms) or None,
            ),
        )
        # Controllers find the instances by the first tag, and Cluster Autoscaler the group by the others:
        # https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
        for key, value in {
            f"kubernetes.io/cluster/{cluster.name}": "owned",
            "k8s.io/cluster-autoscaler/enabled": "true",
            f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
        }.items():
            cdk.Tags.of(self.group).add(key, value)
        entry = node_access_entry(self, "Access", cluster=cluster.cluster, role=role)
        # A node needs its role and its route to EKS until it is gone, so both are deleted after it.
        self.group.node.add_dependency(role, entry, *after, cluster.before_members)
        if termination:
            termination.protect(self.group)
        acknowledge(self.group, "EC26", "The rule cannot read a mixed instances policy; all volumes are encrypted.")
        acknowledge(self.group, "AS3", "Nodes come and go. Alarms notify of pods that find none.")

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: SelfManagedNodesSettings,
        *,
        cluster: EksCluster,
        role: iam.Role,
        posture: Posture,
        termination: NodeTermination | None = None,
        refresh_alarms: Sequence[cloudwatch.IAlarm] = (),
        after: Sequence[IDependable] = (),
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            role=role,
            posture=posture,
            ami_id=settings.ami_id,
            ami_release=settings.ami_release,
            termination=termination,
            refresh_alarms=refresh_alarms,
            architecture=settings.architecture,
            instance_types=settings.instance_types,
            on_demand_base=settings.on_demand_base,
            spot_percent=settings.spot_percent,
            min_nodes=settings.min_nodes,
            max_nodes=settings.max_nodes,
            volume_gib=settings.volume_gib,
            labels=settings.node_labels,
            after=after,
        )
