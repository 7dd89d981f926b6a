"""The resource of an EKS add-on, and what synth says about its version. :mod:`patternbook.eks.add_ons` has the add-ons
of the patterns.
"""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from patternbook.limits.eks_add_ons import ADD_ONS


def add_on_resource(
    scope: Construct,
    name: str,
    *,
    cluster: eks.Cluster,
    version: str | None,
    values: Mapping[str, Any],
    roles: Mapping[str, iam.Role],
) -> eks.CfnAddon:
    """:param version: version of the add-on. EKS chooses one for None.
    :param values: the whole configuration.
    :param roles: roles of pods by service account.
    :raises ValueError: for a name that EKS does not know.
    """
    if name not in ADD_ONS:
        raise ValueError(f"name must be an EKS add-on, got {name!r}. Choose one of {', '.join(ADD_ONS)}.")
    # L1, because the L2 takes no roles.
    return eks.CfnAddon(
        scope,
        "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
        addon_name=name,
        cluster_name=cluster.cluster_name,
        addon_version=version,
        configuration_values=json.dumps(values, sort_keys=True) if values else None,
        pod_identity_associations=[
            eks.CfnAddon.PodIdentityAssociationProperty(service_account=account, role_arn=role.role_arn)
            for account, role in roles.items()
        ]
        or None,
        # The template overrides manual changes.
        resolve_conflicts="OVERWRITE",
    )


@jsii.implements(cdk.IAspect)
class FloatingVersions:
    """Says once, at synth, which add-ons of a cluster have no version of the user's.

    It is an aspect, because constructs add add-ons at any time.
    """

    def __init__(self, scope: Construct, add_ons: Mapping[str, eks.CfnAddon]) -> None:
        """:param scope: the cluster, which gets the message."""
        self._scope = scope
        self._add_ons = add_ons

    def visit(self, node: IConstruct) -> None:  # noqa: ARG002 - the signature of the CDK
        """Called by the CDK for each construct that the aspect applies to. It drops the same message of another."""
        names = [name for name, add_on in self._add_ons.items() if add_on.addon_version is None]
        if names:
            cdk.Annotations.of(self._scope).add_info_v2(
                "patternbook:floatingVersions",
                f"EKS chooses the versions of {', '.join(names)} when it creates them. To pin one, set "
                f'add_ons={{"{names[0]}": {{"version": "v…"}}}}. To list its versions, type: '
                f"aws eks describe-addon-versions --addon-name {names[0]}",
            )
