"""Rules for EFS mount targets: one in each Availability Zone in which tasks run."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from patternbook.rules.networks import SUBNET
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Node, Problem, Template, Zone

MOUNT_TARGET: Final = "AWS::EFS::MountTarget"
FILE_SYSTEM: Final = "AWS::EFS::FileSystem"


def _zone(subnet: Node) -> str | Zone | None:
    """The Availability Zone of a subnet of the template, if it can be compared with others."""
    found = subnet.resource(SUBNET)
    zone = found["AvailabilityZone"].value if found else None
    return zone if isinstance(zone, (str, Zone)) else None


def _are_different(one: str | Zone, other: str | Zone) -> bool:
    """Whether it is certain that two Availability Zones are not the same."""
    if isinstance(one, Zone) and isinstance(other, Zone):
        return one.region == other.region and one.index != other.index
    return type(one) is type(other) and one != other


@rule("efs-zone-without-mount-target", ERROR)
def zone_without_mount_target(template: Template) -> Iterator[Problem]:
    """Tasks run in an Availability Zone without a mount target of their file system, where they fail to start.

    Add a mount target in each Availability Zone in which the service has a subnet.

    https://docs.aws.amazon.com/efs/latest/ug/manage-fs-access-create-delete-mount-targets.html
    """
    for service in template.of_type("AWS::ECS::Service") if template.complete else ():
        subnets = service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
        task = service["TaskDefinition"].resource("AWS::ECS::TaskDefinition")
        for volume in task["Volumes"].items if task else ():
            files = volume["EFSVolumeConfiguration"]["FilesystemId"].resource(FILE_SYSTEM)
            targets = [each for each in template.of_type(MOUNT_TARGET) if _serves(each, files)]
            zones = [_zone(each["SubnetId"]) for each in targets]
            if not zones or None in zones or (files and template.is_given_to_nested_stack(files, service)):
                continue
            for subnet in subnets.items:
                zone: Any = _zone(subnet)
                if zone is not None and all(each is not None and _are_different(zone, each) for each in zones):
                    name = files.id if files else "The file system"
                    yield subnet.problem(f"{name} has no mount target in the Availability Zone of this subnet.")


def _serves(target: Node, files: Node | None) -> bool:
    """Whether a mount target belongs to a file system, or may do so."""
    served = target["FileSystemId"]
    return files is not None and (served.unknown or files.resource_id in served.references)


@rule("efs-zone-with-two-mount-targets", ERROR)
def zone_with_two_mount_targets(template: Template) -> Iterator[Problem]:
    """A file system has two mount targets in one Availability Zone.

    Remove one of the mount targets.

    https://docs.aws.amazon.com/efs/latest/ug/manage-fs-access-create-delete-mount-targets.html
    """
    for one, other in combinations(template.of_type(MOUNT_TARGET), 2):
        files = one["FileSystemId"]
        if not (files.reference or files.text) or files.value != other["FileSystemId"].value:
            continue
        subnets = one["SubnetId"], other["SubnetId"]
        same = subnets[0].value == subnets[1].value and (subnets[0].reference or subnets[0].text)
        zones = _zone(subnets[0]), _zone(subnets[1])
        if same or (zones[0] is not None and zones[0] == zones[1]):
            yield subnets[1].problem(f"{one.id} is in the same Availability Zone.")
