"""Versions, add-ons and access of EKS."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from tests.preflight.cases.compute import nodes
from tests.preflight.cases.roles import roles
from tests.preflight.world import ACCOUNT_ID, Case, Refused, att, ref, resource


def cluster(version: str | None = "1.36") -> dict[str, Any]:
    return {"Cluster": resource("AWS::EKS::Cluster", **({"Version": version} if version else {}))}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def offers(version: str = "1.36", status: str = "STANDARD_SUPPORT", standard: str = "2027-08-02") -> dict[str, Any]:
    found = {
        "clusterVersion": version,
        "versionStatus": status,
        "endOfStandardSupportDate": day(standard),
        "endOfExtendedSupportDate": day(standard).replace(year=day(standard).year + 1),
    }
    return {"eks.describe_cluster_versions": {"clusterVersions": [found]}}


def add_on(**more: Any) -> dict[str, Any]:
    return {
        **cluster(),
        "AddOn": resource("AWS::EKS::Addon", AddonName="coredns", ClusterName=ref("Cluster"), **more),
    }


def builds(*versions: str, architectures: tuple[str, ...] = ("amd64", "arm64")) -> dict[str, Any]:
    found = [{"addonVersion": each, "architecture": list(architectures)} for each in versions]
    return {"eks.describe_addon_versions": {"addons": [{"addonName": "coredns", "addonVersions": found}]}}


def access(principal: Any) -> dict[str, Any]:
    return {"Entry": resource("AWS::EKS::AccessEntry", ClusterName="x", PrincipalArn=principal)}


USER = {
    "User": {
        "Path": "/",
        "UserName": "ann",
        "UserId": "AIDA1234567890123",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/ann",
        "CreateDate": "2026",
    }
}
version = Case("eks-version", "fine", "standard support ends on 2027-08-02", cluster(), offers())
coredns = Case("eks-add-ons", "fine", "EKS has v1.12 for Kubernetes 1.36", add_on(), builds("v1.12", "v1.11"))
entry = Case(
    "eks-access", "fine", "the IAM role Ops exists", access(f"arn:aws:iam::{ACCOUNT_ID}:role/team/Ops"), roles()
)
CASES = (
    version,
    replace(version, resources=cluster("1.37"), verdict="stops", says="EKS does not offer Kubernetes 1.37"),
    replace(version, given=offers(status="UNSUPPORTED"), verdict="stops", says="Kubernetes 1.36"),
    replace(version, given=offers(standard="2025-11-29"), verdict="stops", says="extended support on 2026-11-29"),
    replace(version, given=offers(status="EXTENDED_SUPPORT"), verdict="may", says="EKS bills extended support"),
    replace(version, given=offers(standard="2026-11-29"), verdict="may", says="EKS bills extended support"),
    replace(version, given=offers(standard="2026-12-02"), verdict="may", says="That is in 3 days"),
    replace(version, resources=cluster(None), verdict="unknown", says="does not say its Kubernetes version"),
    coredns,
    replace(coredns, resources=add_on(AddonVersion="v1.11"), says="EKS has v1.11"),
    replace(coredns, resources=add_on(AddonVersion="v1.10"), verdict="stops", says="no build of coredns v1.10"),
    replace(
        coredns,
        given={"eks.describe_addon_versions": Refused("ResourceNotFoundException")},
        verdict="stops",
        says="EKS has no build of coredns for Kubernetes 1.36 in us-east-1",
    ),
    replace(
        coredns,
        resources={**add_on(), **nodes("ON_DEMAND")},
        given=builds("v1.12", architectures=("amd64",)),
        verdict="stops",
        says="has no build for arm64 nodes",
    ),
    replace(
        coredns,
        resources={"AddOn": resource("AWS::EKS::Addon", AddonName="coredns", ClusterName="mine")},
        verdict="unknown",
        says="the Kubernetes version of its cluster, is not known",
    ),
    entry,
    replace(entry, given=roles("Ops"), verdict="stops", says="there is no IAM role Ops"),
    replace(
        entry,
        resources=access(f"arn:aws:iam::{ACCOUNT_ID}:user/ann"),
        given={"iam.get_user": USER},
        says="the IAM user ann exists",
    ),
    replace(
        entry,
        resources=access(f"arn:aws:iam::{ACCOUNT_ID}:user/ann"),
        given={"iam.get_user": Refused("NoSuchEntity")},
        verdict="stops",
        says="there is no IAM user ann",
    ),
    replace(entry, resources=access("arn:aws:iam::999999999999:role/Ops"), verdict="unknown", says="another account"),
    replace(
        entry,
        resources=access(f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Ops/me"),
        verdict="stops",
        says="is not the ARN of an IAM role or user",
    ),
)
OWN = replace(entry, resources={**access(att("Role", "Arn")), "Role": resource("AWS::IAM::Role")})
"""An entry for a role that the stack makes itself, about which there is nothing to ask."""
