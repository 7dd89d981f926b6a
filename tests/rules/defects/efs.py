"""Defects for the rules of EFS."""

from typing import Final

from tests.rules.defects.base import SERVICE, Defect, Template, delete, of_type


def _remove_mount_target(template: Template) -> bool:
    targets = [name for name, _ in of_type(template, "AWS::EFS::MountTarget")]
    if not targets or not any(of_type(template, SERVICE)):
        return False
    delete(template, targets[-1])
    return True


def _move_mount_target(template: Template) -> bool:
    targets = [target for _, target in of_type(template, "AWS::EFS::MountTarget")]
    if len(targets) < 2 or any(of_type(template, SERVICE)):
        return False
    targets[1]["SubnetId"] = targets[0]["SubnetId"]
    return True


DEFECTS: Final = (
    Defect("efs-zone-without-mount-target", "two of three", _remove_mount_target, "AWS::EFS::MountTarget"),
    Defect("efs-zone-with-two-mount-targets", "same subnet", _move_mount_target, "AWS::EFS::MountTarget"),
)
