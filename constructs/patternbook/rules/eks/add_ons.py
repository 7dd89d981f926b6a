"""Rules for EKS add-ons: their names, and the role of CSI drivers."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from patternbook.limits.eks_add_ons import ADD_ONS
from patternbook.rules.eks.nodes import NODE_GROUP
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import PartialText, Problem, Resource, Template

ADD_ON: Final = "AWS::EKS::Addon"


@rule("eks-add-on-name", ERROR)
def add_on_name(template: Template) -> Iterator[Problem]:
    """EKS has no add-on with this name.

    Correct AddonName; the document lists the add-ons of AWS.

    https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
    """
    for add_on in template.of_type(ADD_ON):
        name = add_on["AddonName"]
        # An unknown name may be a new add-on, or one of the AWS Marketplace, which has an underscore after its seller.
        # So only a name that resembles a known one is reported.
        close = [] if not name.text or "_" in name.text or name.text in ADD_ONS else _similar(name.text)
        if close:
            yield name.problem(f"Unknown add-on {name.text!r}; the closest name is {close[0]!r}.")


def _similar(name: str) -> list[str]:
    """Known names that differ by the prefix of their owner only, such as ``amazon-vpc-cni``, or by a few letters."""
    same = [known for known in ADD_ONS if _without_owner(known) == _without_owner(name)]
    return same or get_close_matches(name, ADD_ONS, n=1, cutoff=0.8)


def _without_owner(name: str) -> str:
    return name.removeprefix("aws-").removeprefix("amazon-")


CSI_DRIVERS: Final[Mapping[str, str]] = {
    "aws-ebs-csi-driver": "ebs-csi-controller-sa",
    "aws-mountpoint-s3-csi-driver": "s3-csi-driver-sa",
}
"""Add-ons of CSI drivers that call AWS for each volume, with the service account of the pods that do so. The source are
the pages of the drivers, from https://docs.aws.amazon.com/eks/latest/userguide/storage.html. The drivers of EFS and FSx
are not here, because they mount existing file systems without a call to AWS."""
_NODE_POLICIES: Final = frozenset(
    (
        *("AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy", "AmazonEKS_CNI_Policy"),
        *("AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore"),
        *("CloudWatchAgentServerPolicy", "AWSXRayDaemonWriteAccess"),
    )
)
"""AWS managed policies of nodes that allow nothing a CSI driver needs."""


@rule("eks-driver-identity", ERROR)
def driver_identity(template: Template) -> Iterator[Problem]:
    """The CSI driver of EBS or S3 has no IAM role, and the role of its nodes does not allow the calls either.

    Set PodIdentityAssociations (with the add-on eks-pod-identity-agent) or ServiceAccountRoleArn on the add-on.

    https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html
    """
    for add_on in template.of_type(ADD_ON):
        account = CSI_DRIVERS.get(add_on["AddonName"].text or "")
        if account is None or not add_on["ServiceAccountRoleArn"].missing or not template.complete:
            continue
        own, others = add_on["PodIdentityAssociations"], template.of_type("AWS::EKS::PodIdentityAssociation")
        if own.items or not own.fully_known:
            continue
        if any(each["ServiceAccount"].text in (None, account) for each in others):
            continue
        if _all_node_roles_are_plain(template):
            yield add_on.problem(f"Pods of the service account {account!r} have no IAM role.")


def _all_node_roles_are_plain(template: Template) -> bool:
    """Whether the template has nodes, and it is known that none of their roles allows what a CSI driver needs."""
    roles = [nodes["NodeRole"] for nodes in template.of_type(NODE_GROUP)]
    for profile in template.of_type("AWS::IAM::InstanceProfile"):
        roles.extend(profile["Roles"].items)
    return bool(roles) and all(_is_plain(template, role.resource("AWS::IAM::Role")) for role in roles)


def _is_plain(template: Template, role: Resource | None) -> bool:
    if role is None or not role["Policies"].missing:
        return False
    policies = role["ManagedPolicyArns"]
    arns = [each.value.parts[-1] if isinstance(each.value, PartialText) else each.value for each in policies.items]
    if not policies.fully_known or not all(
        isinstance(arn, str) and arn.split("/")[-1] in _NODE_POLICIES for arn in arns
    ):
        return False
    return not any(
        role.id in each["Roles"].references or each["Roles"].unknown
        for each in template.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
    )
