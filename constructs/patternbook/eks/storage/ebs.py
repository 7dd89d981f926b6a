"""EBS volumes for the pods of a cluster, by the default StorageClass."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from constructs import IDependable

from patternbook.eks.cluster import EksCluster
from patternbook.eks.manifests import MANIFESTS, read_manifests
from patternbook.eks.pod_identity import pod_role, volume_key_statements


def add_ebs_driver(
    cluster: EksCluster,
    *,
    nodes: Sequence[IDependable],
    key: kms.IKey | None,
    configuration: Mapping[str, Any] | None = None,
) -> eks.CfnAddon:
    """The EBS CSI driver, which makes, attaches, enlarges and deletes volumes for claims.

    Its role has the AWS managed policy, which lets it change only what it has tagged as a cluster's.
    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html

    :param nodes: the nodes that the driver runs on.
    :param key: a customer managed key that encrypts the volumes.
    :param configuration: see :meth:`patternbook.eks.cluster.EksCluster.add_on`.
    """
    role = pod_role(
        cluster,
        "EbsCsiRole",
        description="Volumes of pods",
        managed_policies=["service-role/AmazonEBSCSIDriverPolicy"],
        statements=volume_key_statements(key) if key else [],
    )
    return cluster.add_on(
        "aws-ebs-csi-driver", configuration=configuration, roles={"ebs-csi-controller-sa": role}, after=nodes
    )


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
