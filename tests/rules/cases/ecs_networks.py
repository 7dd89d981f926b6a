"""Cases for the rules of the network, the capacity and the roles of ECS services."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, changed, ref, resource
from tests.rules.cases.ecs import SERVICE, TASK

CONTAINER: Final = "Task.ContainerDefinitions.0"
NETWORK: Final = {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}}
AWSVPC: Final[dict[str, Any]] = {
    "Task": TASK,
    "Service": changed({"Service": SERVICE}, {"Service.NetworkConfiguration": NETWORK})["Service"],
}
TASK_ROLE: Final = resource(
    "AWS::IAM::Role",
    AssumeRolePolicyDocument={
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    },
)
EXEC_ACTIONS: Final = [
    f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")
]
MANAGED: Final = "arn:aws:iam::aws:policy"
EXEC_POLICY: Final = resource(
    "AWS::IAM::Policy",
    Roles=[ref("TaskRole")],
    PolicyDocument={"Statement": [{"Effect": "Allow", "Action": EXEC_ACTIONS, "Resource": "*"}]},
)
EXEC: Final[dict[str, Any]] = {
    **changed(AWSVPC, {"Task.TaskRoleArn": att("TaskRole", "Arn"), "Service.EnableExecuteCommand": True}),
    "TaskRole": TASK_ROLE,
    "ExecPolicy": EXEC_POLICY,
}
ASSOCIATED: Final[dict[str, Any]] = {
    "Cluster": resource("AWS::ECS::Cluster"),
    "Provider": resource(
        "AWS::ECS::CapacityProvider", AutoScalingGroupProvider={"AutoScalingGroupArn": "arn:aws:autoscaling:…"}
    ),
    "Association": resource(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        Cluster=ref("Cluster"),
        CapacityProviders=[ref("Provider"), "FARGATE_SPOT"],
        DefaultCapacityProviderStrategy=[{"CapacityProvider": ref("Provider")}],
    ),
    "Task": resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Name": "web", "Image": "web:1"}]),
    "Service": {
        **changed(
            {"Service": SERVICE},
            {
                "Service.Cluster": ref("Cluster"),
                "Service.CapacityProviderStrategy": [{"CapacityProvider": ref("Provider")}],
            },
        )["Service"],
        "DependsOn": "Association",
    },
}
SPOT: Final = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
VPC: Final[dict[str, Any]] = {
    "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Gateway": resource("AWS::EC2::InternetGateway"),
    "Attachment": resource("AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
    "Subnet": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24"),
    "Table": resource("AWS::EC2::RouteTable", VpcId=ref("Vpc")),
    "Route": {
        **resource(
            "AWS::EC2::Route",
            RouteTableId=ref("Table"),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=ref("Gateway"),
        ),
        "DependsOn": "Attachment",
    },
    "OfSubnet": resource("AWS::EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref("Subnet")),
}
"""A VPC with a public subnet."""
ON_FARGATE: Final[dict[str, Any]] = {
    **VPC,
    "Service": changed(
        {"Service": SERVICE},
        {
            "Service.LaunchType": "FARGATE",
            "Service.TaskDefinition": "task:1",
            "Service.NetworkConfiguration": {
                "AwsvpcConfiguration": {"Subnets": [ref("Subnet")], "AssignPublicIp": "ENABLED"}
            },
        },
    )["Service"],
}
ADDRESS: Final = "Service.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
NAT: Final[dict[str, Any]] = {"Route.GatewayId": REMOVED, "Route.NatGatewayId": "nat-1", ADDRESS: "DISABLED"}

CASES: Final[Mapping[str, Case]] = {
    "ecs-waits-for-capacity-provider": case(
        ASSOCIATED,
        {"Service.DependsOn": []},
        {
            "Service.DependsOn": [],
            "Service.CapacityProviderStrategy": SPOT,
            "Provider": REMOVED,
            "Association": {
                **ASSOCIATED["Association"],
                "Properties": {"Cluster": ref("Cluster"), "CapacityProviders": ["FARGATE_SPOT"]},
            },
        },
        {"Service.DependsOn": [], "Service.CapacityProviderStrategy": REMOVED},
        {"Service.DependsOn": [], "Service.Cluster": {"Fn::Sub": "${Cluster.Arn}"}},
        {
            "Service.DependsOn": [],
            "Service.Cluster": {"Fn::ImportValue": "cluster"},
            "Association.Cluster": {"Fn::ImportValue": "cluster"},
        },
        harmless=(
            {"Service.DependsOn": [], "Service.Cluster": "another"},
            {"Service.DependsOn": [], "Association": REMOVED},
            {"Service.DependsOn": [], "Service.Cluster": {"Fn::ImportValue": "another"}},
            {
                "Service.DependsOn": [],
                "Service.CapacityProviderStrategy": REMOVED,
                "Service.LaunchType": "EC2",
                "Provider.Name": "for-others",
            },
            {"Service.DependsOn": "Between", "Between": {"Type": "AWS::SNS::Topic", "DependsOn": ["Association"]}},
        ),
    ),
    "ecs-network-configuration": case(
        AWSVPC,
        {"Service.NetworkConfiguration": REMOVED},
        {"Service.NetworkConfiguration": ref("AWS::NoValue")},
        {"Service.NetworkConfiguration": REMOVED, "Service.LaunchType": "FARGATE"},
        {"Task.NetworkMode": "bridge"},
        {"Task.NetworkMode": "host", "Service.NetworkConfiguration.AwsvpcConfiguration": ref("Network")},
        {"Task.NetworkMode": REMOVED},
        harmless=(
            {"Task.NetworkMode": REMOVED, "Service.NetworkConfiguration": REMOVED},
            {"Task.NetworkMode": REMOVED, "Task.RequiresCompatibilities": ["EXTERNAL"]},
            {"Service.NetworkConfiguration": REMOVED, "Service.DeploymentController": {"Type": "EXTERNAL"}},
            {"Service.NetworkConfiguration": REMOVED, "Service.TaskDefinition": "task:1"},
            {"Service.NetworkConfiguration": ref("Parameter")},
        ),
        given=True,
    ),
    "ecs-fargate-daemon": case(
        changed(AWSVPC, {ADDRESS: "ENABLED", "Service.LaunchType": "FARGATE"}),
        {"Service.SchedulingStrategy": "DAEMON"},
        {
            "Service.SchedulingStrategy": "DAEMON",
            "Service.LaunchType": REMOVED,
            "Service.CapacityProviderStrategy": SPOT,
        },
        harmless=(
            {"Service.SchedulingStrategy": "REPLICA"},
            {ADDRESS: "DISABLED", "Service.SchedulingStrategy": "DAEMON", "Service.LaunchType": "EC2"},
        ),
    ),
    "ecs-public-address-on-ec2": case(
        changed(AWSVPC, {ADDRESS: "DISABLED", "Service.LaunchType": "EC2"}),
        {ADDRESS: "ENABLED"},
        {ADDRESS: "ENABLED", "Service.LaunchType": "EXTERNAL"},
        {
            ADDRESS: "ENABLED",
            "Service.LaunchType": REMOVED,
            "Service.CapacityProviderStrategy": [{"CapacityProvider": ref("Provider")}],
            "Provider": ASSOCIATED["Provider"],
        },
        harmless=(
            {ADDRESS: "ENABLED", "Service.LaunchType": "FARGATE"},
            {ADDRESS: "ENABLED", "Service.LaunchType": REMOVED, "Service.CapacityProviderStrategy": SPOT},
            {ADDRESS: "ENABLED", "Service.LaunchType": REMOVED},  # the cluster may have Fargate as its default
            {ADDRESS: REMOVED},
        ),
    ),
    "ecs-fargate-without-internet": case(
        ON_FARGATE,
        {ADDRESS: "DISABLED"},
        {ADDRESS: REMOVED},
        {ADDRESS: "DISABLED", "Service.LaunchType": REMOVED, "Service.CapacityProviderStrategy": SPOT},
        {"Route": REMOVED},
        {"Route": REMOVED, ADDRESS: "DISABLED"},
        {"Route.DestinationCidrBlock": "10.9.0.0/16"},
        harmless=(
            NAT,
            {ADDRESS: "DISABLED", "Service.DesiredCount": 0},
            {ADDRESS: "DISABLED", "Service.LaunchType": "EC2"},
            {ADDRESS: ref("Parameter")},
            {ADDRESS: "DISABLED", "OfSubnet": REMOVED},
            {
                ADDRESS: "DISABLED",
                "Endpoint": resource("AWS::EC2::VPCEndpoint", VpcId=ref("Vpc"), VpcEndpointType="Interface"),
            },
            {"Route": REMOVED, "Nested": resource("AWS::CloudFormation::Stack", Parameters={"Table": ref("Table")})},
        ),
    ),
    "ecs-role-with-awsvpc": case(
        AWSVPC,
        {"Service.Role": "arn:aws:iam::111122223333:role/ecs"},
        {"Service.Role": ref("Parameter")},
        {"Service.Role": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/ecs"}},
        {"Service.Role": {"Fn::ImportValue": "role"}},
        harmless=(
            {"Service.Role": ""},
            {"Service.Role": ref("AWS::NoValue")},
            {"Service.Role": "arn", "Task.NetworkMode": "bridge", "Service.NetworkConfiguration": REMOVED},
        ),
        given=True,
    ),
    "ecs-exec-task-role": case(
        EXEC,
        {"Task.TaskRoleArn": REMOVED},
        {"Task.TaskRoleArn": ref("AWS::NoValue")},
        {"Task.TaskRoleArn": REMOVED, "Service.EnableExecuteCommand": "true"},
        harmless=(
            {"Task.TaskRoleArn": REMOVED, "Service.EnableExecuteCommand": False},
            {"Task.TaskRoleArn": REMOVED, "Service.EnableExecuteCommand": ref("Parameter")},
            {"Task.TaskRoleArn": ref("Parameter")},
        ),
    ),
    "ecs-exec-permissions": case(
        EXEC,
        {"ExecPolicy": REMOVED},
        {"ExecPolicy.PolicyDocument.Statement.0.Action": EXEC_ACTIONS[:3]},
        {"ExecPolicy.PolicyDocument.Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}},
        {"ExecPolicy": REMOVED, "TaskRole.ManagedPolicyArns": [f"{MANAGED}/AmazonS3ReadOnlyAccess"]},
        {"ExecPolicy.PolicyDocument.Statement.0.Effect": "Deny"},
        harmless=(
            {"ExecPolicy.PolicyDocument.Statement.0.Action": "ssmmessages:*"},
            {
                "ExecPolicy": REMOVED,
                "TaskRole.ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
            },
            {"ExecPolicy": REMOVED, "TaskRole.ManagedPolicyArns": [ref("Parameter")]},
            {"ExecPolicy": REMOVED, "Service.EnableExecuteCommand": REMOVED},
        ),
    ),
    "ecs-resolved-secret": case(
        AWSVPC,
        *(
            {f"{CONTAINER}.Environment": [{"Name": "DB_PASSWORD", "Value": value}]}
            for value in (
                "{{resolve:secretsmanager:db:SecretString:password}}",
                {"Fn::Sub": "{{resolve:secretsmanager:${Db}:SecretString:password}}"},
                {"Fn::Join": ["", ["{{resolve:secretsmanager:", ref("Db"), "}}"]]},
                "{{resolve:ssm-secure:/db/password:1}}",
                {"Fn::Sub": ["postgres://u:${P}@db", {"P": "{{resolve:secretsmanager:db}}"}]},
            )
        ),
        harmless=(
            {f"{CONTAINER}.Environment": [{"Name": "IMAGE", "Value": "{{resolve:ssm:/image:1}}"}]},
            {f"{CONTAINER}.Environment": [{"Name": "DB_PASSWORD_ARN", "Value": ref("Db")}]},
        ),
    ),
}
