"""Rules for EKS nodes: the architecture of their AMI, and their instance metadata service."""

from collections.abc import Iterator
from typing import Final

from patternbook.limits.instance_types import architecture_of
from patternbook.rules.eks.clusters import CLUSTER
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Problem, Resource, Template

NODE_GROUP: Final = "AWS::EKS::Nodegroup"
LAUNCH_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
ACCESS_ENTRY: Final = "AWS::EKS::AccessEntry"


@rule("eks-ami-architecture", ERROR)
def ami_architecture(template: Template) -> Iterator[Problem]:
    """The AMI type of a node group does not fit the processor architecture of its instance types.

    Choose an AMI type with ARM_64 in its name for Graviton instances, and one with x86_64 for others.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
    """
    for nodes in template.of_type(NODE_GROUP):
        ami = nodes["AmiType"]
        if not ami.text or ami.text == "CUSTOM":
            continue
        required = "arm64" if "ARM_64" in ami.text else "x86_64"
        types = nodes["InstanceTypes"].items
        for key in ("Id", "Name"):
            launch = nodes["LaunchTemplate"][key].resource(LAUNCH_TEMPLATE)
            if launch:
                types = [*types, launch["LaunchTemplateData"]["InstanceType"]]
        for each in types:
            architecture = architecture_of(each.text or "")
            if architecture and architecture != required:
                yield each.problem(
                    f"{each.text} has architecture {architecture}; the AMI type {ami.text} of {nodes.id} requires "
                    f"{required}."
                )


@rule("eks-imdsv1", WARNING)
def imdsv1(template: Template) -> Iterator[Problem]:
    """Nodes allow version 1 of the instance metadata service, which lets pods take the credentials of the node.

    Set HttpTokens to required and HttpPutResponseHopLimit to 1.

    https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    for launch in template.of_type(LAUNCH_TEMPLATE) if template.of_type(CLUSTER) else ():
        groups = template.of_type("AWS::AutoScaling::AutoScalingGroup")
        users = [each for each in template.of_type(NODE_GROUP) if launch.id in each.references]
        users += [each for each in groups if launch.id in each.references and _are_nodes(template, launch, each)]
        options = launch["LaunchTemplateData"]["MetadataOptions"]
        tokens = options["HttpTokens"]
        # Without HttpTokens the AMI decides: Amazon Linux 2 allows version 1, later ones do not.
        amazon_linux_2 = any((each["AmiType"].text or "").startswith("AL2_") for each in users)
        if users and options["HttpEndpoint"].text != "disabled":
            if tokens.text == "optional":
                yield tokens.problem("HttpTokens is optional.")
            elif tokens.missing and amazon_linux_2:
                yield tokens.problem("HttpTokens is not set, and Amazon Linux 2 defaults to optional.")


def _are_nodes(template: Template, launch: Resource, group: Resource) -> bool:
    """Whether it is known that the instances of an Auto Scaling group are nodes of a cluster."""
    data = launch["LaunchTemplateData"]
    tags = [group["Tags"], data["TagSpecifications"], launch["TagSpecifications"]]
    clusters = {each.id for each in template.of_type(CLUSTER)}
    if any(clusters & each.references for each in (data["UserData"], *tags)):
        return True
    if any(tag["Key"].known_text.startswith("kubernetes.io/cluster/") for tag in group["Tags"].items):
        return True
    roles: set[str] = set()
    for key in ("Arn", "Name"):
        profile = data["IamInstanceProfile"][key].resource("AWS::IAM::InstanceProfile")
        roles |= profile["Roles"].references if profile else set()
    return any(
        is_for_nodes(entry) and roles & entry["PrincipalArn"].references for entry in template.of_type(ACCESS_ENTRY)
    )


def is_for_nodes(access_entry: Resource) -> bool:
    """Whether an access entry lets instances join the cluster, or may do so."""
    return access_entry["Type"].unknown or (access_entry["Type"].text or "").startswith(("EC2", "HYBRID"))
