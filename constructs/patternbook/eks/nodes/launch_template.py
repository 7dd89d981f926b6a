"""The launch template of nodes, and the AMI and the user data of self-managed nodes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jsii
import yaml
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.ec2.instances import encrypted_volumes
from patternbook.eks.nodes.settings import Taint
from patternbook.limits.eks_amis import image_parameter
from patternbook.limits.instance_types import Architecture
from patternbook.limits.operating_systems import VOLUMES_GIB, OperatingSystem

EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
"""EKS's names of the effects of a taint, and the kubelet's."""


def node_template(
    scope: Construct,
    construct_id: str,
    *,
    operating_system: OperatingSystem,
    volume_gib: int | None = None,
    machine_image: ec2.IMachineImage | None = None,
    security_group: ec2.ISecurityGroup | None = None,
    role: iam.IRole | None = None,
    user_data: ec2.UserData | None = None,
) -> ec2.LaunchTemplate:
    """A launch template for every kind of node: IMDSv2 with a hop limit of 1, so that pods cannot act as the node, and
    encrypted gp3 volumes.

    https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html

    :param volume_gib: size of the volume for images and the files of containers. Defaults to
        :data:`patternbook.limits.operating_systems.VOLUMES_GIB`.
    :param machine_image: for self-managed nodes, like the three arguments after it. EKS adds all four to a managed
        node group by itself.
    """
    volumes = dict(VOLUMES_GIB[operating_system])
    if volume_gib is not None:
        volumes[list(volumes)[-1]] = volume_gib
    return ec2.LaunchTemplate(
        scope,
        construct_id,
        machine_image=machine_image,
        security_group=security_group,
        role=role,
        user_data=user_data,
        require_imdsv2=True,
        http_put_response_hop_limit=1,
        block_devices=encrypted_volumes(volumes),
    )


@jsii.implements(ec2.IMachineImage)
class OwnImage:
    """An AMI by its id, in whatever Region the stack is."""

    def __init__(self, ami_id: str) -> None:
        self.ami_id = ami_id

    def get_image(self, _scope: Construct) -> ec2.MachineImageConfig:
        return ec2.MachineImageConfig(
            image_id=self.ami_id, os_type=ec2.OperatingSystemType.LINUX, user_data=ec2.UserData.for_linux()
        )


def optimized_image(version: str, architecture: Architecture, release: str) -> ec2.IMachineImage:
    """The EKS-optimized AMI of one release, by a public SSM parameter that CloudFormation reads.

    The parameter ``recommended`` would bring another AMI at any deployment after AWS has published one, and with it new
    nodes (https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2391).

    https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
    """
    name = image_parameter(release, kubernetes_version=version, architecture=architecture)
    return ec2.MachineImage.from_ssm_parameter(name, os=ec2.OperatingSystemType.LINUX)


def nodeadm_user_data(
    cluster: Mapping[str, Any], *, labels: Mapping[str, str], taints: Sequence[Taint]
) -> ec2.UserData:
    """User data by which nodeadm, a part of the AMI, lets the node join a cluster.

    https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/

    :param cluster: the cluster as a NodeConfig describes it.
    """
    flags = []
    if labels:
        flags.append("--node-labels=" + ",".join(f"{key}={value}" for key, value in sorted(labels.items())))
    if taints:
        marks = (f"{taint.key}={taint.value}:{EFFECTS[taint.effect]}" for taint in taints)
        flags.append("--register-with-taints=" + ",".join(marks))
    config = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {"cluster": dict(cluster), **({"kubelet": {"flags": flags}} if flags else {})},
    }
    # Multipart, so that a copy of this pattern can add a second part: a script that runs before nodeadm.
    return ec2.UserData.custom(
        "\n".join(
            [
                "MIME-Version: 1.0",
                'Content-Type: multipart/mixed; boundary="NODE"',
                "",
                "--NODE",
                "Content-Type: application/node.eks.aws",
                "",
                "---",
                # A line break within a CDK token would change its value.
                yaml.safe_dump(config, sort_keys=False, width=10_000),
                "--NODE--",
            ]
        )
    )
