"""Rules for EFS: where tasks can reach their files."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from patternbook.rules.engine import ERROR, rule
from patternbook.rules.networks import SUBNET
from patternbook.rules.template import Node, Problem, Template, Zone

MOUNT_TARGET: Final = "AWS::EFS::MountTarget"
FILE_SYSTEM: Final = "AWS::EFS::FileSystem"


def _zone(subnet: Node) -> str | Zone | None:
    """The AZ of a subnet of the template, if there is something to compare it by."""
    found = subnet.resource(SUBNET)
    zone = found["AvailabilityZone"].value if found else None
    return zone if isinstance(zone, (str, Zone)) else None


def _differ(one: str | Zone, other: str | Zone) -> bool:
    """Whether two AZs are not the same, for certain."""
    if isinstance(one, Zone) and isinstance(other, Zone):
        return one.of == other.of and one.index != other.index
    return type(one) is type(other) and one != other


@rule("efs-zone-without-mount-target", ERROR)
def zone_without_mount_target(template: Template) -> Iterator[Problem]:
    """Tasks run in an AZ in which their file system has no mount target: there they fail to start.

    Make a mount target in each AZ that the service has a subnet in.

    https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html
    """
    for service in template.of_type("AWS::ECS::Service") if template.complete else ():
        subnets = service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
        task = service["TaskDefinition"].resource("AWS::ECS::TaskDefinition")
        for volume in task["Volumes"].items if task else ():
            files = volume["EFSVolumeConfiguration"]["FilesystemId"].resource(FILE_SYSTEM)
            targets = [each for each in template.of_type(MOUNT_TARGET) if _serves(each, files)]
            zones = [_zone(each["SubnetId"]) for each in targets]
            if not zones or None in zones or (files and template.is_shared(files)):
                continue
            for subnet in subnets.items:
                zone: Any = _zone(subnet)
                if zone is not None and all(each is not None and _differ(zone, each) for each in zones):
                    yield subnet.problem(f"{files.id if files else ''} has no mount target in the AZ of this subnet.")


def _serves(target: Node, files: Node | None) -> bool:
    """Whether a mount target is of a file system, or may be."""
    of = target["FileSystemId"]
    return files is not None and (of.unknown or files.resource_id in of.references)


@rule("efs-zone-with-two-mount-targets", ERROR)
def zone_with_two_mount_targets(template: Template) -> Iterator[Problem]:
    """A file system gets two mount targets in one AZ.

    Make one mount target in each AZ.

    https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html
    """
    for one, other in combinations(template.of_type(MOUNT_TARGET), 2):
        files = one["FileSystemId"]
        if not (files.reference or files.text) or files.value != other["FileSystemId"].value:
            continue
        subnets = one["SubnetId"], other["SubnetId"]
        same = subnets[0].value == subnets[1].value and (subnets[0].reference or subnets[0].text)
        zones = _zone(subnets[0]), _zone(subnets[1])
        if same or (zones[0] is not None and zones[0] == zones[1]):
            yield subnets[1].problem(f"{one.id} is in the same AZ.")
