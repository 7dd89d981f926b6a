"""Cases for the rules of functions in a VPC."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, changed, ref, resource

TRUST: Final = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
MANAGED: Final = "arn:aws:iam::aws:policy/service-role/"
INTERFACES: Final = [
    f"ec2:{each}" for each in ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
]
STATEMENT: Final = {"Effect": "Allow", "Action": INTERFACES, "Resource": "*"}
IN_VPC: Final[dict[str, Any]] = {
    "Role": resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=TRUST,
        ManagedPolicyArns=[f"{MANAGED}AWSLambdaBasicExecutionRole", f"{MANAGED}AWSLambdaVPCAccessExecutionRole"],
    ),
    "Function": resource(
        "AWS::Lambda::Function", Role=att("Role", "Arn"), VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}
    ),
}
BASIC: Final = {"Role.ManagedPolicyArns": [f"{MANAGED}AWSLambdaBasicExecutionRole"]}
WITH_POLICY: Final[dict[str, Any]] = {
    **changed(IN_VPC, BASIC),
    "Policy": resource("AWS::IAM::Policy", Roles=[ref("Role")], PolicyDocument={"Statement": [STATEMENT]}),
    "Function": {**IN_VPC["Function"], "DependsOn": ["Policy"]},
}
MOUNTED: Final[dict[str, Any]] = {
    "Files": resource("AWS::EFS::FileSystem"),
    "Point": resource("AWS::EFS::AccessPoint", FileSystemId=ref("Files")),
    "MountOne": resource("AWS::EFS::MountTarget", FileSystemId=ref("Files"), SubnetId="subnet-1"),
    "MountTwo": resource("AWS::EFS::MountTarget", FileSystemId=ref("Files"), SubnetId="subnet-2"),
    "Function": {
        **resource(
            "AWS::Lambda::Function",
            FileSystemConfigs=[{"Arn": att("Point", "Arn"), "LocalMountPath": "/mnt/data"}],
        ),
        "DependsOn": ["MountOne", "MountTwo"],
    },
}

CASES: Final[Mapping[str, Case]] = {
    "lambda-vpc-permissions": case(
        IN_VPC,
        BASIC,
        {"Role.ManagedPolicyArns": REMOVED},
        {
            "Role.ManagedPolicyArns": [
                {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
            ]
        },
        {
            **BASIC,
            "Role.Policies": [
                {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}
            ],
        },
        {**BASIC, "Function.Role": {"Fn::Sub": "${Role.Arn}"}},
        {
            **BASIC,
            "Policy": resource(
                "AWS::IAM::Policy",
                Roles=[ref("Role")],
                PolicyDocument={"Statement": [{"Effect": "Allow", "Action": INTERFACES[1:], "Resource": "*"}]},
            ),
        },
        harmless=(
            {**BASIC, "Role.Policies": [{"PolicyDocument": {"Statement": STATEMENT}}]},
            {
                **BASIC,
                "Role.Policies": [
                    {"PolicyDocument": {"Statement": [{**STATEMENT, "Action": "ec2:*NetworkInterface*"}]}}
                ],
            },
            {**BASIC, "Function.VpcConfig": REMOVED},
            {**BASIC, "Function.VpcConfig.SubnetIds": []},
            {"Role.ManagedPolicyArns": ["arn:aws:iam::111122223333:policy/ours"]},
            {"Role.ManagedPolicyArns": [ref("Parameter")]},
            {**BASIC, "Function.Role": "arn:aws:iam::111122223333:role/elsewhere"},
        ),
    ),
    "lambda-vpc-waits-for-policy": case(
        WITH_POLICY,
        {"Function.DependsOn": []},
        {"Function.DependsOn": [], "Role.ManagedPolicyArns": REMOVED},
        {"Function.DependsOn": [], "Policy.Roles": [{"Fn::Sub": "${Role}"}]},
        {
            "Function.DependsOn": [],
            "Policy": resource("AWS::IAM::RolePolicy", RoleName=ref("Role"), PolicyDocument={"Statement": STATEMENT}),
        },
        harmless=(
            {"Function.DependsOn": "Between", "Between": {"Type": "AWS::SNS::Topic", "DependsOn": "Policy"}},
            {"Function.DependsOn": [], "Role.ManagedPolicyArns": [f"{MANAGED}AWSLambdaVPCAccessExecutionRole"]},
            {"Function.DependsOn": [], "Role.Policies": [{"PolicyDocument": {"Statement": [STATEMENT]}}]},
            {"Function.DependsOn": [], "Function.VpcConfig": REMOVED},
            {"Function.DependsOn": [], "Role.ManagedPolicyArns": ref("Parameter")},
        ),
    ),
    "lambda-waits-for-mount-targets": case(
        MOUNTED,
        {"Function.DependsOn": []},
        {"Function.DependsOn": "MountOne"},
        {"Function.DependsOn": [], "Function.FileSystemConfigs.0.Arn": {"Fn::Sub": "${Point.Arn}"}},
        {"Function.DependsOn": ["MountTwo"], "MountOne.FileSystemId": att("Files", "FileSystemId")},
        harmless=(
            {"Function.DependsOn": [], "Function.FileSystemConfigs": REMOVED},
            {"Function.DependsOn": [], "Function.FileSystemConfigs.0.Arn": ref("Parameter")},
            {"Function.DependsOn": [], "Point.FileSystemId": "fs-1"},
            {
                "Function.DependsOn": [],
                "Function.Environment.Variables": {"A": att("MountOne", "IpAddress"), "B": ref("MountTwo")},
            },
        ),
    ),
}
