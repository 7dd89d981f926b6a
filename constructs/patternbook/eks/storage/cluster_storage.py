"""All storage of a cluster with nodes: CSI drivers, file systems and StorageClasses."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable
from typing_extensions import Self

from patternbook.eks.cluster import EksCluster
from patternbook.eks.storage.ebs import add_ebs_driver, apply_default_class
from patternbook.eks.storage.efs import EfsStorage
from patternbook.eks.storage.fsx_lustre import LustreStorage
from patternbook.eks.storage.fsx_ontap import OntapStorage
from patternbook.eks.storage.settings import StorageSettings
from patternbook.network.vpc import Network
from patternbook.posture import Posture


@dataclass(frozen=True, kw_only=True)
class ClusterStorage:
    """The storage that the settings name. The other attributes are None."""

    ebs_driver: eks.CfnAddon | None = None
    efs: EfsStorage | None = None
    lustre: LustreStorage | None = None
    ontap: OntapStorage | None = None

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        settings: StorageSettings,
        *,
        cluster: EksCluster,
        network: Network,
        posture: Posture,
        nodes: Sequence[IDependable],
        key: kms.IKey | None = None,
    ) -> Self:
        """Makes what ``settings.storage`` names, and has kubectl apply its StorageClass.

        :param cluster: a cluster with ``kubectl``, unless ``settings.storage`` is empty.
        :param nodes: the nodes that the drivers run on.
        :param key: encrypts volumes, files and passwords. Defaults to AWS managed keys.
        """
        driver, efs, lustre, ontap = None, None, None, None
        if "ebs" in settings.storage:
            driver = add_ebs_driver(cluster, nodes=nodes, key=key)
            apply_default_class(cluster, key=key, after=[driver])
        if "efs" in settings.storage:
            efs = EfsStorage(scope, "Efs", cluster=cluster, network=network, posture=posture, nodes=nodes, key=key)
            efs.apply()
        if "fsx-lustre" in settings.storage:
            lustre = LustreStorage.from_settings(
                scope, "Lustre", settings, cluster=cluster, network=network, posture=posture, nodes=nodes, key=key
            )
            lustre.apply()
        if "fsx-ontap" in settings.storage:
            ontap = OntapStorage.from_settings(
                scope, "Ontap", settings, cluster=cluster, network=network, posture=posture, nodes=nodes, key=key
            )
            ontap.apply()
        return cls(ebs_driver=driver, efs=efs, lustre=lustre, ontap=ontap)
