"""Cases for the rules of ECS."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, changed, ref, resource, zone

CIRCUIT_BREAKER = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
TASK = resource(
    "AWS::ECS::TaskDefinition",
    NetworkMode="awsvpc",
    ContainerDefinitions=[{"Name": "web", "Image": "web:1", "PortMappings": [{"ContainerPort": 8080}]}],
)
SERVICE = resource(
    "AWS::ECS::Service",
    TaskDefinition=ref("Task"),
    DeploymentConfiguration=CIRCUIT_BREAKER,
    NetworkConfiguration=ref("Network"),
)
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
CONTAINER = "Task.ContainerDefinitions.0"

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
    "ecs-rolling-percent": case(
        {"Service": SERVICE},
        {"Service.DeploymentConfiguration.MaximumPercent": 100},
        {
            "Service.DeploymentConfiguration.MaximumPercent": "50",
            "Service.DeploymentConfiguration.MinimumHealthyPercent": 50,
        },
        {"Service.SchedulingStrategy": "DAEMON", "Service.DeploymentConfiguration.MinimumHealthyPercent": 100},
    ),
    "ecs-circuit-breaker": case(
        {"Service": SERVICE},
        {"Service.DeploymentConfiguration": REMOVED},
        {"Service.DeploymentConfiguration.DeploymentCircuitBreaker.Enable": "false"},
        {
            "Service.DeploymentConfiguration": REMOVED,
            "Service.DesiredCount": 0,
            "Target": resource(
                "AWS::ApplicationAutoScaling::ScalableTarget", ResourceId={"Fn::Sub": "service/x/${Service.Name}"}
            ),
        },
        harmless=(
            {"Service.DeploymentConfiguration": REMOVED, "Service.DesiredCount": "0"},
            {"Service.DeploymentConfiguration": REMOVED, "Service.SchedulingStrategy": "DAEMON"},
        ),
    ),
    "ecs-launch-type-and-strategy": case(PROVIDER, {"Service.LaunchType": "EC2"}),
    "ecs-waits-for-listener": case(WEB, {"Service.DependsOn": []}),
    "ecs-waits-for-mount-targets": case(FILES, {"Service.DependsOn": ["MountOne"]}, {"Service.DependsOn": REMOVED}),
    "ecs-shared-task-role": case(TWO_SERVICES, {"OtherTask.TaskRoleArn": att("Role", "Arn")}),
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
    "ecs-fargate-task": case(
        FARGATE,
        {"Task.NetworkMode": REMOVED},
        {"Task.NetworkMode": "bridge"},
        {"Task.Cpu": REMOVED},
        {"Task.Memory": REMOVED, "Task.ContainerDefinitions.0.Memory": 512},
        {"Task.RequiresCompatibilities": ["EC2", "FARGATE"], "Task.NetworkMode": "host"},
        harmless=(
            {"Task.RequiresCompatibilities": ["EC2"], "Task.NetworkMode": "bridge", "Task.Cpu": REMOVED},
            {"Task.RequiresCompatibilities": REMOVED, "Task.NetworkMode": REMOVED, "Task.Memory": REMOVED},
        ),
    ),
    "ecs-host-port": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.PortMappings": [{"ContainerPort": 8080, "HostPort": 80}]},
        {
            "Task.RequiresCompatibilities": REMOVED,
            "Task.NetworkMode": "host",
            "Task.ContainerDefinitions.0.PortMappings": [{"ContainerPort": 8080, "HostPort": "80"}],
        },
        harmless=(
            {"Task.ContainerDefinitions.0.PortMappings": [{"ContainerPort": 8080, "HostPort": "8080"}]},
            {"Task.ContainerDefinitions.0.PortMappings": [{"ContainerPort": 8080, "HostPort": 0}]},
            {
                "Task.RequiresCompatibilities": REMOVED,
                "Task.NetworkMode": "bridge",
                "Task.ContainerDefinitions.0.PortMappings": [{"ContainerPort": 8080, "HostPort": 80}],
            },
        ),
    ),
    "ecs-essential-container": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.Essential": False},
        {"Task.ContainerDefinitions.0.Essential": "false"},
        harmless=(
            {"Task.ContainerDefinitions.0.Essential": True},
            {
                "Task.ContainerDefinitions.0.Essential": False,
                "Task.ContainerDefinitions.1": {"Name": "main", "Image": "main:1"},
            },
        ),
    ),
    "ecs-health-command": case(
        FARGATE,
        {"Task.ContainerDefinitions.0.HealthCheck.Command": ["curl", "localhost"]},
        {"Task.ContainerDefinitions.0.HealthCheck.Command": ["curl -f http://localhost || exit 1"]},
        {"Task.ContainerDefinitions.0.HealthCheck.Command": "CMD-SHELL curl -f http://localhost"},
    ),
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
}
