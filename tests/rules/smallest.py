"""For each rule the smallest templates that break it, beside one that does not: a sound template, and changes to it."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

TODAY: Final = date(2026, 11, 25)
REMOVED: Final = object()


@dataclass(frozen=True)
class Case:
    """Resources that nothing is wrong with, and changes by each of which one thing is."""

    sound: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]
    """Each from paths, such as ``Service.LoadBalancers.0.ContainerName``, to values."""
    harmless: tuple[Mapping[str, Any], ...] = ()
    """Changes by which nothing is wrong, although they look like it."""
    today: date = TODAY
    region: str | None = None
    today_of_sound: date = TODAY
    region_of_sound: str | None = None


def case(sound: Mapping[str, Any], *changes: Mapping[str, Any], **more: Any) -> Case:
    return Case(sound, changes, **more)


def document(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {"Resources": deepcopy(dict(resources))}


def changed(resources: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Resources with other values at some paths, of which the second part is a property."""
    result = deepcopy(dict(resources))
    for path, value in change.items():
        name, *keys = path.split(".")
        if not keys:
            if value is REMOVED:
                del result[name]
            else:
                result[name] = deepcopy(value)
            continue
        if keys[0] not in ("DependsOn", "Metadata"):
            keys = ["Properties", *keys]
        here: Any = result[name]
        for key, after in pairwise(keys):
            step: Any = int(key) if isinstance(here, list) else key
            if isinstance(here, dict) and step not in here:
                here[step] = [] if after.isdecimal() else {}
            here = here[step]
        last: Any = int(keys[-1]) if isinstance(here, list) else keys[-1]
        if value is REMOVED:
            del here[last]
        elif isinstance(here, list) and last == len(here):
            here.append(deepcopy(value))
        else:
            here[last] = deepcopy(value)
    return result


def resource(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": resource_type, "Properties": properties}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def zone(index: int) -> dict[str, Any]:
    return {"Fn::Select": [index, {"Fn::GetAZs": ""}]}


CIRCUIT_BREAKER = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
TASK = resource(
    "AWS::ECS::TaskDefinition",
    NetworkMode="awsvpc",
    ContainerDefinitions=[{"Name": "web", "Image": "web:1", "PortMappings": [{"ContainerPort": 8080}]}],
)
SERVICE = resource("AWS::ECS::Service", TaskDefinition=ref("Task"), DeploymentConfiguration=CIRCUIT_BREAKER)
WEB: Final[dict[str, Any]] = {
    "Task": TASK,
    "Group": resource("AWS::ElasticLoadBalancingV2::TargetGroup", TargetType="ip"),
    "Listener": resource(
        "AWS::ElasticLoadBalancingV2::Listener",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("Group")}],
    ),
    "Service": {
        **changed(
            {"Service": SERVICE},
            {
                "Service.LoadBalancers": [
                    {"ContainerName": "web", "ContainerPort": 8080, "TargetGroupArn": ref("Group")}
                ]
            },
        )["Service"],
        "DependsOn": ["Listener"],
    },
}
FARGATE: Final[dict[str, Any]] = {
    "Task": resource(
        "AWS::ECS::TaskDefinition",
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu="256",
        Memory="512",
        ContainerDefinitions=[{"Name": "web", "Image": "web:1"}],
    )
}
FILES: Final[dict[str, Any]] = {
    "Files": resource("AWS::EFS::FileSystem"),
    "One": resource("AWS::EC2::Subnet", AvailabilityZone=zone(0), VpcId="vpc-1", CidrBlock="10.0.0.0/24"),
    "Two": resource("AWS::EC2::Subnet", AvailabilityZone=zone(1), VpcId="vpc-1", CidrBlock="10.0.1.0/24"),
    "MountOne": resource("AWS::EFS::MountTarget", FileSystemId=ref("Files"), SubnetId=ref("One")),
    "MountTwo": resource("AWS::EFS::MountTarget", FileSystemId=ref("Files"), SubnetId=ref("Two")),
    "Task": resource(
        "AWS::ECS::TaskDefinition",
        NetworkMode="awsvpc",
        Volumes=[{"Name": "data", "EFSVolumeConfiguration": {"FilesystemId": ref("Files")}}],
        ContainerDefinitions=[{"Name": "web", "MountPoints": [{"SourceVolume": "data", "ContainerPath": "/data"}]}],
    ),
    "Service": {
        **SERVICE,
        "Properties": {
            **SERVICE["Properties"],
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [ref("One"), ref("Two")]}},
        },
        "DependsOn": ["MountOne", "MountTwo"],
    },
}
PROVIDER: Final[dict[str, Any]] = {
    "Scaling": resource("AWS::AutoScaling::AutoScalingGroup", NewInstancesProtectedFromScaleIn=True),
    "Provider": resource(
        "AWS::ECS::CapacityProvider",
        AutoScalingGroupProvider={"AutoScalingGroupArn": ref("Scaling"), "ManagedTerminationProtection": "ENABLED"},
    ),
    "Association": resource("AWS::ECS::ClusterCapacityProviderAssociations", CapacityProviders=[ref("Provider")]),
    "Service": changed(
        {"Service": SERVICE}, {"Service.CapacityProviderStrategy": [{"CapacityProvider": ref("Provider")}]}
    )["Service"],
}
TWO_SERVICES: Final[dict[str, Any]] = {
    "Role": resource("AWS::IAM::Role"),
    "OtherRole": resource("AWS::IAM::Role"),
    "Task": changed({"Task": TASK}, {"Task.TaskRoleArn": att("Role", "Arn")})["Task"],
    "OtherTask": changed({"Task": TASK}, {"Task.TaskRoleArn": att("OtherRole", "Arn")})["Task"],
    "Service": SERVICE,
    "Other": changed({"Other": SERVICE}, {"Other.TaskDefinition": ref("OtherTask")})["Other"],
}
CLUSTER: Final[dict[str, Any]] = {
    "Cluster": resource(
        "AWS::EKS::Cluster",
        Version="1.36",
        ResourcesVpcConfig={"EndpointPublicAccess": True, "PublicAccessCidrs": ["203.0.113.0/24"]},
        Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "audit"}]}},
        EncryptionConfig=[{"Resources": ["secrets"], "Provider": {"KeyArn": "arn:aws:kms:eu-west-1:1:key/1"}}],
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
CONTAINER = "Task.ContainerDefinitions.0"
OF_A_GROUP: Final[dict[str, Any]] = {
    "OldLaunch": resource(
        "AWS::EC2::LaunchTemplate", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "optional"}}
    ),
    "Scaling": resource(
        "AWS::AutoScaling::AutoScalingGroup", LaunchTemplate={"LaunchTemplateId": ref("OldLaunch"), "Version": "1"}
    ),
}
"""Instances that answer version 1 of the metadata service, of whom nobody knows what they are for."""


def manifest(**written: Any) -> dict[str, Any]:
    return resource("Custom::AWSCDK-EKS-KubernetesResource", Manifest=json.dumps([written]))


FUNCTION: Final[dict[str, Any]] = {
    "Function": resource("AWS::Lambda::Function", Runtime="python3.13", Handler="index.main")
}
PROVISIONED: Final[dict[str, Any]] = {
    "Function": resource("AWS::Lambda::Function", ReservedConcurrentExecutions=10),
    "Version": resource("AWS::Lambda::Version", FunctionName=ref("Function")),
    "Alias": resource(
        "AWS::Lambda::Alias",
        FunctionName=ref("Function"),
        FunctionVersion=att("Version", "Version"),
        ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 10},
    ),
}
QUEUE: Final[dict[str, Any]] = {
    "Queue": resource("AWS::SQS::Queue", VisibilityTimeout=180),
    "Function": resource("AWS::Lambda::Function", Timeout=30),
    "Source": resource(
        "AWS::Lambda::EventSourceMapping", EventSourceArn=att("Queue", "Arn"), FunctionName=att("Function", "Arn")
    ),
}
AT_EDGE: Final[dict[str, Any]] = {
    "Role": resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument={
            "Statement": [
                {"Principal": {"Service": name}} for name in ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
            ]
        },
    ),
    "Function": resource(
        "AWS::Lambda::Function", Runtime="nodejs24.x", Role=att("Role", "Arn"), MemorySize=128, Timeout=5
    ),
    "Version": resource("AWS::Lambda::Version", FunctionName=ref("Function")),
    "Distribution": resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "DefaultCacheBehavior": {
                "LambdaFunctionAssociations": [{"EventType": "viewer-request", "LambdaFunctionARN": ref("Version")}]
            }
        },
    ),
}
ASSOCIATION = "Distribution.DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations.0"
ARN = f"{ASSOCIATION}.LambdaFunctionARN"
IN_CACHE = "Distribution.DistributionConfig.DefaultCacheBehavior.FunctionAssociations"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d"
DISTRIBUTION: Final[dict[str, Any]] = {
    "Bucket": resource("AWS::S3::Bucket"),
    "Distribution": resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "Aliases": ["www.example.com"],
            "ViewerCertificate": {"AcmCertificateArn": CERTIFICATE},
            "Origins": [
                {
                    "DomainName": att("Bucket", "RegionalDomainName"),
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                    "OriginAccessControlId": "E123",
                }
            ],
        },
    ),
}
LIFECYCLE: Final[dict[str, Any]] = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},
            "action": {"type": "expire"},
        },
    ]
}
REPOSITORY: Final[dict[str, Any]] = {
    "Repository": resource("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": json.dumps(LIFECYCLE)})
}
POLICY = "Repository.LifecyclePolicy.LifecyclePolicyText"


def lifecycle(**changes: Any) -> dict[str, Any]:
    """A policy with other values in its first rule; REMOVED takes one out."""
    policy = deepcopy(LIFECYCLE)
    for path, value in changes.items():
        here: Any = policy["rules"][0]
        *keys, last = path.split("__")
        for key in keys:
            here = here[key]
        if value is REMOVED:
            del here[last]
        else:
            here[last] = value
    return {POLICY: json.dumps(policy)}


IMAGE: Final[dict[str, Any]] = {
    "Service": resource(
        "AWS::AppRunner::Service",
        SourceConfiguration={
            "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::111122223333:role/pull"},
            "ImageRepository": {
                "ImageRepositoryType": "ECR",
                "ImageIdentifier": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
            },
        },
        InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "2 GB"},
    )
}
NETWORK: Final[dict[str, Any]] = {
    "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "More": resource("AWS::EC2::VPCCidrBlock", VpcId=ref("Vpc"), CidrBlock="10.9.0.0/16"),
    "Ipv6": resource("AWS::EC2::VPCCidrBlock", VpcId=ref("Vpc"), AmazonProvidedIpv6CidrBlock=True),
    "One": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24"),
    "Two": resource(
        "AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock={"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]}
    ),
    "Three": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.9.0.0/24"),
}
WORLD = {"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0", "FromPort": 443, "ToPort": 443}
GROUP: Final[dict[str, Any]] = {
    "Group": resource("AWS::EC2::SecurityGroup", SecurityGroupIngress=[WORLD]),
    "Rule": resource("AWS::EC2::SecurityGroupIngress", **{**WORLD, "FromPort": "80", "ToPort": "80"}),
}

CASES: Final[Mapping[str, Case]] = {
    "ecs-container-name": case(WEB, {"Service.LoadBalancers.0.ContainerName": "wep"}),
    "ecs-container-port": case(
        WEB,
        {"Service.LoadBalancers.0.ContainerPort": 80},
        {"Task.ContainerDefinitions.0.PortMappings": REMOVED},
    ),
    "ecs-target-type": case(
        WEB,
        {"Group.TargetType": "instance"},
        {"Group.TargetType": REMOVED},
        {"Task.NetworkMode": "bridge"},
        {"Task.NetworkMode": REMOVED},
    ),
    "ecs-mount-volume": case(
        FILES, {"Task.ContainerDefinitions.0.MountPoints.0.SourceVolume": "date"}, {"Task.Volumes": REMOVED}
    ),
    "ecs-efs-transit-encryption": case(
        changed(FILES, {"Task.Volumes.0.EFSVolumeConfiguration.TransitEncryption": "ENABLED"}),
        {
            "Task.Volumes.0.EFSVolumeConfiguration.TransitEncryption": REMOVED,
            "Task.Volumes.0.EFSVolumeConfiguration.AuthorizationConfig.IAM": "ENABLED",
        },
        {
            "Task.Volumes.0.EFSVolumeConfiguration.TransitEncryption": "DISABLED",
            "Task.Volumes.0.EFSVolumeConfiguration.AuthorizationConfig.AccessPointId": "fsap-1",
        },
    ),
    "ecs-execution-role": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.LogConfiguration": {"LogDriver": "awslogs"}},
        {"Task.ContainerDefinitions.0.Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"},
        {f"{CONTAINER}.Image": {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:1"}},
        {
            f"{CONTAINER}.Image": {
                "Fn::Join": [
                    "",
                    [ref("AWS::AccountId"), ".dkr.ecr.", ref("AWS::Region"), ".", ref("AWS::URLSuffix"), "/app"],
                ]
            }
        },
        {f"{CONTAINER}.Image": {"Fn::Sub": "${Repo.RepositoryUri}:1"}, "Repo": resource("AWS::ECR::Repository")},
        {f"{CONTAINER}.Image": att("Repo", "RepositoryUri"), "Repo": resource("AWS::ECR::Repository")},
        {
            "Task.RequiresCompatibilities": ["EC2"],
            "Task.ContainerDefinitions.0.Secrets": [{"Name": "A", "ValueFrom": "arn:aws:ssm:…"}],
        },
        {"Task.ContainerDefinitions.0.RepositoryCredentials.CredentialsParameter": "arn:aws:secretsmanager:…"},
        harmless=(
            {f"{CONTAINER}.Image": {"Fn::Sub": "${AWS::AccountId}/app.dkr.ecr.eu-west-1.amazonaws.com/app:1"}},
            {f"{CONTAINER}.Image": {"Fn::Sub": "public.ecr.aws/${AWS::AccountId}/app:1"}},
        ),
    ),
    "ecs-fargate-size": case(
        FARGATE, {"Task.Memory": "4096"}, {"Task.Cpu": 300}, {"Task.Cpu": "1 vCPU"}, {"Task.Memory": "3GB"}
    ),
    "ecs-rolling-percent": case(
        {"Service": SERVICE},
        {"Service.DeploymentConfiguration.MaximumPercent": 100},
        {
            "Service.DeploymentConfiguration.MaximumPercent": "50",
            "Service.DeploymentConfiguration.MinimumHealthyPercent": 50,
        },
        {"Service.SchedulingStrategy": "DAEMON", "Service.DeploymentConfiguration.MinimumHealthyPercent": 100},
    ),
    "ecs-health-command": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.HealthCheck.Command": ["curl", "localhost"]},
        {"Task.ContainerDefinitions.0.HealthCheck.Command": ["curl -f http://localhost || exit 1"]},
        {"Task.ContainerDefinitions.0.HealthCheck.Command": "CMD-SHELL curl -f http://localhost"},
    ),
    "ecs-termination-protection": case(
        PROVIDER,
        {"Scaling.NewInstancesProtectedFromScaleIn": False},
        {"Scaling.NewInstancesProtectedFromScaleIn": REMOVED},
    ),
    "ecs-unused-capacity-provider": case(
        PROVIDER,
        {"Service.CapacityProviderStrategy": REMOVED},
        {"Service.CapacityProviderStrategy": REMOVED, "Service.LaunchType": "EC2"},
    ),
    "ecs-launch-type-and-strategy": case(PROVIDER, {"Service.LaunchType": "EC2"}),
    "ecs-circuit-breaker": case(
        {"Service": SERVICE},
        {"Service.DeploymentConfiguration": REMOVED},
        {"Service.DeploymentConfiguration.DeploymentCircuitBreaker.Enable": "false"},
    ),
    "ecs-waits-for-listener": case(WEB, {"Service.DependsOn": []}),
    "ecs-waits-for-mount-targets": case(FILES, {"Service.DependsOn": ["MountOne"]}, {"Service.DependsOn": REMOVED}),
    "ecs-plain-secret": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.Environment": [{"Name": "DB_PASSWORD", "Value": "correct horse"}]},
        {"Task.ContainerDefinitions.0.Environment": [{"Name": "KEY", "Value": "AKIA" + "ABCDEFGHIJ234567"}]},
        harmless=tuple(
            {f"{CONTAINER}.Environment": [{"Name": name, "Value": value}]}
            for name, value in (
                ("REQUIRE_API_KEY", "off"),
                ("REQUIRE_API_KEY", "On"),
                ("RESET_PASSWORD", "enabled"),
                ("RESET_PASSWORD", "disabled"),
                ("DB_PASSWORD", "prod/db/password"),
                ("DB_PASSWORD", "prod-db-password"),
                ("NEXT_PUBLIC_MAPS_API_KEY", "pk_abc"),
            )
        ),
    ),
    "ecs-shared-task-role": case(TWO_SERVICES, {"OtherTask.TaskRoleArn": att("Role", "Arn")}),
    "eks-version-ended": case(
        CLUSTER, {"Cluster.Version": "1.24"}, {"Cluster.Version": "1.30"}, {"Cluster.Version": 1.24}
    ),
    "eks-version-extended": case(CLUSTER, {"Cluster.Version": "1.33"}),
    "eks-version-table": case(CLUSTER, {}, today=date(2027, 6, 1)),
    "eks-ami-architecture": case(
        NODES,
        {"Nodes.InstanceTypes": ["m7g.large", "m6i.large"]},
        {"Nodes.AmiType": "BOTTLEROCKET_x86_64"},
        {"Nodes.InstanceTypes": REMOVED, "Launch.LaunchTemplateData.InstanceType": "c6a.large"},
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
    "eks-public-endpoint": case(
        CLUSTER,
        {"Cluster.ResourcesVpcConfig": {}},
        {"Cluster.ResourcesVpcConfig.PublicAccessCidrs": ["203.0.113.0/24", "0.0.0.0/0"]},
        {"Cluster.ResourcesVpcConfig.PublicAccessCidrs": ["203.0.113.0/24", "::/0"]},
    ),
    "eks-logs-off": case(CLUSTER, {"Cluster.Logging": REMOVED}, {"Cluster.Logging.ClusterLogging.EnabledTypes": []}),
    "eks-secrets-key": case(CLUSTER, {"Cluster.EncryptionConfig": REMOVED}),
    "eks-imdsv1": case(
        NODES,
        {"Launch.LaunchTemplateData.MetadataOptions.HttpTokens": "optional"},
        {"Launch.LaunchTemplateData": {}, "Nodes.AmiType": "AL2_ARM_64"},
        {**OF_A_GROUP, "OldLaunch.LaunchTemplateData.UserData": {"Fn::Base64": {"Fn::Sub": "bootstrap.sh ${Cluster}"}}},
        {**OF_A_GROUP, "Scaling.Tags": [{"Key": {"Fn::Sub": "kubernetes.io/cluster/${Cluster}"}, "Value": "owned"}]},
        {
            **OF_A_GROUP,
            "OldLaunch.LaunchTemplateData.IamInstanceProfile.Arn": att("Profile", "Arn"),
            "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
            "Entry": resource("AWS::EKS::AccessEntry", PrincipalArn=att("Role", "Arn"), Type="EC2_LINUX"),
        },
        harmless=(
            OF_A_GROUP,
            {
                **OF_A_GROUP,
                "OldLaunch.LaunchTemplateData.IamInstanceProfile.Arn": att("Profile", "Arn"),
                "Profile": resource("AWS::IAM::InstanceProfile", Roles=[ref("Role")]),
                "Entry": resource("AWS::EKS::AccessEntry", PrincipalArn=att("Role", "Arn"), Type="STANDARD"),
            },
        ),
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
    "lambda-memory": case(FUNCTION, {"Function.MemorySize": 64}, {"Function.MemorySize": "12000"}),
    "lambda-timeout": case(FUNCTION, {"Function.Timeout": 901}, {"Function.Timeout": 0}),
    "lambda-storage": case(
        FUNCTION, {"Function.EphemeralStorage.Size": 256}, {"Function.EphemeralStorage.Size": 20480}
    ),
    "lambda-environment-size": case(
        FUNCTION,
        {"Function.Environment.Variables": {"A": "x" * 4100}},
        {"Function.Environment.Variables": {"A": {"Fn::Sub": "${AWS::Region}" + "x" * 4100}}},
    ),
    "lambda-environment-name": case(FUNCTION, {"Function.Environment.Variables": {"AWS_REGION": "eu-west-1"}}),
    "lambda-layers": case(FUNCTION, {"Function.Layers": [f"arn:aws:lambda:…:layer:a:{each}" for each in range(6)]}),
    "lambda-asynchronous": case(
        {**FUNCTION, "Config": resource("AWS::Lambda::EventInvokeConfig", MaximumEventAgeInSeconds=60)},
        {"Config.MaximumEventAgeInSeconds": 30},
        {"Config.MaximumRetryAttempts": 3},
    ),
    "lambda-reserved-concurrency": case(
        {**FUNCTION, "Other": resource("AWS::Lambda::Function", ReservedConcurrentExecutions=900)},
        {"Function.ReservedConcurrentExecutions": 1},
    ),
    "lambda-provisioned-above-reserved": case(
        PROVISIONED,
        {"Alias.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 11},
        {"Version.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 1},
    ),
    "lambda-provisioned-latest": case(PROVISIONED, {"Alias.FunctionVersion": "$LATEST"}),
    "lambda-queue-visibility": case(
        QUEUE, {"Function.Timeout": 300}, {"Queue.VisibilityTimeout": REMOVED, "Function.Timeout": 31}
    ),
    "edge-version": case(
        AT_EDGE,
        {ARN: att("Function", "Arn")},
        {ARN: {"Fn::Join": [":", [att("Function", "Arn"), "$LATEST"]]}},
        {ARN: "arn:aws:lambda:us-east-1:111122223333:function:edge"},
        {ARN: "arn:aws:lambda:us-east-1:111122223333:function:edge:live"},
        {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:edge"}},
        {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:${Function}"}},
        {ARN: ref("Alias"), "Alias": resource("AWS::Lambda::Alias", FunctionName=ref("Function"))},
        harmless=(
            {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:edge:7"}},
            {ARN: {"Fn::Sub": "arn:aws:lambda:us-east-1:111122223333:function:${AWS::StackName}"}},
        ),
    ),
    "edge-region": case(
        AT_EDGE,
        {ARN: "arn:aws:lambda:eu-west-1:111122223333:function:edge:1"},
        {ARN: {"Fn::Sub": "arn:aws:lambda:eu-west-1:${AWS::AccountId}:function:edge:1"}},
        {},
        region="eu-west-1",
        region_of_sound="us-east-1",
    ),
    "edge-forbidden-property": case(
        AT_EDGE,
        {"Function.Environment.Variables": {"A": "b"}},
        {"Function.VpcConfig.SubnetIds": ["subnet-1"]},
        {"Function.Layers": ["arn:aws:lambda:…:layer:a:1"]},
        {"Function.DeadLetterConfig.TargetArn": "arn:aws:sqs:…"},
        {"Function.TracingConfig.Mode": "Active"},
        {"Function.ReservedConcurrentExecutions": 1},
        {"Function.PackageType": "Image"},
    ),
    "edge-architecture": case(AT_EDGE, {"Function.Architectures": ["arm64"]}),
    "edge-memory": case(AT_EDGE, {"Function.MemorySize": 256}),
    "edge-timeout": case(
        AT_EDGE, {"Function.Timeout": 6}, {f"{ASSOCIATION}.EventType": "origin-request", "Function.Timeout": 31}
    ),
    "edge-storage": case(AT_EDGE, {"Function.EphemeralStorage.Size": 1024}),
    "edge-runtime": case(AT_EDGE, {"Function.Runtime": "java21"}),
    "edge-provisioned-concurrency": case(
        AT_EDGE, {"Version.ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions": 1}
    ),
    "edge-role": case(
        AT_EDGE,
        {"Role.AssumeRolePolicyDocument.Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]},
        {"Role.AssumeRolePolicyDocument.Statement": {"Principal": {"Service": "lambda.amazonaws.com"}}},
        harmless=(
            {
                "Role.AssumeRolePolicyDocument.Statement": {
                    "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
                }
            },
        ),
    ),
    "edge-event-conflict": case(
        AT_EDGE,
        {IN_CACHE: [{"EventType": "viewer-request", "FunctionARN": "arn:…"}]},
        {IN_CACHE: [{"EventType": "viewer-response", "FunctionARN": "arn:…"}]},
        {ASSOCIATION.replace(".0", ".1"): {"EventType": "viewer-request", "LambdaFunctionARN": ref("Version")}},
    ),
    "cloudfront-alias-certificate": case(
        DISTRIBUTION,
        {"Distribution.DistributionConfig.ViewerCertificate": REMOVED},
        {"Distribution.DistributionConfig.ViewerCertificate": {"CloudFrontDefaultCertificate": True}},
    ),
    "cloudfront-certificate-region": case(
        DISTRIBUTION,
        {
            "Distribution.DistributionConfig.ViewerCertificate.AcmCertificateArn": CERTIFICATE.replace(
                "us-east-1", "eu-west-1"
            )
        },
        {
            "Distribution.DistributionConfig.ViewerCertificate.AcmCertificateArn": ref("Certificate"),
            "Certificate": resource("AWS::CertificateManager::Certificate"),
        },
        region="eu-west-1",
    ),
    "cloudfront-origin-access": case(
        DISTRIBUTION,
        {"Distribution.DistributionConfig.Origins.0.OriginAccessControlId": REMOVED},
        {
            "Distribution.DistributionConfig.Origins.0": {
                "DomainName": "files.s3.eu-west-1.amazonaws.com",
                "S3OriginConfig": {},
            }
        },
        *(
            {"Distribution.DistributionConfig.Origins.0": {"DomainName": {"Fn::Sub": name}, "S3OriginConfig": {}}}
            for name in (
                "${Bucket}.s3.amazonaws.com",
                "${Bucket}.s3.${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-eu-west-1.amazonaws.com",
                "${AWS::StackName}.s3.dualstack.eu-west-1.amazonaws.com",
            )
        ),
        harmless=tuple(
            {"Distribution.DistributionConfig.Origins.0": {"DomainName": {"Fn::Sub": name}, "CustomOriginConfig": {}}}
            for name in (
                "files.s3-website-us-east-1.amazonaws.com",
                "files.s3-website.eu-central-1.amazonaws.com",
                "${Bucket}.s3-website-${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-${AWS::Region}.amazonaws.com",
                "files.example.com",
            )
        ),
    ),
    "ecr-lifecycle-policy": case(
        REPOSITORY,
        {POLICY: "{"},
        {POLICY: "[]"},
        {POLICY: '{"rules": []}'},
        lifecycle(rulePriority="1"),
        lifecycle(rulePriority=2),
        lifecycle(selection__tagStatus="none"),
        lifecycle(selection__tagStatus="tagged"),
        lifecycle(selection__tagPrefixList=["v"]),
        lifecycle(selection__countType="olderThan"),
        lifecycle(selection__countUnit=REMOVED),
        lifecycle(selection__countType="imageCountMoreThan"),
        lifecycle(selection__countNumber=0),
        lifecycle(action__type="delete"),
        lifecycle(action=REMOVED),
    ),
    "ecr-lifecycle-order": case(REPOSITORY, lifecycle(rulePriority=3)),
    "efs-zone-without-mount-target": case(
        FILES,
        {"MountTwo": REMOVED, "Service.DependsOn": ["MountOne"]},
        {
            "MountTwo": REMOVED,
            "Service.DependsOn": ["MountOne"],
            "One.AvailabilityZone": "eu-west-1a",
            "Two.AvailabilityZone": "eu-west-1b",
        },
    ),
    "efs-zone-with-two-mount-targets": case(
        changed(FILES, {"Service": REMOVED}), {"Two.AvailabilityZone": zone(0)}, {"MountTwo.SubnetId": ref("One")}
    ),
    "apprunner-size": case(
        IMAGE,
        {"Service.InstanceConfiguration.Memory": "8 GB"},
        {"Service.InstanceConfiguration.Cpu": "3072"},
        {"Service.InstanceConfiguration": {"Cpu": "256"}},
    ),
    "apprunner-access-role": case(IMAGE, {"Service.SourceConfiguration.AuthenticationConfiguration": REMOVED}),
    "apprunner-image-type": case(
        IMAGE,
        {"Service.SourceConfiguration.ImageRepository.ImageRepositoryType": "ECR_PUBLIC"},
        {"Service.SourceConfiguration.ImageRepository.ImageIdentifier": "docker.io/library/nginx"},
    ),
    "apprunner-runtime-ended": case(
        changed(
            IMAGE,
            {
                "Service.SourceConfiguration": {
                    "CodeRepository": {"CodeConfiguration": {"CodeConfigurationValues": {"Runtime": "PYTHON_311"}}}
                }
            },
        ),
        {
            "Service.SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.Runtime": "NODEJS_12",
        },
    ),
    "network-vpc-size": case(
        {"Vpc": NETWORK["Vpc"]}, {"Vpc.CidrBlock": "10.0.0.0/8"}, {"Vpc.CidrBlock": "10.0.0.0/29"}
    ),
    "network-subnet-size": case(NETWORK, {"One.CidrBlock": "10.0.0.0/29"}),
    "network-subnet-outside": case(NETWORK, {"One.CidrBlock": "10.1.0.0/24"}),
    "network-subnet-overlap": case(
        NETWORK,
        {"One.CidrBlock": "10.0.0.0/23"},
        {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": att("Vpc", "VpcId")},
        harmless=(
            {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": "vpc-1"},
            {"One.CidrBlock": "10.0.0.0/23", "One.VpcId": att("Other", "VpcId"), "Other": NETWORK["Vpc"]},
        ),
    ),
    "network-open-port": case(
        GROUP,
        {"Group.SecurityGroupIngress.0.ToPort": 444},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "::/0"}},
        {"Rule.FromPort": "22", "Rule.ToPort": "22"},
        {"Rule.FromPort": -1, "Rule.ToPort": -1},
        {"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.IpProtocol": "TCP"},
        {"Group.SecurityGroupIngress.0": {"IpProtocol": -1, "CidrIpv6": "0::/0"}},
        harmless=({"Rule.FromPort": "22", "Rule.ToPort": "22", "Rule.CidrIp": "10.0.0.0/8"},),
    ),
}
