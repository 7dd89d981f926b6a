"""Rules for EKS clusters: Kubernetes version, public endpoint and control plane logs."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from patternbook.limits.eks_versions import (
    END_OF_STANDARD_SUPPORT,
    READ_ON,
    STALE_AFTER_DAYS,
    end_of_extended_support,
    minor_version,
)
from patternbook.rules.networks import all_addresses
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Template

CLUSTER: Final = "AWS::EKS::Cluster"


@rule("eks-version-ended", ERROR)
def version_ended(template: Template) -> Iterator[Problem]:
    """EKS no longer supports the Kubernetes version of a cluster.

    Upgrade the cluster by one minor version at a time.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    oldest = min(map(minor_version, END_OF_STANDARD_SUPPORT))
    for cluster in template.of_type(CLUSTER):
        version = cluster["Version"]
        given = version.text or ""
        if given in END_OF_STANDARD_SUPPORT:
            end = end_of_extended_support(given)
            if template.today >= end:
                yield version.problem(f"Extended support for Kubernetes {given} ended on {end}.")
        elif re.fullmatch(r"1\.\d{1,3}", given) and minor_version(given) < oldest:
            yield version.problem(f"Extended support for Kubernetes {given} has ended.")


@rule("eks-version-extended", WARNING)
def version_extended(template: Template) -> Iterator[Problem]:
    """The Kubernetes version of a cluster is out of standard support: EKS upgrades it, or charges six times the price.

    Upgrade the cluster by one minor version at a time.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    for cluster in template.of_type(CLUSTER):
        version = cluster["Version"]
        end = END_OF_STANDARD_SUPPORT.get(version.text or "")
        if end and version.text and end <= template.today < end_of_extended_support(version.text):
            yield version.problem(f"Standard support for Kubernetes {version.text} ended on {end}.")


@rule("eks-version-table", WARNING)
def version_table(template: Template) -> Iterator[Problem]:
    """These rules use a table of Kubernetes versions that is older than six months.

    Install a newer release of patternbook, or update its table from the document.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    if template.today > READ_ON + timedelta(days=STALE_AFTER_DAYS):
        for cluster in template.of_type(CLUSTER):
            if cluster["Version"].text:
                yield cluster["Version"].problem(f"The table is from {READ_ON}.")


@rule("eks-public-endpoint", WARNING)
def public_endpoint(template: Template) -> Iterator[Problem]:
    """The public endpoint of a cluster accepts connections from the whole internet.

    Set PublicAccessCidrs to your own networks, or EndpointPublicAccess to false.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
    """
    for cluster in template.of_type(CLUSTER):
        access = cluster["ResourcesVpcConfig"]
        public, cidrs = access["EndpointPublicAccess"], access["PublicAccessCidrs"]
        if not public.missing and public.flag is not True:
            continue
        blocks = [block for each in cidrs.items if (block := all_addresses(each))]
        if cidrs.missing or cidrs.value == []:
            blocks = ["0.0.0.0/0"]
        if blocks:
            yield cidrs.problem(f"The public endpoint is open to {' and '.join(blocks)}.")


@rule("eks-logs-off", WARNING)
def logs_off(template: Template) -> Iterator[Problem]:
    """A cluster writes no control plane logs.

    Enable the log types that you need in Logging, at least audit.

    https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
    """
    for cluster in template.of_type(CLUSTER):
        types = cluster["Logging"]["ClusterLogging"]["EnabledTypes"]
        if types.missing or types.value == []:
            yield types.problem("No log type is enabled.")
