"""A cluster as its settings have it, for the patterns that share them."""

from typing import Any

from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.eks.cluster import EksCluster
from patternbook.eks.settings import ClusterSettings
from patternbook.network.vpc import Network
from patternbook.posture import Posture


def cluster_from(
    scope: Construct,
    construct_id: str,
    *,
    settings: ClusterSettings,
    network: Network,
    posture: Posture,
    key: kms.Key | None,
    **more: Any,
) -> EksCluster:
    """:param more: what a pattern decides itself: other arguments of :class:`patternbook.eks.cluster.EksCluster`."""
    return EksCluster(
        scope,
        construct_id,
        network=network,
        posture=posture,
        version=settings.kubernetes_version,
        public_access_cidrs=settings.public_access_cidrs,
        admin_principals=settings.admin_principals,
        upgrade_policy=settings.upgrade_policy,
        add_on_versions=settings.add_on_versions,
        log_retention_days=settings.log_retention_days,
        key=key,
        **more,
    )
