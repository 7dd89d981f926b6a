"""Rules for EKS: the cluster, its nodes, its add-ons, and the storage that manifests ask for."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from patternbook.limits.eks import ADD_ONS
from patternbook.limits.eks_versions import (
    END_OF_STANDARD_SUPPORT,
    READ_ON,
    STALE_AFTER_DAYS,
    end_of_extended_support,
    minor_version,
)
from patternbook.limits.instance_types import architecture_of
from patternbook.rules.engine import ERROR, WARNING, rule
from patternbook.rules.networks import everybody
from patternbook.rules.template import Node, Problem, Resource, Template, Text

CLUSTER: Final = "AWS::EKS::Cluster"
NODES: Final = "AWS::EKS::Nodegroup"
ADD_ON: Final = "AWS::EKS::Addon"
MANIFEST: Final = "Custom::AWSCDK-EKS-KubernetesResource"
LAUNCH_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
GROUP: Final = "AWS::AutoScaling::AutoScalingGroup"
ACCESS_ENTRY: Final = "AWS::EKS::AccessEntry"


@rule("eks-version-ended", ERROR)
def version_ended(template: Template) -> Iterator[Problem]:
    """EKS no longer supports the Kubernetes version of a cluster.

    Upgrade, one minor version at a time.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    oldest = min(map(minor_version, END_OF_STANDARD_SUPPORT))
    for cluster in template.of_type(CLUSTER):
        version = cluster["Version"]
        given = version.text or ""
        if given in END_OF_STANDARD_SUPPORT:
            end = end_of_extended_support(given)
            if template.today >= end:
                yield version.problem(f"Support of Kubernetes {given} ended on {end}.")
        elif re.fullmatch(r"1\.\d{1,3}", given) and minor_version(given) < oldest:
            yield version.problem(f"Support of Kubernetes {given} has ended.")


@rule("eks-version-extended", WARNING)
def version_extended(template: Template) -> Iterator[Problem]:
    """The Kubernetes version of a cluster is out of standard support: EKS upgrades it, or bills six times the price.

    Upgrade, one minor version at a time.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    for cluster in template.of_type(CLUSTER):
        version = cluster["Version"]
        end = END_OF_STANDARD_SUPPORT.get(version.text or "")
        if end and version.text and end <= template.today < end_of_extended_support(version.text):
            yield version.problem(f"Standard support of Kubernetes {version.text} ended on {end}.")


@rule("eks-version-table", WARNING)
def version_table(template: Template) -> Iterator[Problem]:
    """The table of Kubernetes versions that these rules go by is older than six months.

    Use a newer release of patternbook; or compare the table in patternbook/eks_version.py with the document.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    if template.today > READ_ON + timedelta(days=STALE_AFTER_DAYS):
        for cluster in template.of_type(CLUSTER):
            if cluster["Version"].text:
                yield cluster["Version"].problem(f"The table was read on {READ_ON}.")


@rule("eks-ami-architecture", ERROR)
def ami_architecture(template: Template) -> Iterator[Problem]:
    """The AMI of a node group is built for another processor than its instance types have.

    Choose an AMI type with ARM_64 in its name for Graviton, and one with x86_64 for others.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
    """
    for nodes in template.of_type(NODES):
        ami = nodes["AmiType"]
        if not ami.text or ami.text == "CUSTOM":
            continue
        wanted = "arm64" if "ARM_64" in ami.text else "x86_64"
        types = nodes["InstanceTypes"].items
        launch = nodes["LaunchTemplate"]
        for key in ("Id", "Name"):
            started = launch[key].resource(LAUNCH_TEMPLATE)
            if started:
                types = [*types, started["LaunchTemplateData"]["InstanceType"]]
        for each in types:
            architecture = architecture_of(each.text or "")
            if architecture and architecture != wanted:
                yield each.problem(f"{each.text} has {architecture}; the AMI type {ami.text} of {nodes.id} does not.")


@rule("eks-add-on-name", ERROR)
def add_on_name(template: Template) -> Iterator[Problem]:
    """EKS has no add-on of this name.

    Correct the name; the document lists the add-ons of AWS.

    https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
    """
    for add_on in template.of_type(ADD_ON):
        name = add_on["AddonName"]
        # There are more, and new ones: those of the AWS Marketplace, with their seller's name and _ in front. So a name
        # is wrong only if it looks like one that is known, and is not.
        close = [] if not name.text or "_" in name.text or name.text in ADD_ONS else _similar(name.text)
        if close:
            yield name.problem(f"{name.text!r} is unknown; {close[0]!r} is an add-on.")


def _similar(name: str) -> list[str]:
    """Names that are close, or differ by whose they are only: ``amazon-vpc-cni``."""
    bare = [known for known in ADD_ONS if _bare(known) == _bare(name)]
    return bare or get_close_matches(name, ADD_ONS, n=1, cutoff=0.8)


def _bare(name: str) -> str:
    return name.removeprefix("aws-").removeprefix("amazon-")


DRIVERS: Final[Mapping[str, str]] = {
    "aws-ebs-csi-driver": "ebs-csi-controller-sa",
    "aws-mountpoint-s3-csi-driver": "s3-csi-driver-sa",
}
"""Add-ons of CSI drivers that call AWS for each volume, and the service accounts of the pods that do so: the pages of
the add-ons, from https://docs.aws.amazon.com/eks/latest/userguide/storage.html. Those of EFS and FSx mount file systems
that are there already without asking AWS for anything."""
_OF_NODES: Final = frozenset(
    (
        *("AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy", "AmazonEKS_CNI_Policy"),
        *("AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore"),
        *("CloudWatchAgentServerPolicy", "AWSXRayDaemonWriteAccess"),
    )
)
"""Managed policies that nodes usually have, and that allow nothing of what a driver does."""


@rule("eks-driver-identity", ERROR)
def driver_identity(template: Template) -> Iterator[Problem]:
    """The CSI driver of EBS, or of S3, has no role to call AWS with, and its nodes have none that it could borrow.

    Give the add-on PodIdentityAssociations (with the add-on eks-pod-identity-agent), or a ServiceAccountRoleArn.

    https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html
    """
    for add_on in template.of_type(ADD_ON):
        account = DRIVERS.get(add_on["AddonName"].text or "")
        if account is None or not add_on["ServiceAccountRoleArn"].missing or not template.complete:
            continue
        associations = add_on["PodIdentityAssociations"]
        others = template.of_type("AWS::EKS::PodIdentityAssociation")
        if associations.items or not associations.whole_list:
            continue
        if any(each["ServiceAccount"].text in (None, account) for each in others):
            continue
        if _nodes_have_nothing(template):
            yield add_on.problem(f"Pods of the service account {account!r} have no credentials.")


def _nodes_have_nothing(template: Template) -> bool:
    """Whether all nodes of the template have roles of which it is known that they allow no driver anything."""
    roles = [nodes["NodeRole"] for nodes in template.of_type(NODES)]
    for profile in template.of_type("AWS::IAM::InstanceProfile"):
        roles.extend(profile["Roles"].items)
    return bool(roles) and all(_is_plain(template, role.resource("AWS::IAM::Role")) for role in roles)


def _is_plain(template: Template, role: Resource | None) -> bool:
    if role is None or not role["Policies"].missing:
        return False
    policies = role["ManagedPolicyArns"]
    names = [each.value.parts[-1] if isinstance(each.value, Text) else each.value for each in policies.items]
    if not policies.whole_list or not all(isinstance(name, str) and name.split("/")[-1] in _OF_NODES for name in names):
        return False
    return not any(
        role.id in each["Roles"].references or each["Roles"].unknown
        for each in template.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
    )


@rule("eks-public-endpoint", WARNING)
def public_endpoint(template: Template) -> Iterator[Problem]:
    """Everybody on the internet may connect to the endpoint of a cluster.

    Name your own networks in PublicAccessCidrs, or set EndpointPublicAccess to false.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
    """
    for cluster in template.of_type(CLUSTER):
        access = cluster["ResourcesVpcConfig"]
        public, cidrs = access["EndpointPublicAccess"], access["PublicAccessCidrs"]
        if not public.missing and public.flag is not True:
            continue
        blocks = [block for each in cidrs.items if (block := everybody(each))]
        if cidrs.missing or cidrs.value == []:
            blocks = ["0.0.0.0/0"]
        if blocks:
            yield cidrs.problem(f"The public endpoint is open to {' and '.join(blocks)}.")


@rule("eks-logs-off", WARNING)
def logs_off(template: Template) -> Iterator[Problem]:
    """A cluster keeps no logs of its control plane.

    Enable the types of log that you need in Logging, at least audit.

    https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
    """
    for cluster in template.of_type(CLUSTER):
        types = cluster["Logging"]["ClusterLogging"]["EnabledTypes"]
        if types.missing or types.value == []:
            yield types.problem("No type of log is enabled.")


@rule("eks-secrets-key", WARNING)
def secrets_key(template: Template) -> Iterator[Problem]:
    """Kubernetes secrets of a cluster are not encrypted with a key of your own.

    Give the cluster an EncryptionConfig for secrets. EKS encrypts with a key of AWS from version 1.28 on, before not.

    https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html
    """
    for cluster in template.of_type(CLUSTER):
        config = cluster["EncryptionConfig"]
        if config.missing or config.value == []:
            yield config.problem("No key is given.")


@rule("eks-imdsv1", WARNING)
def imdsv1(template: Template) -> Iterator[Problem]:
    """Nodes answer version 1 of the instance metadata service, from which pods take the credentials of the node.

    Set HttpTokens to required, with HttpPutResponseHopLimit 1.

    https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    for launch in template.of_type(LAUNCH_TEMPLATE) if template.of_type(CLUSTER) else ():
        users = [each for each in template.of_type(NODES) if launch.id in each.references]
        scaling = [each for each in template.of_type(GROUP) if launch.id in each.references]
        users += [group for group in scaling if _is_of_cluster(template, launch, group)]
        options = launch["LaunchTemplateData"]["MetadataOptions"]
        tokens = options["HttpTokens"]
        # Where nothing is said, AMIs decide: those of Amazon Linux 2 allow it, later ones do not.
        old = any((each["AmiType"].text or "").startswith("AL2_") for each in users)
        if users and options["HttpEndpoint"].text != "disabled":
            if tokens.text == "optional":
                yield tokens.problem("Tokens are optional.")
            elif tokens.missing and old:
                yield tokens.problem("Amazon Linux 2 leaves tokens optional.")


def _is_of_cluster(template: Template, launch: Resource, group: Resource) -> bool:
    """Whether the instances of an Auto Scaling group are known to be nodes, rather than those of something else."""
    data = launch["LaunchTemplateData"]
    tags = [group["Tags"], data["TagSpecifications"], launch["TagSpecifications"]]
    clusters = {each.id for each in template.of_type(CLUSTER)}
    if any(clusters & each.references for each in (data["UserData"], *tags)):
        return True
    if any((tag["Key"].known_text).startswith("kubernetes.io/cluster/") for tag in group["Tags"].items):
        return True
    roles: set[str] = set()
    for key in ("Arn", "Name"):
        profile = data["IamInstanceProfile"][key].resource("AWS::IAM::InstanceProfile")
        roles |= profile["Roles"].references if profile else set()
    return any(
        _is_for_nodes(entry) and roles & entry["PrincipalArn"].references for entry in template.of_type(ACCESS_ENTRY)
    )


def _is_for_nodes(entry: Resource) -> bool:
    """Whether an access entry lets instances join the cluster, or may do so."""
    return entry["Type"].unknown or (entry["Type"].text or "").startswith(("EC2", "HYBRID"))


PROVISIONERS: Final[Mapping[str, str]] = {
    "ebs.csi.aws.com": "aws-ebs-csi-driver",
    "efs.csi.aws.com": "aws-efs-csi-driver",
    "fsx.csi.aws.com": "aws-fsx-csi-driver",
}
"""Provisioners, each with the add-on that brings it: https://docs.aws.amazon.com/eks/latest/userguide/storage.html"""
_OF_AUTO_MODE: Final = "ebs.csi.eks.amazonaws.com"


def _objects(template: Template) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Each object of the manifests that CDK applies, as far as they can be read."""
    for manifest in template.of_type(MANIFEST):
        written = manifest["Manifest"]
        text = written.value.filled("unknown") if isinstance(written.value, Text) else written.text
        try:
            objects: Any = json.loads(text or "[]")
        except (ValueError, RecursionError):
            continue
        for each in objects if isinstance(objects, list) else [objects]:
            if isinstance(each, dict):
                yield written, each


def _storage_classes(template: Template) -> Iterator[tuple[Node, str]]:
    """Each manifest with a provisioner that a StorageClass in it names."""
    for written, each in _objects(template):
        if each.get("kind") == "StorageClass":
            yield written, str(each.get("provisioner"))


def _brought(template: Template) -> set[str]:
    """Drivers that manifests bring."""
    drivers = [each for _, each in _objects(template) if each.get("kind") == "CSIDriver"]
    return {str(each["metadata"].get("name")) for each in drivers if isinstance(each.get("metadata"), dict)}


def _brings_its_own(template: Template) -> bool:
    """Whether charts, what Argo CD or Flux deploys, or other stacks may bring drivers and nodes that the template does
    not show.
    """
    if not template.complete or template.has(
        "Custom::AWSCDK-EKS-HelmChart", "AWSQS::Kubernetes", "AWS::EKS::Capability"
    ):
        return True
    groups = [str(each.get("apiVersion")).partition("/")[0] for _, each in _objects(template)]
    return any(group.endswith(("argoproj.io", "fluxcd.io")) for group in groups)


def _is_off(enabled: Node) -> bool:
    return enabled.missing or enabled.flag is False


@rule("eks-storage-class-driver", ERROR)
def storage_class_driver(template: Template) -> Iterator[Problem]:
    """A StorageClass names a driver that the cluster does not have: claims of the class wait for ever.

    Install the add-on of the driver; in Auto Mode the provisioner is ebs.csi.eks.amazonaws.com.

    https://docs.aws.amazon.com/eks/latest/userguide/storage.html
    """
    if _brings_its_own(template) or not template.of_type(CLUSTER):
        return
    names = {add_on["AddonName"].text for add_on in template.of_type(ADD_ON)}
    fargate = bool(template.of_type("AWS::EKS::FargateProfile"))
    auto = any(not _is_off(each["StorageConfig"]["BlockStorage"]["Enabled"]) for each in template.of_type(CLUSTER))
    brought = _brought(template)
    for written, provisioner in _storage_classes(template):
        if provisioner in brought:
            continue
        add_on = PROVISIONERS.get(provisioner)
        # Fargate brings the driver of EFS along.
        if add_on and add_on not in names and None not in names and not (fargate and provisioner == "efs.csi.aws.com"):
            yield written.problem(f"The provisioner {provisioner} comes with the add-on {add_on}, which is not there.")
        elif provisioner == _OF_AUTO_MODE and not auto:
            yield written.problem(f"The provisioner {provisioner} comes with Auto Mode, which is off.")


@rule("eks-ebs-on-fargate", ERROR)
def ebs_on_fargate(template: Template) -> Iterator[Problem]:
    """Pods of the cluster run on Fargate only, where EBS volumes cannot be mounted.

    Use EFS, or add nodes.

    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
    """
    clusters = template.of_type(CLUSTER)
    nodes = template.has(NODES, "AWS::AutoScaling::", LAUNCH_TEMPLATE, "AWS::EC2::Instance", "AWS::EC2::Fleet")
    nodes = nodes or any(map(_is_for_nodes, template.of_type(ACCESS_ENTRY)))  # Karpenter starts them
    auto = any(not _is_off(cluster["ComputeConfig"]["Enabled"]) for cluster in clusters)
    if _brings_its_own(template) or nodes or auto or not clusters:
        return
    if not template.of_type("AWS::EKS::FargateProfile") or any(map(template.is_exported, clusters)):
        return
    for written, provisioner in _storage_classes(template):
        if provisioner == "ebs.csi.aws.com":
            yield written.problem("A StorageClass for EBS, in a cluster with Fargate profiles and no nodes.")
    for add_on in template.of_type(ADD_ON):
        if add_on["AddonName"].text == "aws-ebs-csi-driver":
            yield add_on["AddonName"].problem("The driver of EBS, in a cluster with Fargate profiles and no nodes.")
