"""Cases for the rules of EKS launch templates and modes."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, changed, ref, resource
from tests.rules.cases.ecs_networks import VPC
from tests.rules.cases.eks import CLUSTER, NODES

DATA: Final = "Launch.LaunchTemplateData"
CUSTOM: Final[dict[str, Any]] = {f"{DATA}.ImageId": "ami-1", "Nodes.AmiType": REMOVED}
SCRIPT: Final = "#!/bin/bash\nyum install -y nfs-utils\n"
MIME: Final = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
ACCESS: Final[dict[str, Any]] = {
    **changed(CLUSTER, {"Cluster.AccessConfig": {"AuthenticationMode": "API_AND_CONFIG_MAP"}}),
    "Entry": resource("AWS::EKS::AccessEntry", ClusterName=ref("Cluster"), PrincipalArn="arn:aws:iam::1:role/admin"),
}
AUTO: Final[dict[str, Any]] = changed(
    CLUSTER,
    {
        "Cluster.ComputeConfig": {"Enabled": True},
        "Cluster.StorageConfig": {"BlockStorage": {"Enabled": True}},
        "Cluster.KubernetesNetworkConfig": {"ElasticLoadBalancing": {"Enabled": True}},
        "Cluster.BootstrapSelfManagedAddons": False,
    },
)
PROFILE: Final[dict[str, Any]] = {
    **VPC,
    "Route": {
        **resource(
            "AWS::EC2::Route", RouteTableId=ref("Table"), DestinationCidrBlock="0.0.0.0/0", NatGatewayId="nat-1"
        ),
        "DependsOn": "Attachment",
    },
    "Profile": resource("AWS::EKS::FargateProfile", ClusterName="main", Subnets=[ref("Subnet")]),
}
DNS: Final[dict[str, Any]] = {
    **changed(NODES, {"Nodes.ClusterName": ref("Cluster")}),
    "Dns": {**resource("AWS::EKS::Addon", ClusterName=ref("Cluster"), AddonName="coredns"), "DependsOn": "Nodes"},
}
BETWEEN: Final = {"Type": "AWS::SNS::Topic", "DependsOn": "Dns"}

LAUNCH_TEMPLATES: Final[Mapping[str, Case]] = {
    "eks-launch-template": case(
        NODES,
        {"Nodes.DiskSize": 50},
        {"Nodes.DiskSize": ref("Parameter")},
        {"Nodes.RemoteAccess": {"Ec2SshKey": "key"}},
        {"Nodes.LaunchTemplate": {"Name": "elsewhere"}, "Nodes.DiskSize": "50"},
        {f"{DATA}.InstanceType": "m7g.large"},
        {f"{DATA}.ImageId": "ami-1"},
        {f"{DATA}.ImageId": {"Fn::FindInMap": ["Amis", ref("AWS::Region"), "id"]}},
        {**CUSTOM, "Nodes.Version": "1.36"},
        {**CUSTOM, "Nodes.ReleaseVersion": "1.36.0-20260101"},
        {"Nodes.AmiType": "CUSTOM"},
        {f"{DATA}.IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/x"}},
        {f"{DATA}.NetworkInterfaces": [{"SubnetId": "subnet-1"}]},
        harmless=(
            {"Nodes.DiskSize": 50, "Nodes.LaunchTemplate": REMOVED},
            {**CUSTOM, "Nodes.AmiType": "CUSTOM"},
            {f"{DATA}.InstanceType": "m7g.large", "Nodes.InstanceTypes": REMOVED},
            {f"{DATA}.BlockDeviceMappings": [{"Ebs": {"VolumeSize": 50}}]},
            {"Nodes.DiskSize": ref("AWS::NoValue")},
            {f"{DATA}.NetworkInterfaces": [{"DeviceIndex": 0}]},
        ),
        given=True,
    ),
    "eks-user-data": case(
        NODES,
        {f"{DATA}.UserData": {"Fn::Base64": SCRIPT}},
        {f"{DATA}.UserData": {"Fn::Base64": {"Fn::Sub": SCRIPT + "${AWS::Region}"}}},
        {f"{DATA}.UserData": {"Fn::Base64": {"Fn::Join": ["", [SCRIPT, ref("AWS::Region")]]}}},
        {f"{DATA}.UserData": {"Fn::Base64": SCRIPT}, "Nodes.AmiType": REMOVED},
        {f"{DATA}.UserData": {"Fn::Base64": MIME}, "Nodes.AmiType": "BOTTLEROCKET_ARM_64"},
        harmless=(
            {f"{DATA}.UserData": {"Fn::Base64": MIME}},
            {**CUSTOM, f"{DATA}.UserData": {"Fn::Base64": SCRIPT}},
            {f"{DATA}.UserData": {"Fn::Base64": "[settings.kubernetes]\n"}, "Nodes.AmiType": "BOTTLEROCKET_ARM_64"},
            {f"{DATA}.UserData": ref("Parameter")},
        ),
    ),
}
MODES: Final[Mapping[str, Case]] = {
    "eks-auto-mode": case(
        AUTO,
        {"Cluster.StorageConfig": REMOVED},
        {"Cluster.KubernetesNetworkConfig.ElasticLoadBalancing.Enabled": "false"},
        {"Cluster.ComputeConfig.Enabled": False},
        {"Cluster.BootstrapSelfManagedAddons": True},
        harmless=(
            {
                "Cluster.ComputeConfig.Enabled": False,
                "Cluster.StorageConfig": REMOVED,
                "Cluster.KubernetesNetworkConfig": REMOVED,
            },
            {"Cluster.StorageConfig": ref("Parameter")},
        ),
    ),
    "eks-access-entry-mode": case(
        ACCESS,
        {"Cluster.AccessConfig.AuthenticationMode": "CONFIG_MAP"},
        {"Cluster.AccessConfig": REMOVED},
        {"Cluster.AccessConfig.AuthenticationMode": REMOVED},
        {"Cluster.AccessConfig": REMOVED, "Entry.ClusterName": {"Fn::Sub": "${Cluster}"}},
        harmless=(
            {"Cluster.AccessConfig.AuthenticationMode": "API"},
            {"Cluster.AccessConfig": REMOVED, "Entry.ClusterName": "main"},
            {"Cluster.AccessConfig": REMOVED, "Entry": REMOVED},
        ),
    ),
    "eks-config-map-creator": case(
        CLUSTER,
        {
            "Cluster.AccessConfig": {
                "AuthenticationMode": "CONFIG_MAP",
                "BootstrapClusterCreatorAdminPermissions": False,
            }
        },
        {"Cluster.AccessConfig.BootstrapClusterCreatorAdminPermissions": "false"},
        {"Cluster.AccessConfig.BootstrapClusterCreatorAdminPermissions": False},
        harmless=(
            {"Cluster.AccessConfig": {"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False}},
            {"Cluster.AccessConfig": {"AuthenticationMode": "CONFIG_MAP"}},
        ),
    ),
    "eks-fargate-public-subnet": case(
        PROFILE,
        {"Route.NatGatewayId": REMOVED, "Route.GatewayId": ref("Gateway")},
        {"Route.NatGatewayId": REMOVED, "Route.GatewayId": att("Gateway", "InternetGatewayId")},
        {
            "Route.NatGatewayId": REMOVED,
            "Route.GatewayId": ref("Gateway"),
            "Route.DestinationCidrBlock": REMOVED,
            "Route.DestinationIpv6CidrBlock": "::/0",
        },
        {"Other": VPC["Route"]},
        harmless=(
            {"Other": VPC["Route"], "OfSubnet": REMOVED},
            {"Other": VPC["Route"], "Other.DestinationCidrBlock": "203.0.113.0/24"},
            {"Other": VPC["Route"], "Profile.Subnets": ["subnet-1"]},
        ),
    ),
    "eks-add-on-before-nodes": case(
        DNS,
        {"Dns.DependsOn": [], "Nodes.DependsOn": "Dns"},
        {
            "Dns.DependsOn": [],
            "Nodes.DependsOn": ["Between"],
            "Between": {"Type": "AWS::SNS::Topic", "DependsOn": "Dns"},
        },
        {"Dns.DependsOn": [], "Nodes.Labels": {"dns": att("Dns", "Arn")}},
        {"Dns.DependsOn": [], "Nodes.DependsOn": "Dns", "Dns.AddonName": "metrics-server"},
        harmless=(
            {"Dns.DependsOn": []},
            {"Dns.DependsOn": [], "Nodes.DependsOn": "Dns", "Dns.AddonName": "vpc-cni"},
            {
                "Dns.DependsOn": [],
                "Nodes.DependsOn": "Dns",
                "First": resource("AWS::EKS::Nodegroup", ClusterName=ref("Cluster")),
            },
        ),
    ),
}
