"""Nodes of an EKS cluster that a person owns: an Auto Scaling group that EKS knows nothing of."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
import jsii
import yaml
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from patternbook.ecs.ec2_capacity import check_numbers
from patternbook.eks.cluster import EksCluster
from patternbook.eks.managed_nodes import (
    NODE_TYPES,
    SPOT_TYPES,
    Taint,
    check_node_types,
    node_template,
    warn_of_one_spot_type,
)
from patternbook.limits.instance_types import Architecture, InstanceTypeName
from patternbook.nag import acknowledge
from patternbook.posture import Posture
from patternbook.settings.fields import AMI_ID

WARMUP: Final = cdk.Duration.minutes(3)
"""From the launch of a node until pods run on it, about: the next one is replaced after that."""
SERVICE_CIDRS: Final = ("172.20.0.0/16", "10.100.0.0/16")
"""Addresses of services, of which EKS itself would choose one:
https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html"""
EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}


def service_cidr(vpc_cidr: str) -> str:
    """Addresses of services that do not overlap with those of a VPC. A node that joins by itself has to know them."""
    vpc = ipaddress.IPv4Network(vpc_cidr)
    return next(cidr for cidr in SERVICE_CIDRS if not vpc.overlaps(ipaddress.IPv4Network(cidr)))


@jsii.implements(ec2.IMachineImage)
class OwnImage:
    """An AMI by its id, in whatever Region the stack is."""

    def __init__(self, ami_id: str) -> None:
        self.ami_id = ami_id

    def get_image(self, _scope: Construct) -> ec2.MachineImageConfig:
        return ec2.MachineImageConfig(
            image_id=self.ami_id, os_type=ec2.OperatingSystemType.LINUX, user_data=ec2.UserData.for_linux()
        )


class SelfManagedNodes(Construct):
    """Nodes in the private subnets, from a launch template of one's own: of the EKS-optimized AL2023 AMI, or of an AMI
    that is built on it, on demand and on Spot in one group.

    A node joins by itself: nodeadm, which is part of the AMI, reads name, endpoint and certificate of the cluster from
    the user data; an access entry lets the node role in. They share the security group of the cluster, and have neither
    a public address nor an SSH key.

    A change of the template, such as a new AMI, replaces all nodes by an *instance refresh*, the new one before the old
    one. **Nobody drains a node** before it goes, here or at scale-in, or when Spot takes it back.

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
        service_cidr: str,
        ami_id: str | None = None,
        architecture: Architecture = "arm64",
        instance_types: Sequence[InstanceTypeName] = (),
        on_demand_base: int = 2,
        spot_percent: int = 50,
        min_nodes: int = 2,
        max_nodes: int = 6,
        volume_gib: int | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Taint] = (),
        after: Sequence[IDependable] = (),
    ) -> None:
        """:param role: of the nodes, see :func:`patternbook.eks.managed_nodes.node_role`.
        :param service_cidr: that of the cluster, see :func:`service_cidr`.
        :param ami_id: an AMI of one's own, with nodeadm, of this architecture (which nothing can check before a node is
            launched); where it is None the EKS-optimized one of the cluster's version, as it is when one deploys.
        :param instance_types: in order of preference on demand; on Spot by price and capacity.
        :param on_demand_base: nodes on demand, before any is on Spot.
        :param spot_percent: share of Spot in the nodes beyond the base.
        :param after: what has to be there before a node can be ready.
        :raises ValueError: see :func:`patternbook.eks.managed_nodes.check_node_types` and
            :func:`patternbook.ecs.ec2_capacity.check_numbers`; and for what is no id of an AMI.
        """
        check_numbers(
            min_instances=min_nodes, max_instances=max_nodes, on_demand_base=on_demand_base, spot_percent=spot_percent
        )
        names = tuple(instance_types) or tuple(dict.fromkeys((*NODE_TYPES[architecture], *SPOT_TYPES[architecture])))
        check_node_types(names, architecture=architecture)
        if ami_id is not None and not AMI_ID.accepts(ami_id):
            raise ValueError(f"ami_id: {ami_id!r} given, {AMI_ID.text} required")
        super().__init__(scope, construct_id)
        if spot_percent and len(names) == 1:
            warn_of_one_spot_type(self, names[0])
        config = self._node_config(cluster, service_cidr, labels or {}, taints)
        self.template = node_template(
            self,
            "Template",
            operating_system="al2023",
            volume_gib=volume_gib,
            # Its policies are what they are: whatever CDK would add is not for a kubelet.
            role=role.without_policy_updates(),
            security_group=cluster.cluster.cluster_security_group,
            machine_image=OwnImage(ami_id) if ami_id else _optimized_image(cluster.version, architecture),  # ty: ignore[invalid-argument-type]
            user_data=ec2.UserData.custom(_multipart(config)),
        )
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=cluster.cluster.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=self.template,
                launch_template_overrides=[
                    autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(name)) for name in names
                ],
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.PRIORITIZED,
                    on_demand_base_capacity=on_demand_base,
                    on_demand_percentage_above_base_capacity=100 - spot_percent,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
            # No desired capacity: whoever scales the group owns it, and a deployment would reset it.
            min_capacity=min_nodes,
            max_capacity=max_nodes,
            max_instance_lifetime=posture.instance_lifetime,
            health_checks=autoscaling.HealthChecks.ec2(grace_period=WARMUP),
            group_metrics=[autoscaling.GroupMetrics.all()],
            update_policy=autoscaling.UpdatePolicy.instance_refresh(
                strategy=autoscaling.InstanceRefreshStrategy.ROLLING,
                min_healthy_percentage=100,
                max_healthy_percentage=110,
                instance_warmup=WARMUP,
                skip_matching=True,
            ),
        )
        # By which controllers in the cluster know its instances.
        cdk.Tags.of(self.group).add(f"kubernetes.io/cluster/{cluster.name}", "owned")
        entry = eks.AccessEntry(
            self,
            "Access",
            cluster=cluster.cluster,  # ty: ignore[invalid-argument-type]
            principal=role.role_arn,
            access_policies=[],
            access_entry_type=eks.AccessEntryType.EC2_LINUX,
        )
        # A node works for as long as its role may, and reaches EKS: so they go after it, too.
        self.group.node.add_dependency(
            role,
            entry,
            *after,
            *(subnet.internet_connectivity_established for subnet in cluster.cluster.vpc.private_subnets),
        )
        acknowledge(self.group, "EC26", "The rule cannot read a mixed instances policy; all volumes are encrypted.")
        acknowledge(self.group, "AS3", "Nodes come and go; alarms tell of pods that find none.")

    @staticmethod
    def _node_config(
        cluster: EksCluster, service_cidr: str, labels: Mapping[str, str], taints: Sequence[Taint]
    ) -> dict[str, Any]:
        """https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/"""
        flags = []
        if labels:
            flags.append("--node-labels=" + ",".join(f"{key}={value}" for key, value in sorted(labels.items())))
        if taints:
            marks = (f"{taint.key}={taint.value}:{EFFECTS[taint.effect]}" for taint in taints)
            flags.append("--register-with-taints=" + ",".join(marks))
        return {
            "apiVersion": "node.eks.aws/v1alpha1",
            "kind": "NodeConfig",
            "spec": {
                "cluster": {
                    "name": cluster.name,
                    "apiServerEndpoint": cluster.cluster.cluster_endpoint,
                    "certificateAuthority": cluster.cluster.cluster_certificate_authority_data,
                    "cidr": service_cidr,
                },
                **({"kubelet": {"flags": flags}} if flags else {}),
            },
        }


def _optimized_image(version: str, architecture: Architecture) -> ec2.IMachineImage:
    """The recommended AMI by its public SSM parameter, which CloudFormation reads at each deployment.

    https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
    """
    return ec2.MachineImage.from_ssm_parameter(
        f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/standard/recommended/image_id",
        os=ec2.OperatingSystemType.LINUX,
    )


def _multipart(config: Mapping[str, Any]) -> str:
    """User data as nodeadm reads it; a second part could be a script that runs before."""
    return "\n".join(
        [
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="NODE"',
            "",
            "--NODE",
            "Content-Type: application/node.eks.aws",
            "",
            "---",
            # A line that is broken in the middle of a value would be another value.
            yaml.safe_dump(dict(config), sort_keys=False, width=10_000),
            "--NODE--",
        ]
    )
