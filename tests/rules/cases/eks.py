"""Cases for the rules of EKS."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

CLUSTER: Final[dict[str, Any]] = {
    "Cluster": resource(
        "AWS::EKS::Cluster",
        Version="1.36",
        ResourcesVpcConfig={"EndpointPublicAccess": True, "PublicAccessCidrs": ["203.0.113.0/24"]},
        Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}]}},
    )
}
NODES: Final[dict[str, Any]] = {
    **CLUSTER,
    "Role": resource(
        "AWS::IAM::Role",
        ManagedPolicyArns=[
            {"Fn::Join": ["", ["arn:", ref("AWS::Partition"), ":iam::aws:policy/AmazonEKSWorkerNodePolicy"]]},
            "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        ],
    ),
    "Launch": resource("AWS::EC2::LaunchTemplate", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}}),
    "Nodes": resource(
        "AWS::EKS::Nodegroup",
        NodeRole=att("Role", "Arn"),
        AmiType="AL2023_ARM_64_STANDARD",
        InstanceTypes=["m7g.large"],
        LaunchTemplate={"Id": ref("Launch")},
    ),
}
EBS: Final[dict[str, Any]] = {
    **NODES,
    "Driver": resource(
        "AWS::EKS::Addon",
        AddonName="aws-ebs-csi-driver",
        PodIdentityAssociations=[{"ServiceAccount": "ebs-csi-controller-sa", "RoleArn": "arn:aws:iam::1:role/ebs"}],
    ),
    "Class": resource(
        "Custom::AWSCDK-EKS-KubernetesResource",
        Manifest={
            "Fn::Join": [
                "",
                [
                    '[{"kind":"StorageClass","provisioner":"ebs.csi.aws.com","parameters":{"kmsKeyId":"',
                    att("Cluster", "Arn"),
                    '"}}]',
                ],
            ]
        },
    ),
}
ON_FARGATE: Final[dict[str, Any]] = {
    **CLUSTER,
    "Profile": resource("AWS::EKS::FargateProfile", Selectors=[{"Namespace": "default"}]),
    "Class": resource(
        "Custom::AWSCDK-EKS-KubernetesResource", Manifest='[{"kind":"StorageClass","provisioner":"efs.csi.aws.com"}]'
    ),
}
GROUP_OF_INSTANCES: Final[dict[str, Any]] = {
    "OldLaunch": resource(
        "AWS::EC2::LaunchTemplate", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "optional"}}
    ),
    "Scaling": resource(
        "AWS::AutoScaling::AutoScalingGroup", LaunchTemplate={"LaunchTemplateId": ref("OldLaunch"), "Version": "1"}
    ),
}
"""Instances that allow version 1 of the metadata service. The template does not show whether they are nodes."""


def manifest(**written: Any) -> dict[str, Any]:
    return resource("Custom::AWSCDK-EKS-KubernetesResource", Manifest=json.dumps([written]))


CASES: Final[Mapping[str, Case]] = {
    "eks-version-ended": case(
        CLUSTER, {"Cluster.Version": "1.24"}, {"Cluster.Version": "1.30"}, {"Cluster.Version": 1.24}
    ),
    "eks-version-extended": case(CLUSTER, {"Cluster.Version": "1.33"}),
    "eks-version-table": case(CLUSTER, {}, today=date(2027, 6, 1)),
    "eks-public-endpoint": case(
        CLUSTER,
        {"Cluster.ResourcesVpcConfig": {}},
        {"Cluster.ResourcesVpcConfig.PublicAccessCidrs": ["203.0.113.0/24", "0.0.0.0/0"]},
        {"Cluster.ResourcesVpcConfig.PublicAccessCidrs": ["203.0.113.0/24", "::/0"]},
    ),
    "eks-logs-off": case(CLUSTER, {"Cluster.Logging": REMOVED}, {"Cluster.Logging.ClusterLogging.EnabledTypes": []}),
    "eks-ami-architecture": case(
        NODES,
        {"Nodes.InstanceTypes": ["m7g.large", "m6i.large"]},
        {"Nodes.AmiType": "BOTTLEROCKET_x86_64"},
        {"Nodes.InstanceTypes": REMOVED, "Launch.LaunchTemplateData.InstanceType": "c6a.large"},
    ),
    "eks-imdsv1": case(
        NODES,
        {"Launch.LaunchTemplateData.MetadataOptions.HttpTokens": "optional"},
        {"Launch.LaunchTemplateData": {}, "Nodes.AmiType": "AL2_ARM_64"},
        {
            **GROUP_OF_INSTANCES,
            "OldLaunch.LaunchTemplateData.UserData": {"Fn::Base64": {"Fn::Sub": "bootstrap.sh ${Cluster}"}},
        },
        {
            **GROUP_OF_INSTANCES,
            "Scaling.Tags": [{"Key": {"Fn::Sub": "kubernetes.io/cluster/${Cluster}"}, "Value": "owned"}],
        },
        {
            **GROUP_OF_INSTANCES,
            "OldLaunch.LaunchTemplateData.IamInstanceProfile.Arn": att("Profile", "Arn"),
            "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
            "Entry": resource("AWS::EKS::AccessEntry", PrincipalArn=att("Role", "Arn"), Type="EC2_LINUX"),
        },
        harmless=(
            GROUP_OF_INSTANCES,
            {
                **GROUP_OF_INSTANCES,
                "OldLaunch.LaunchTemplateData.IamInstanceProfile.Arn": att("Profile", "Arn"),
                "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
                "Entry": resource("AWS::EKS::AccessEntry", PrincipalArn=att("Role", "Arn"), Type="STANDARD"),
            },
        ),
    ),
    "eks-add-on-name": case(
        {**CLUSTER, "AddOn": resource("AWS::EKS::Addon", AddonName="coredns")},
        {"AddOn.AddonName": "core-dns"},
        {"AddOn.AddonName": "aws-vpc-cni"},
        {"AddOn.AddonName": "ebs-csi-driver"},
    ),
    "eks-driver-identity": case(
        EBS,
        {"Driver.PodIdentityAssociations": REMOVED},
        harmless=({"Other": resource("AWS::EKS::Addon", AddonName="aws-efs-csi-driver")},),
    ),
    "eks-storage-class-driver": case(
        EBS,
        {"Driver": REMOVED},
        {"Driver.AddonName": "aws-efs-csi-driver"},
        harmless=(
            {"Driver": REMOVED, "Own": manifest(kind="CSIDriver", metadata={"name": "ebs.csi.aws.com"})},
            {"Driver": REMOVED, "Own": manifest(apiVersion="argoproj.io/v1alpha1", kind="Application")},
            {"Driver": REMOVED, "Own": manifest(apiVersion="helm.toolkit.fluxcd.io/v2", kind="HelmRelease")},
            {"Driver": REMOVED, "Capability": resource("AWS::EKS::Capability", Type="ARGOCD")},
        ),
    ),
    "eks-ebs-on-fargate": case(
        ON_FARGATE,
        {
            "Class.Manifest": '[{"kind":"StorageClass","provisioner":"ebs.csi.aws.com"}]',
            "Driver": resource("AWS::EKS::Addon", AddonName="aws-ebs-csi-driver", ServiceAccountRoleArn="arn:…"),
        },
        {"Driver": resource("AWS::EKS::Addon", AddonName="aws-ebs-csi-driver", ServiceAccountRoleArn="arn:…")},
        harmless=tuple(
            {
                "Driver": resource("AWS::EKS::Addon", AddonName="aws-ebs-csi-driver", ServiceAccountRoleArn="arn:…"),
                "Entry": resource("AWS::EKS::AccessEntry", PrincipalArn="arn:…", Type=entry),
            }
            for entry in ("EC2_LINUX", "EC2")
        ),
    ),
}
