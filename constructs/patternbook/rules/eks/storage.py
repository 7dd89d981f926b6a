"""Rules for storage on EKS: the driver that a StorageClass needs, and EBS on Fargate."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from patternbook.rules.eks.add_ons import ADD_ON
from patternbook.rules.eks.clusters import CLUSTER
from patternbook.rules.eks.nodes import ACCESS_ENTRY, LAUNCH_TEMPLATE, NODE_GROUP, is_for_nodes
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, PartialText, Problem, Template

MANIFEST: Final = "Custom::AWSCDK-EKS-KubernetesResource"
FARGATE_PROFILE: Final = "AWS::EKS::FargateProfile"
ADD_ON_OF_PROVISIONER: Final[Mapping[str, str]] = {
    "ebs.csi.aws.com": "aws-ebs-csi-driver",
    "efs.csi.aws.com": "aws-efs-csi-driver",
    "fsx.csi.aws.com": "aws-fsx-csi-driver",
}
"""The add-on that installs each provisioner: https://docs.aws.amazon.com/eks/latest/userguide/storage.html"""
_AUTO_MODE_PROVISIONER: Final = "ebs.csi.eks.amazonaws.com"


def _objects(template: Template) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Each Kubernetes object in the manifests that the CDK applies, with its manifest."""
    for manifest in template.of_type(MANIFEST):
        written = manifest["Manifest"]
        text = written.value.filled("unknown") if isinstance(written.value, PartialText) else written.text
        try:
            objects: Any = json.loads(text or "[]")
        except (ValueError, RecursionError):
            continue
        for each in objects if isinstance(objects, list) else [objects]:
            if isinstance(each, dict):
                yield written, each


def _storage_classes(template: Template) -> Iterator[tuple[Node, str]]:
    """The provisioner of each StorageClass, with its manifest."""
    for written, each in _objects(template):
        if each.get("kind") == "StorageClass":
            yield written, str(each.get("provisioner"))


def _drivers_in_manifests(template: Template) -> set[str]:
    drivers = [each for _, each in _objects(template) if each.get("kind") == "CSIDriver"]
    return {str(each["metadata"].get("name")) for each in drivers if isinstance(each.get("metadata"), dict)}


def _may_have_hidden_parts(template: Template) -> bool:
    """Whether a Helm chart, Argo CD or Flux may add drivers and nodes that the template does not show."""
    if not template.complete or template.has_type(
        "Custom::AWSCDK-EKS-HelmChart", "AWSQS::Kubernetes", "AWS::EKS::Capability"
    ):
        return True
    groups = [str(each.get("apiVersion")).partition("/")[0] for _, each in _objects(template)]
    return any(group.endswith(("argoproj.io", "fluxcd.io")) for group in groups)


@rule("eks-storage-class-driver", ERROR)
def storage_class_driver(template: Template) -> Iterator[Problem]:
    """A StorageClass names a provisioner that the cluster does not have, so its volume claims stay pending.

    Install the add-on of the provisioner; in Auto Mode use the provisioner ebs.csi.eks.amazonaws.com.

    https://docs.aws.amazon.com/eks/latest/userguide/storage.html
    """
    clusters = template.of_type(CLUSTER)
    if _may_have_hidden_parts(template) or not clusters:
        return
    names = {add_on["AddonName"].text for add_on in template.of_type(ADD_ON)}
    fargate = bool(template.of_type(FARGATE_PROFILE))
    auto_mode = any(not each["StorageConfig"]["BlockStorage"]["Enabled"].is_off for each in clusters)
    in_manifests = _drivers_in_manifests(template)
    for written, provisioner in _storage_classes(template):
        add_on = ADD_ON_OF_PROVISIONER.get(provisioner)
        if provisioner in in_manifests or (fargate and provisioner == "efs.csi.aws.com"):  # Fargate has that driver
            continue
        if add_on and add_on not in names and None not in names:
            yield written.problem(f"The provisioner {provisioner} requires the add-on {add_on}.")
        elif provisioner == _AUTO_MODE_PROVISIONER and not auto_mode:
            yield written.problem(f"The provisioner {provisioner} requires Auto Mode, which is disabled.")


@rule("eks-ebs-on-fargate", ERROR)
def ebs_on_fargate(template: Template) -> Iterator[Problem]:
    """All pods of the cluster run on Fargate, which cannot mount EBS volumes.

    Use EFS, or add nodes.

    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
    """
    clusters = template.of_type(CLUSTER)
    nodes = template.has_type(
        NODE_GROUP, "AWS::AutoScaling::", LAUNCH_TEMPLATE, "AWS::EC2::Instance", "AWS::EC2::Fleet"
    )
    nodes = nodes or any(map(is_for_nodes, template.of_type(ACCESS_ENTRY)))  # nodes that Karpenter starts
    auto_mode = any(not cluster["ComputeConfig"]["Enabled"].is_off for cluster in clusters)
    if _may_have_hidden_parts(template) or nodes or auto_mode or not clusters:
        return
    if not template.of_type(FARGATE_PROFILE) or any(map(template.is_shared, clusters)):
        return
    for written, provisioner in _storage_classes(template):
        if provisioner == "ebs.csi.aws.com":
            yield written.problem("The cluster has a StorageClass for EBS, but no nodes.")
    for add_on in template.of_type(ADD_ON):
        if add_on["AddonName"].text == "aws-ebs-csi-driver":
            yield add_on["AddonName"].problem("The cluster has the EBS CSI driver, but no nodes.")
