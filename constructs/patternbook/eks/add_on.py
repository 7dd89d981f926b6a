"""Settings of the add-ons of a cluster, and what synth says about their versions."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import aws_cdk as cdk
import jsii
from aws_cdk import aws_eks_v2 as eks
from constructs import IConstruct
from pydantic import Field, JsonValue

from patternbook.limits.eks_add_ons import CONFIGURED, EXTERNAL_DNS, NOT_ON_FARGATE, check_configuration
from patternbook.limits.given import listed
from patternbook.settings import fields
from patternbook.settings.base import SettingsModel
from patternbook.settings.validators import Expected, matching

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
AddOnVersion = Annotated[str, matching(r"v\d+\.\d+\.\d+-eksbuild\.\d+", 'a version such as "v1.20.4-eksbuild.1"')]
AddOnName = Annotated[str, Expected('the name of an add-on, such as "snapshot-controller"')]


class AddOn(SettingsModel):
    """An EKS add-on."""

    version: AddOnVersion | None = None
    """Version. Leave it unset, and EKS chooses its default for the version of Kubernetes when it creates the add-on."""
    configuration: Annotated[
        dict[str, JsonValue], Expected('an object with the configuration of the add-on, such as {"replicaCount": 2}')
    ] = Field({})
    """Configuration by the schema of the add-on and its version. EKS checks it at deployment. The command
    aws eks describe-addon-configuration --addon-name NAME --addon-version VERSION prints the schema."""
    hosted_zones: Annotated[dict[fields.HostedZoneId, fields.LiteralDomainName], Field(max_length=20)] = Field({})
    """Route 53 hosted zones that external-dns may change: domain names by the ids of their zones."""


def check_add_ons(add_ons: Mapping[str, AddOn], *, own: Sequence[str], optional: Sequence[str]) -> None:
    """:param own: names of the add-ons that the pattern has.
    :param optional: names of those that it can have besides.
    :raises ValueError: for other names, for configuration that belongs to the pattern, for external-dns without hosted
        zones, and for hosted zones of any other add-on.
    """
    names = sorted({*own, *optional})
    others = sorted(add_ons.keys() - set(names))
    if others:
        # Every pattern with nodes can have these.
        fargate = NOT_ON_FARGATE.get(others[0])
        reason = f" {others[0]} cannot run on Fargate: {fargate}." if fargate else ""
        raise ValueError(
            f"Must name add-ons of this pattern, got {listed(others)}.{reason} Choose from {', '.join(names)}."
        )
    for name, add_on in add_ons.items():
        check_configuration(name, add_on.configuration, CONFIGURED.get(name, ()))
        if name == EXTERNAL_DNS and not add_on.hosted_zones:
            raise ValueError(
                f'{name} must have hosted_zones, because it changes records in them. Write {{"{name}": '
                '{"hosted_zones": {"Z0123456789ABCDEFGHIJ": "example.com"}}}.'
            )
        if name != EXTERNAL_DNS and add_on.hosted_zones:
            raise ValueError(f"{name} must have no hosted_zones, because it calls no Route 53. Remove them.")


@jsii.implements(cdk.IAspect)
class FloatingVersions:
    """Says once, at synth, which add-ons of a cluster have no version of the user's.

    It is an aspect, because constructs add add-ons at any time.
    """

    def __init__(self, scope: IConstruct, add_ons: Mapping[str, eks.CfnAddon]) -> None:
        self._path = scope.node.path
        self._add_ons = add_ons

    def visit(self, node: IConstruct) -> None:
        """Called by the CDK for the cluster and everything below it."""
        names = [name for name, add_on in self._add_ons.items() if add_on.addon_version is None]
        if node.node.path == self._path and names:
            cdk.Annotations.of(node).add_info_v2(
                "patternbook:floatingVersions",
                f"EKS chooses the versions of {', '.join(names)} when it creates them. To pin one, set "
                f'add_ons={{"{names[0]}": {{"version": "v…"}}}}. To list its versions, type: '
                f"aws eks describe-addon-versions --addon-name {names[0]}",
            )
