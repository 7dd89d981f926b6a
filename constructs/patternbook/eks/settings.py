"""Settings of EKS clusters. Those of nodes and of storage stand beside them, in ``nodes/`` and ``storage/``."""

import ipaddress
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator

from patternbook.data.settings import KeySettings
from patternbook.limits.eks import MAX_PRIVATE_RULES, MAX_PUBLIC_CIDRS
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.given import listed
from patternbook.network.settings import NetworkSettings
from patternbook.posture import Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, posture_of
from patternbook.settings.fields import (
    CIDR,
    PRIVATE_CIDR,
    SECURITY_GROUP_ID,
    EachOnce,
    YesNo,
)
from patternbook.settings.validators import Expected, matching

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
AddOnVersion = Annotated[str, matching(r"v\d+\.\d+\.\d+-eksbuild\.\d+", 'a version such as "v1.20.4-eksbuild.1"')]

PRIVATE_BLOCKS: Final = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def check_public_access(cidrs: Sequence[str], *, posture: Posture) -> None:
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html

    :raises ValueError: for more CIDR blocks than EKS takes, for anything but public CIDR blocks, and for blocks that
        admit everybody where the posture does not allow it.
    """
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        raise ValueError(
            f"public_access_cidrs must list at most {MAX_PUBLIC_CIDRS} CIDR blocks, got {len(cidrs)}. "
            "Merge adjacent blocks."
        )
    for cidr in cidrs:
        if not CIDR.accepts(cidr):
            raise ValueError(f"Each of public_access_cidrs must be {CIDR.text}, got {cidr!r}.")
        if any(ipaddress.IPv4Network(cidr).subnet_of(private) for private in PRIVATE_BLOCKS):
            raise ValueError(
                f"public_access_cidrs must be public addresses, got {cidr}. Remove it: the private endpoint serves it."
            )
    together = ipaddress.collapse_addresses(map(ipaddress.IPv4Network, cidrs))
    if any(block.prefixlen == 0 for block in together) and not posture.allow_open_cluster_endpoint:
        given = listed(cidrs)
        raise ValueError(
            f"public_access_cidrs must not admit everybody (0.0.0.0/0) in {posture.name}, got {given}. "
            "List your own CIDR blocks."
        )


def check_private_access(*, cidrs: Sequence[str], security_groups: Sequence[str]) -> None:
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access

    :raises ValueError: for anything but CIDR blocks and ids of security groups, and for more of them than a security
        group has rules.
    """
    for cidr in cidrs:
        if not PRIVATE_CIDR.accepts(cidr):
            raise ValueError(f"Each of private_access_cidrs must be {PRIVATE_CIDR.text}, got {cidr!r}.")
    for group in security_groups:
        if not SECURITY_GROUP_ID.accepts(group):
            raise ValueError(f"Each of private_access_security_groups must be {SECURITY_GROUP_ID.text}, got {group!r}.")
    if len(cidrs) + len(security_groups) > MAX_PRIVATE_RULES:
        raise ValueError(
            f"private_access_cidrs and private_access_security_groups must list at most {MAX_PRIVATE_RULES} together, "
            f"got {len(cidrs) + len(security_groups)}. Merge adjacent blocks, or put clients into one security group."
        )


class ClusterSettings(KeySettings, NetworkSettings):
    """Settings of an :class:`patternbook.eks.cluster.EksCluster` and of its network."""

    add_ons: ClassVar[tuple[str, ...]]
    """Names of the add-ons that the pattern can have."""

    upgrade_policy: UpgradePolicy = "STANDARD"
    """Policy for the end of standard support. With STANDARD, EKS upgrades the cluster by itself. With EXTENDED, it
    supports the version for another year, at six times the price."""
    kubernetes_version: Annotated[str, Expected(f'a Kubernetes version in support, such as "{KUBERNETES_VERSION}"')] = (
        KUBERNETES_VERSION
    )
    """Kubernetes version of the cluster. Change it to upgrade, one minor version at a time. There is no way back."""
    public_access_cidrs: Annotated[tuple[fields.Cidr, ...], EachOnce, Field(max_length=MAX_PUBLIC_CIDRS)] = ()
    """IPv4 CIDR blocks that may reach the API of the cluster from the internet. Without any, the cluster has no public
    endpoint."""
    private_access_cidrs: Annotated[tuple[fields.PrivateCidr, ...], EachOnce, Field(max_length=MAX_PRIVATE_RULES)] = ()
    """IPv4 CIDR blocks of connected networks, such as a VPN, that may reach the private endpoint of the cluster (port
    443)."""
    private_access_security_groups: Annotated[
        tuple[fields.SecurityGroupId, ...], EachOnce, Field(max_length=MAX_PRIVATE_RULES)
    ] = ()
    """Ids of security groups whose members may reach the private endpoint of the cluster (port 443). They are in the
    VPC of the cluster, or in a VPC that is peered with it."""
    admin_principals: Annotated[tuple[fields.PrincipalArn, ...], EachOnce, Field(max_length=20)] = ()
    """ARNs of IAM roles, users or accounts that may assume the admin role of the cluster. Without any, the IAM policies
    of this account decide."""
    add_on_versions: dict[Annotated[str, Expected('the name of an add-on, such as "coredns"')], AddOnVersion] = Field(
        {}, max_length=20
    )
    """Versions of add-ons by their names. EKS chooses the version of any other add-on when it creates it."""

    @field_validator("kubernetes_version")
    @classmethod
    def _in_support(cls, value: str, info: ValidationInfo) -> str:
        check_version(value, upgrade_policy=info.data.get("upgrade_policy", "STANDARD"), kubectl=True)
        return value

    @field_validator("public_access_cidrs")
    @classmethod
    def _reachable(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_public_access(value, posture=posture_of(info))
        return value

    @field_validator("private_access_security_groups")
    @classmethod
    def _few_rules(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_private_access(cidrs=info.data.get("private_access_cidrs", ()), security_groups=value)
        return value

    @field_validator("add_on_versions")
    @classmethod
    def _of_the_pattern(cls, value: dict[str, str]) -> dict[str, str]:
        others = sorted(value.keys() - set(cls.add_ons))
        if others:
            raise ValueError(
                f"Must name add-ons of this pattern, got {listed(others)}. Choose from {', '.join(cls.add_ons)}."
            )
        return value


class InsightsSettings(PatternSettings):
    """Settings of CloudWatch Container Insights."""

    container_insights: YesNo = True
    """Send metrics and logs of nodes and pods to CloudWatch Container Insights, which costs money by volume."""
