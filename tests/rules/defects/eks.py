"""Defects for the rules of EKS."""

import json
from datetime import date
from typing import Final

from tests.rules.defects.base import (
    ADD_ON,
    CLUSTER,
    MANIFEST,
    NODES,
    REMOVED,
    Apply,
    Body,
    Defect,
    Template,
    add_resource,
    all_of,
    delete,
    of_type,
    set_properties,
)


def _other_architecture(properties: Body) -> str:
    ami: str = properties["AmiType"]
    return ami.replace("x86_64", "ARM_64") if "x86_64" in ami else ami.replace("ARM_64", "x86_64")


def _swap_ami_architecture(template: Template) -> bool:
    for _, properties in of_type(template, NODES):
        properties["AmiType"] = _other_architecture(properties)
        return True
    return False


def _remove_driver_role(template: Template) -> bool:
    return set_properties(
        ADD_ON,
        {"PodIdentityAssociations": REMOVED},
        having="PodIdentityAssociations",
        when=lambda each: each["AddonName"] == "aws-ebs-csi-driver",
    )(template)


def _remove_driver(template: Template) -> bool:
    """Removes the add-on that the StorageClass for EBS needs."""
    names = [name for name, each in of_type(template, ADD_ON) if each["AddonName"] == "aws-ebs-csi-driver"]
    for name in names:
        delete(template, name)
    return bool(names)


def _replace_provisioner(old: str, new: str, *, without: str = "") -> Apply:
    """Replaces the provisioner of a StorageClass.

    :param without: skips templates with this add-on, for which the new provisioner is no defect.
    """

    def apply(template: Template) -> bool:
        if any(add_on["AddonName"] == without for _, add_on in of_type(template, ADD_ON)):
            return False
        for _, properties in of_type(template, MANIFEST):
            written = json.dumps(properties["Manifest"])
            if old in written:
                properties["Manifest"] = json.loads(written.replace(old, new))
                return True
        return False

    return apply


DEFECTS: Final = (
    Defect("eks-version-ended", "1.29", set_properties(CLUSTER, {"Version": "1.29"}), CLUSTER),
    Defect("eks-version-extended", "1.33", set_properties(CLUSTER, {"Version": "1.33"}), CLUSTER),
    Defect(
        "eks-version-table",
        "after half a year",
        set_properties(CLUSTER, {}, when=lambda each: each["Version"] == "1.36"),
        CLUSTER,
        date(2027, 6, 30),
    ),
    Defect(
        "eks-public-endpoint",
        "no blocks",
        set_properties(
            CLUSTER, {"ResourcesVpcConfig.EndpointPublicAccess": True, "ResourcesVpcConfig.PublicAccessCidrs": []}
        ),
        CLUSTER,
    ),
    Defect(
        "eks-public-endpoint",
        "all addresses",
        set_properties(
            CLUSTER,
            {
                "ResourcesVpcConfig.EndpointPublicAccess": "true",
                "ResourcesVpcConfig.PublicAccessCidrs": ["198.51.100.0/24", "0.0.0.0/0"],
            },
        ),
        CLUSTER,
    ),
    Defect("eks-logs-off", "none", set_properties(CLUSTER, {"Logging": REMOVED}), CLUSTER),
    Defect("eks-ami-architecture", "AMI", _swap_ami_architecture, NODES),
    Defect(
        "eks-ami-architecture",
        "ARM on x86",
        set_properties(NODES, {"InstanceTypes": ["m7g.large"]}, when=lambda each: "x86" in each["AmiType"]),
        NODES,
    ),
    Defect(
        "eks-ami-architecture",
        "x86 on ARM",
        set_properties(
            NODES, {"InstanceTypes": ["r7g.large", "m7i.large"]}, when=lambda each: "ARM" in each["AmiType"]
        ),
        NODES,
    ),
    Defect(
        "eks-imdsv1",
        "optional",
        all_of(
            set_properties(CLUSTER, {}),
            set_properties("AWS::EC2::LaunchTemplate", {"LaunchTemplateData.MetadataOptions.HttpTokens": "optional"}),
        ),
        "AWS::EC2::LaunchTemplate",
    ),
    Defect(
        "eks-add-on-name",
        "core-dns",
        set_properties(ADD_ON, {"AddonName": "core-dns"}, when=lambda each: each["AddonName"] == "coredns"),
        ADD_ON,
    ),
    Defect(
        "eks-add-on-name",
        "cni",
        set_properties(ADD_ON, {"AddonName": "amazon-vpc-cni"}, when=lambda each: each["AddonName"] == "vpc-cni"),
        ADD_ON,
    ),
    Defect("eks-driver-identity", "none", _remove_driver_role, ADD_ON),
    Defect("eks-storage-class-driver", "no add-on", _remove_driver, MANIFEST),
    Defect(
        "eks-storage-class-driver",
        "FSx",
        _replace_provisioner("ebs.csi.aws.com", "fsx.csi.aws.com", without="aws-fsx-csi-driver"),
        MANIFEST,
    ),
    Defect(
        "eks-storage-class-driver",
        "provisioner of nodes in Auto Mode",
        _replace_provisioner("ebs.csi.eks.amazonaws.com", "ebs.csi.aws.com"),
        MANIFEST,
    ),
    Defect(
        "eks-storage-class-driver",
        "provisioner of Auto Mode on nodes",
        _replace_provisioner("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com"),
        MANIFEST,
    ),
    Defect(
        "eks-ebs-on-fargate",
        "class and driver",
        all_of(
            set_properties("AWS::EKS::FargateProfile", {}),
            _replace_provisioner("efs.csi.aws.com", "ebs.csi.aws.com"),
            add_resource(
                "MutantDriver",
                ADD_ON,
                lambda cluster: {
                    "AddonName": "aws-ebs-csi-driver",
                    "ClusterName": {"Ref": cluster},
                    "ServiceAccountRoleArn": "arn:aws:iam::111122223333:role/ebs",
                },
                beside=CLUSTER,
            ),
        ),
        "AWS::EKS::FargateProfile",
    ),
)
