"""EBS volumes for the pods of a cluster, by the default StorageClass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from constructs import IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.pod_identity import pod_role, volume_key_statements
from patternbook.limits.eks_add_ons import CONFIGURED

DRIVER: Final = "aws-ebs-csi-driver"


def add_ebs_driver(
    cluster: EksCluster,
    *,
    nodes: Sequence[IDependable],
    key: kms.IKey | None,
) -> eks.CfnAddon:
    """The EBS CSI driver, which makes, attaches, enlarges and deletes volumes for claims.

    Its role has the AWS managed policy, which lets it change only what it has tagged as a cluster's.
    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html

    Its pods on the nodes use the network of the node, because instance metadata answers over one hop only. Without
    metadata, the driver assumes one network interface and one volume on each node, and Kubernetes places pods with
    volumes on nodes that can attach no more. With metadata, it counts them, and since Kubernetes 1.34 again every ten
    seconds, because the VPC CNI attaches interfaces as pods come. These pods are privileged in any case.
    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md#metadata
    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/faq.md#volume-attachment-capacity-issues

    :param nodes: the nodes that the driver runs on.
    :param key: a customer managed key that encrypts the volumes.
    """
    role = pod_role(
        cluster,
        "EbsCsiRole",
        description="Volumes of pods",
        managed_policies=["service-role/AmazonEBSCSIDriverPolicy"],
        statements=volume_key_statements(key) if key else [],
    )
    return cluster.add_on(DRIVER, configuration=CONFIGURED[DRIVER], roles={"ebs-csi-controller-sa": role}, after=nodes)


def apply_default_class(
    cluster: EksCluster,
    *,
    key: kms.IKey | None,
    path: Path = MANIFESTS / "storage-class-gp3.yaml",
    after: Sequence[IDependable] = (),
) -> None:
    """Applies the StorageClass for claims that name none.

    :param key: encrypts the volumes. Defaults to the AWS managed key.
    :param path: the manifest. Auto Mode has a driver of its own, and needs another StorageClass for it.
    :raises ValueError: see :func:`patternbook.eks.manifests.read_manifests`.
    """
    manifests = read_manifests(path)
    if key:
        for each in manifests:
            each["parameters"]["kmsKeyId"] = key.key_arn
    cluster.kubectl.apply("Gp3", manifests, after=after)
