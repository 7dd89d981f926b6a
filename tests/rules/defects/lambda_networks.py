"""Defects for the rules of functions in a VPC, of buckets that notify functions, and of roles."""

from typing import Any, Final

from tests.rules.cases.lambda_networks import BASIC, STATEMENT, TRUST
from tests.rules.defects.aws_lambda import not_at_edge
from tests.rules.defects.base import FUNCTION, TASK, Apply, Defect, Template, add_resource, get, of_type, set_properties

BUCKET: Final = "AWS::S3::Bucket"
ROLE: Final = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": BASIC["Role.ManagedPolicyArns"]},
}
POLICY: Final = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "PolicyName": "interfaces",
        "Roles": [{"Ref": "MutantRole"}],
        "PolicyDocument": {"Statement": [STATEMENT]},
    },
}


def _move_into_vpc(**others: Any) -> Apply:
    """Moves the first function into a VPC, with a role of its own."""

    def apply(template: Template) -> bool:
        for _, function in of_type(template, FUNCTION):
            template["Resources"] |= {"MutantRole": ROLE, **others}
            function["Role"] = {"Fn::GetAtt": ["MutantRole", "Arn"]}
            function["VpcConfig"] = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
            return True
        return False

    return apply


def _mount(template: Template) -> bool:
    for _, target in of_type(template, "AWS::EFS::MountTarget"):
        template["Resources"]["MutantPoint"] = {
            "Type": "AWS::EFS::AccessPoint",
            "Properties": {"FileSystemId": target["FileSystemId"]},
        }
        mounted = {"Arn": {"Fn::GetAtt": ["MutantPoint", "Arn"]}, "LocalMountPath": "/mnt/data"}
        template["Resources"]["MutantFunction"] = {"Type": FUNCTION, "Properties": {"FileSystemConfigs": [mounted]}}
        return True
    return False


def _notify(name: str) -> dict[str, Any]:
    configuration = {"Event": "s3:ObjectCreated:*", "Function": {"Fn::GetAtt": [name, "Arn"]}}
    return {"NotificationConfiguration": {"LambdaConfigurations": [configuration]}}


def _trust_another_service(template: Template) -> bool:
    for _, task in of_type(template, TASK):
        name = (get(task, "TaskRoleArn.Fn::GetAtt") or [""])[0]
        if name in template["Resources"]:
            document = template["Resources"][name]["Properties"]["AssumeRolePolicyDocument"]
            document["Statement"][0]["Principal"] = {"Service": "ecs.amazonaws.com"}
            return True
    return False


DEFECTS: Final = (
    Defect("lambda-vpc-permissions", "basic role", not_at_edge(_move_into_vpc()), FUNCTION),
    Defect("lambda-vpc-waits-for-policy", "policy", not_at_edge(_move_into_vpc(MutantPolicy=POLICY)), FUNCTION),
    Defect("lambda-waits-for-mount-targets", "mounts", _mount, "AWS::EFS::MountTarget"),
    Defect(
        "s3-notification-permission",
        "none",
        add_resource("MutantBucket", BUCKET, _notify, beside=FUNCTION),
        FUNCTION,
    ),
    Defect("s3-acl-ownership", "public", set_properties(BUCKET, {"AccessControl": "PublicRead"}), BUCKET),
    Defect("iam-trusted-service", "ecs", _trust_another_service, TASK),
)
