"""Settings of the access of teams to a cluster."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from patternbook.settings.base import SettingsModel
from patternbook.settings.fields import EachOnce
from patternbook.settings.validators import matching, reference

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
    """What to write instead of the ARN of something that EKS takes no access entry for, or an empty text."""
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
    """What the principal may do there: view, edit or admin, as in the Kubernetes roles of these names."""
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
