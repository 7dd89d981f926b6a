"""Settings of EKS clusters: endpoint, access of teams, add-ons. Those of nodes and of storage stand beside them, in
``nodes/`` and ``storage/``.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from patternbook.data.settings import KeySettings
from patternbook.limits.eks import MAX_ACCESS, MAX_PRIVATE_RULES, MAX_PUBLIC_CIDRS
from patternbook.limits.eks_add_ons import CONFIGURED, EXTERNAL_DNS, NOT_ON_FARGATE, OPTIONAL, check_configuration
from patternbook.limits.eks_versions import KUBERNETES_VERSION, UpgradePolicy, check_version
from patternbook.limits.given import listed
from patternbook.network.settings import NetworkSettings
from patternbook.posture import Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel, posture_of
from patternbook.settings.fields import (
    CIDR,
    PRIVATE_CIDR,
    SECURITY_GROUP_ID,
    EachOnce,
    YesNo,
)
from patternbook.settings.validators import Expected, matching, reference

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


Level = Literal["view", "edit", "admin"]
POLICIES: Final[Mapping[Level, str]] = {
    "view": "AmazonEKSViewPolicy",
    "edit": "AmazonEKSEditPolicy",
    "admin": "AmazonEKSAdminPolicy",
}
"""EKS access policies by level: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""
EVERYWHERE: Final = "*"
"""Stands for every namespace of the cluster."""


def _other_arn(value: str) -> str:
    """The text to write instead of an ARN that EKS takes no access entry for. Empty if none is known."""
    session = re.fullmatch(r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/([\w+=,.@-]+)/.+", value)
    name = session[1] if session else value.partition(":role/")[2]
    if name.startswith("aws-service-role/"):
        # https://github.com/hashicorp/terraform-provider-aws/issues/36447
        return " EKS takes no service-linked role here."
    if session or name.startswith("AWSReservedSSO_"):
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2969
        return (
            " EKS needs the role itself, with its path. To print its ARN, type: "
            f"aws iam get-role --role-name {name} --query Role.Arn --output text"
        )
    return ""


# https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
PRINCIPAL: Final = reference(
    r"arn:aws[a-z-]*:iam::\d{12}:"
    r"(role/(?!aws-service-role/|AWSReservedSSO_)|user/)([\w+=,.@-]+/)*[\w+=,.@-]{1,64}",
    'the ARN of an IAM role or an IAM user, such as "arn:aws:iam::111122223333:role/team/developer"',
    _other_arn,
)
# https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
NAMESPACES: Final = matching(
    r"[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?",
    'a Kubernetes namespace such as "team-a", in which * stands for any characters. "*" alone is the whole cluster',
)


class TeamAccess(SettingsModel):
    """Access of an IAM role or user to Kubernetes."""

    principal: Annotated[str, PRINCIPAL]
    """ARN of the IAM role or user. A role of IAM Identity Center needs its whole path."""
    level: Level
    """Level of access there: view, edit or admin, as in the Kubernetes roles of these names."""
    namespaces: Annotated[tuple[Annotated[str, NAMESPACES], ...], EachOnce, Field(min_length=1, max_length=50)]
    """Namespaces. A name can contain * for any characters, such as "team-*". "*" alone is the whole cluster."""

    @field_validator("namespaces")
    @classmethod
    def _everything_stands_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_namespaces(value)
        return value


def check_namespaces(namespaces: Sequence[str]) -> None:
    """:raises ValueError: for no namespaces, for anything but names and patterns of namespaces, and for others beside
    the whole cluster.
    """
    if not namespaces:
        raise ValueError('namespaces must list at least one namespace. Write "*" for the whole cluster.')
    for each in namespaces:
        if not NAMESPACES.accepts(each):
            raise ValueError(f"Each of namespaces must be {NAMESPACES.text}, got {each!r}.")
    if EVERYWHERE in namespaces and len(namespaces) > 1:
        raise ValueError('"*" must stand alone, because it is the whole cluster. Remove the other namespaces.')


def by_principal(items: Iterable[TeamAccess]) -> dict[str, dict[Level, list[str]]]:
    """The namespaces of each principal by level.

    EKS takes one access entry of a principal, and in it one association with each policy. So several items of a
    principal become one entry. The whole cluster includes every namespace.
    """
    found: dict[str, dict[Level, list[str]]] = {}
    for each in items:
        namespaces = found.setdefault(each.principal, {}).setdefault(each.level, [])
        namespaces.extend(name for name in each.namespaces if name not in namespaces)
        if EVERYWHERE in namespaces:
            namespaces[:] = [EVERYWHERE]
    return found


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
        check_configuration(name, add_on.configuration, CONFIGURED.get(name, {}))
        if name == EXTERNAL_DNS and not add_on.hosted_zones:
            raise ValueError(
                f'{name} must have hosted_zones, because it changes records in them. Write {{"{name}": '
                '{"hosted_zones": {"Z0123456789ABCDEFGHIJ": "example.com"}}}.'
            )
        if name != EXTERNAL_DNS and add_on.hosted_zones:
            raise ValueError(f"{name} must have no hosted_zones, because it calls no Route 53. Remove them.")


class ApplicationSettings(PatternSettings):
    """Settings of the role of an application in a cluster."""

    application_policy_arns: Annotated[tuple[fields.PolicyArn, ...], EachOnce, Field(max_length=10)] = ()
    """ARNs of the IAM managed policies of the application role. Pods with the service account application act as this
    role, in the namespace default. On Fargate, it is the first of namespaces."""


class ClusterSettings(ApplicationSettings, KeySettings, NetworkSettings):
    """Settings of an :class:`patternbook.eks.cluster.EksCluster` and of its network."""

    own_add_ons: ClassVar[tuple[str, ...]]
    """Names of the add-ons that the pattern has, by itself or by other settings."""
    optional_add_ons: ClassVar[tuple[str, ...]] = OPTIONAL
    """Names of the add-ons that the pattern has only if ``add_ons`` names them."""
    refused: ClassVar[Mapping[str, str]] = {
        "add_on_versions": "Not supported any more: add_ons has the versions of add-ons, too. Write "
        'add_ons={"coredns": {"version": "v1.12.4-eksbuild.1"}}.'
    }

    upgrade_policy: UpgradePolicy = "STANDARD"
    """Policy for the end of standard support. With STANDARD, EKS upgrades the cluster by itself. With EXTENDED, it
    supports the version for another year, at six times the price."""
    kubernetes_version: Annotated[str, Expected(f'a Kubernetes version in support, such as "{KUBERNETES_VERSION}"')] = (
        KUBERNETES_VERSION
    )
    """Kubernetes version of the cluster. Change it to upgrade, one minor version at a time."""
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
    access: Annotated[tuple[TeamAccess, ...], EachOnce, Field(max_length=MAX_ACCESS)] = ()
    """Access of teams to Kubernetes: who may view, edit or administer which namespaces."""
    add_ons: Annotated[dict[AddOnName, AddOn], Field(max_length=20)] = Field({})
    """Add-ons by their names: further ones, and versions and configuration of those that the pattern has. EKS chooses
    the version of an add-on without one when it creates it."""

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

    @field_validator("add_ons")
    @classmethod
    def _of_the_pattern(cls, value: dict[str, AddOn]) -> dict[str, AddOn]:
        check_add_ons(value, own=cls.own_add_ons, optional=cls.optional_add_ons)
        return value


class InsightsSettings(PatternSettings):
    """Settings of CloudWatch Container Insights."""

    container_insights: YesNo = True
    """Send metrics and logs of nodes and pods to CloudWatch Container Insights, which costs money by volume."""
