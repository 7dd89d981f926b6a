"""The account, its bootstrap stack, and the state of the stack."""

from dataclasses import replace
from typing import Any

from patternbook.preflight.stack import Assembly
from tests.preflight.world import ACCOUNT_ID, Case, Refused, resource

QUEUE = {"Queue": resource("AWS::SQS::Queue")}
VERSION = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP = {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": VERSION}}
ROLE = "cdk-hnb659fds-file-publishing-role-${AWS::AccountId}-us-east-1"
ASSETS: dict[str, Any] = {
    "files": {
        "a": {
            "destinations": {
                "here": {
                    "bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-us-east-1",
                    "assumeRoleArn": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{ROLE}",
                }
            }
        }
    },
    "dockerImages": {"b": {"destinations": {"here": {"repositoryName": "cdk-hnb659fds-container-assets"}}}},
}
ASSEMBLY = Assembly(bootstrap_version=21, bootstrap_parameter=VERSION, assets=ASSETS)


def parameter(value: str) -> dict[str, Any]:
    return {"ssm.get_parameters": {"Parameters": [{"Name": VERSION, "Value": value}]}}


NOTHING: dict[str, Any] = {"ssm.get_parameters": {"Parameters": [], "InvalidParameters": [VERSION]}}
REPOSITORY = {"ecr.describe_repositories": {"repositories": [{"repositoryName": "cdk-hnb659fds-container-assets"}]}}
AMI = {"Ami": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/aws/service/ecs/image_id"}}


def stack_is(status: str, *resources: str) -> dict[str, Any]:
    return {
        "cloudformation.describe_stacks": {
            "Stacks": [{"StackName": "Web", "StackStatus": status, "CreationTime": "2026-11-29T00:00:00Z"}]
        },
        "cloudformation.list_stack_resources": {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": f"{name}-physical",
                    "ResourceType": "AWS::SQS::Queue",
                    "ResourceStatus": "CREATE_COMPLETE",
                    "LastUpdatedTimestamp": "2026-11-29T00:00:00Z",
                }
                for name in resources
            ]
        },
    }


def make_bucket(session: Any) -> None:
    session.client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT_ID}-us-east-1")


def nothing(_session: Any) -> None:
    """An account that moto makes, and that is empty."""


def make_role(session: Any) -> None:
    session.client("iam").create_role(
        RoleName=f"cdk-hnb659fds-file-publishing-role-{ACCOUNT_ID}-us-east-1", AssumeRolePolicyDocument="{}"
    )


version = Case("bootstrap-version", "fine", "has version 21, and the stack needs 6", QUEUE, parameter("21"))
version = replace(version, parameters=BOOTSTRAP)
state = Case("stack-state", "fine", "is UPDATE_COMPLETE, and has 2 resources", QUEUE, stack_name="Web")
state = replace(state, given=stack_is("UPDATE_COMPLETE", "A", "B"))
assets = Case("bootstrap-assets", "fine", "exists", QUEUE, REPOSITORY, make_bucket, assembly=ASSEMBLY)
role = Case("bootstrap-roles", "fine", "exists", QUEUE, before=make_role, assembly=ASSEMBLY)
CASES = (
    Case("account", "fine", "of account 123456789012", QUEUE),
    Case("account", "fine", "of account 123456789012", QUEUE, assembly=Assembly(account_id=ACCOUNT_ID)),
    Case("account", "stops", "for account 999999999999", QUEUE, assembly=Assembly(account_id="999999999999")),
    Case("account", "stops", "for eu-west-1, but us-east-1", QUEUE, assembly=Assembly(region="eu-west-1")),
    version,
    replace(version, assembly=ASSEMBLY, says="has version 21, and the stack needs 21"),
    replace(version, assembly=ASSEMBLY, given=parameter("20"), verdict="stops", says="version 20, and the stack needs"),
    replace(version, given=NOTHING, verdict="stops", says="us-east-1 is not bootstrapped"),
    replace(version, given=parameter("?"), verdict="unknown", says="is no version"),
    assets,
    replace(assets, before=nothing, verdict="stops", says="is not one of the account"),
    replace(
        assets,
        given={"ecr.describe_repositories": Refused("RepositoryNotFoundException")},
        verdict="stops",
        says="The repository cdk-hnb659fds-container-assets for images of the app does not exist",
    ),
    role,
    replace(role, before=nothing, verdict="stops", says="does not exist"),
    state,
    replace(state, given={"cloudformation.describe_stacks": Refused("ValidationError")}, says="There is no stack Web"),
    replace(state, stack_name="", verdict="unknown", says="does not say the name of its stack"),
    replace(
        state,
        given={"cloudformation.describe_stacks": Refused("AccessDenied")},
        verdict="unknown",
        says="could not ask: needs cloudformation:DescribeStacks",
    ),
    *(
        replace(state, given=stack_is(status), verdict=verdict, says=f"is {status}")
        for status, verdict in {
            "CREATE_COMPLETE": "fine",
            "UPDATE_ROLLBACK_COMPLETE": "fine",
            "IMPORT_COMPLETE": "fine",
            "ROLLBACK_COMPLETE": "may",
            "ROLLBACK_FAILED": "may",
            "CREATE_FAILED": "may",
            "UPDATE_FAILED": "may",
            "REVIEW_IN_PROGRESS": "fine",
            "ROLLBACK_IN_PROGRESS": "stops",
            "UPDATE_IN_PROGRESS": "stops",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "stops",
            "UPDATE_ROLLBACK_FAILED": "stops",
            "DELETE_FAILED": "stops",
        }.items()
    ),
    Case(
        "parameters",
        "fine",
        "is ami-1",
        QUEUE,
        {"ssm.get_parameters": {"Parameters": [{"Name": "/aws/service/ecs/image_id", "Value": "ami-1"}]}},
        parameters=AMI,
    ),
    Case(
        "parameters",
        "stops",
        "does not exist in us-east-1",
        QUEUE,
        {"ssm.get_parameters": {"Parameters": []}},
        parameters=AMI,
    ),
    Case(
        "parameters",
        "unknown",
        "could not ask: needs ssm:GetParameters",
        QUEUE,
        {"ssm.get_parameters": Refused("AccessDeniedException")},
        parameters=AMI,
    ),
    Case("parameters", "unknown", "Name has no default", QUEUE, parameters={"Name": {"Type": "String"}}),
    Case(
        "whole-template",
        "unknown",
        "The nested stack Inner",
        {"Inner": resource("AWS::CloudFormation::Stack", TemplateURL="https://example.com/t")},
    ),
    Case(
        "whole-template",
        "unknown",
        "A macro or a loop",
        {**QUEUE, "Fn::ForEach::Queues": ["X", ["A"], {"${X}": resource("AWS::SQS::Queue")}]},
        document={"Transform": "AWS::LanguageExtensions"},
    ),
)
