"""Rules for EKS managed node groups with a launch template of their own."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.eks.nodes import LAUNCH_TEMPLATE, NODE_GROUP
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Resource, Template

_OF_AMI: Final = ("Version", "ReleaseVersion")
"""Properties of a node group that a custom AMI decides."""
_FORBIDDEN: Final = ("IamInstanceProfile", "HibernationOptions", "InstanceMarketOptions")
"""What a launch template of a node group must not have:
https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html"""


def _with_launch_template(template: Template) -> Iterator[tuple[Resource, Resource]]:
    for nodes in template.of_type(NODE_GROUP):
        for key in ("Id", "Name"):
            launch = nodes["LaunchTemplate"][key].resource(LAUNCH_TEMPLATE)
            if launch:
                yield nodes, launch


@rule("eks-launch-template", ERROR)
def launch_template(template: Template) -> Iterator[Problem]:
    """A node group and its launch template set the same or what excludes each other, so EKS refuses the node group.

    Set the disk, SSH access and the AMI in the launch template only, instance types in one of them, and the role of the
    nodes in the node group only.

    https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
    """
    for nodes in template.of_type(NODE_GROUP):
        if not nodes["LaunchTemplate"].given:
            continue
        for key in ("DiskSize", "RemoteAccess"):
            if nodes[key].given:
                yield nodes[key].problem(f"{key} is set beside a launch template.")
    for nodes, launch in _with_launch_template(template):
        data = launch["LaunchTemplateData"]
        if nodes["InstanceTypes"].given and data["InstanceType"].given:
            yield nodes["InstanceTypes"].problem(f"{launch.id} has an InstanceType, too.")
        yield from _about_ami(nodes, launch, data)
        for key in _FORBIDDEN:
            if data[key].given:
                yield data[key].problem(f"{key} is set in the launch template of {nodes.id}.")
        for interface in data["NetworkInterfaces"].items:
            if interface["SubnetId"].given:
                yield interface["SubnetId"].problem(f"A subnet is set in the launch template of {nodes.id}.")


def _about_ami(nodes: Resource, launch: Resource, data: Node) -> Iterator[Problem]:
    ami = nodes["AmiType"]
    if data["ImageId"].missing and ami.text == "CUSTOM":
        yield ami.problem(f"The AMI type is CUSTOM, but {launch.id} has no ImageId.")
    if not data["ImageId"].given:
        return
    if ami.text is not None and ami.text != "CUSTOM":
        yield ami.problem(f"The AMI type is {ami.text}, but {launch.id} has an ImageId.")
    for key in _OF_AMI:
        if nodes[key].given:
            yield nodes[key].problem(f"{key} is set, but {launch.id} has an ImageId.")


@rule("eks-user-data", ERROR)
def user_data(template: Template) -> Iterator[Problem]:
    """The user data of a node group does not have the format that its AMI needs, so nodes do not join the cluster.

    Without an ImageId, EKS adds its own part: write MIME multi-part, or TOML for Bottlerocket. With an ImageId, call
    nodeadm or the bootstrap script of the AMI.

    https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
    """
    for nodes, launch in _with_launch_template(template):
        data = launch["LaunchTemplateData"]
        place, family = data["UserData"], (nodes["AmiType"].text or "AL2023").partition("_")[0]
        start = _start(template, place)
        if not data["ImageId"].missing or start is None or nodes["AmiType"].unknown:
            continue
        if family in ("AL2", "AL2023") and start.startswith("#!"):
            yield place.problem(f"The user data of {nodes.id} is a script, not MIME multi-part.")
        if family == "BOTTLEROCKET" and start.startswith(("#!", "MIME-Version")):
            yield place.problem(f"The user data of {nodes.id} is not TOML, which Bottlerocket needs.")


def _start(template: Template, place: Node) -> str | None:
    """The known start of a text that is encoded by ``Fn::Base64``."""
    written = template.written_at(place)
    encoded = written.get("Fn::Base64") if isinstance(written, dict) and len(written) == 1 else None
    while isinstance(encoded, dict) and len(encoded) == 1:
        name, argument = next(iter(encoded.items()))
        if name == "Fn::Sub":
            encoded = argument[0] if isinstance(argument, list) and argument else argument
        elif name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            encoded = argument[1][0] if argument[1] else None
        else:
            return None
    return encoded.lstrip() if isinstance(encoded, str) else None
