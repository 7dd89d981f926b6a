"""What EKS offers at the moment: versions and add-ons, and who is to get access."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from patternbook.limits.ec2_types import ec2_types
from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops, unknown
from patternbook.preflight.quotas.capacity import fleets_of
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node

CLUSTER: Final = "AWS::EKS::Cluster"
SOON_DAYS: Final = 60
"""Days before the end of standard support from which it is worth a word."""
_ARCHITECTURES: Final = {"x86_64": "amd64", "arm64": "arm64"}
"""What EKS calls the architectures: https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonVersionInfo.html"""
_PRINCIPAL: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):(role|user)/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)", re.ASCII)


@question("eks-version", "eks:DescribeClusterVersions")
def versions(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does EKS offer the Kubernetes version, and for how long?

    Choose a version in standard support.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    for cluster in stack.of_type(CLUSTER):
        version = cluster["Version"].text
        if version is None:
            yield unknown(f"{cluster.id}: the template does not say its Kubernetes version.", "Set it in the template.")
            continue
        offered = account.all("eks.describe_cluster_versions", "clusterVersions", includeAll=True)
        found = next((each for each in offered if each["clusterVersion"] == version), None)
        if found is None:
            names = ", ".join(sorted({each["clusterVersion"] for each in offered}))
            yield stops(f"{cluster.id}: EKS does not offer Kubernetes {version} in {account.region}, but {names}.")
            continue
        yield _support(cluster.id, version, found, stack.template.today)


def _support(name: str, version: str, found: dict[str, Any], today: date) -> Answer:
    status = str(found.get("versionStatus") or found.get("status", "")).upper()
    standard, extended = _day(found.get("endOfStandardSupportDate")), _day(found.get("endOfExtendedSupportDate"))
    dates = (
        f"standard support ends on {standard or 'an unknown day'}, extended support on {extended or 'an unknown day'}"
    )
    text = f"{name}: of Kubernetes {version}, {dates}."
    if status == "UNSUPPORTED" or (extended and extended <= today):
        return stops(text)
    if status == "EXTENDED_SUPPORT" or (standard and standard <= today):
        return may(f"{text} EKS bills extended support, or refuses it with the upgrade policy STANDARD.")
    if standard and (standard - today).days <= SOON_DAYS:
        return may(f"{text} That is in {(standard - today).days} days.")
    return fine(text)


def _day(value: object) -> date | None:
    return value.date() if isinstance(value, datetime) else None


@question("eks-add-ons", "eks:DescribeAddonVersions")
def add_ons(stack: Stack, account: Account) -> Iterator[Answer]:
    """Has EKS a build of each add-on for the Kubernetes version and the architecture of the nodes?

    Choose a version of the add-on that EKS lists, another Kubernetes version, or nodes of another architecture.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html
    """
    architectures = _architectures(stack)
    for add_on in stack.of_type("AWS::EKS::Addon"):
        name, cluster = add_on["AddonName"].text, add_on["ClusterName"].resource(CLUSTER)
        version = cluster["Version"].text if cluster else None
        if name is None or version is None:
            yield unknown(f"{add_on.id}: its name, or the Kubernetes version of its cluster, is not known.")
            continue
        found = account.all(
            "eks.describe_addon_versions",
            "addons",
            absent=("ResourceNotFoundException", "InvalidParameterException"),
            addonName=name,
            kubernetesVersion=version,
        )
        builds = [build for each in found for build in each.get("addonVersions", [])]
        wanted = add_on["AddonVersion"].text
        if wanted:
            builds = [each for each in builds if each.get("addonVersion") == wanted]
        title = f"{name} {wanted}" if wanted else name
        if not builds:
            yield stops(f"{add_on.id}: EKS has no build of {title} for Kubernetes {version} in {account.region}.")
            continue
        offered = set(builds[0].get("architecture", []))
        missing = sorted(architectures - offered)
        if missing:
            yield stops(f"{add_on.id}: {title} for Kubernetes {version} has no build for {', '.join(missing)} nodes.")
        else:
            yield fine(f"{add_on.id}: EKS has {builds[0].get('addonVersion', title)} for Kubernetes {version}.")


def _architectures(stack: Stack) -> set[str]:
    """The architectures of the nodes, as far as their types are known."""
    types = {name for fleet in fleets_of(stack.template) for name in fleet.types if name in ec2_types()}
    return {_ARCHITECTURES[ec2_types()[name].architecture] for name in types}


@question("eks-access", "iam:GetRole", "iam:GetUser")
def access_entries(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the IAM roles and users exist that get access to the cluster?

    Create the role or the user before the deployment, or correct its ARN. EKS refuses an entry for anything else.

    https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
    """
    for entry in stack.of_type("AWS::EKS::AccessEntry"):
        principal = entry["PrincipalArn"]
        if principal.reference or principal.text is None:
            continue  # the stack makes it, or it is part of one that it makes
        yield _principal(entry["PrincipalArn"], stack, account)


def _principal(node: Node, stack: Stack, account: Account) -> Answer:
    found = _PRINCIPAL.fullmatch(node.text or "")
    if not found:
        return stops(f"{node.resource_id}: {node.text} is not the ARN of an IAM role or user.")
    account_id, kind, name = found.groups()
    if account_id != stack.target.account_id:
        return unknown(f"{node.resource_id}: {node.text} is in another account, which is not asked.")
    exists = (
        account.ask("iam.get_role", RoleName=name, absent=("NoSuchEntity",))
        if kind == "role"
        else account.ask("iam.get_user", UserName=name, absent=("NoSuchEntity",))
    )
    if exists is None:
        return stops(f"{node.resource_id}: there is no IAM {kind} {name}.")
    return fine(f"{node.resource_id}: the IAM {kind} {name} exists.")
