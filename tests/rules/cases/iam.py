"""Cases for the rules of IAM."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource


def trusting(*services: Any) -> dict[str, Any]:
    """A role that trusts services."""
    principal = {"Service": services[0] if len(services) == 1 else list(services)}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [statement]})


ROLES: Final[dict[str, Any]] = {
    "Tasks": trusting("ecs-tasks.amazonaws.com"),
    "Functions": trusting("lambda.amazonaws.com", "edgelambda.amazonaws.com"),
    "Nodes": trusting({"Fn::Sub": "ec2.${AWS::URLSuffix}"}),
    "Build": trusting("build.apprunner.amazonaws.com"),
    "Deploy": trusting("codedeploy.eu-west-1.amazonaws.com"),
    "Task": resource(
        "AWS::ECS::TaskDefinition",
        ContainerDefinitions=[],
        TaskRoleArn=att("Tasks", "Arn"),
        ExecutionRoleArn=att("Tasks", "Arn"),
    ),
    "Function": resource("AWS::Lambda::Function", Role=att("Functions", "Arn")),
    "Group": resource("AWS::EKS::Nodegroup", ClusterName="main", NodeRole=att("Nodes", "Arn")),
    "Service": resource(
        "AWS::AppRunner::Service",
        SourceConfiguration={"AuthenticationConfiguration": {"AccessRoleArn": att("Build", "Arn")}},
    ),
    "Deployments": resource("AWS::CodeDeploy::DeploymentGroup", ServiceRoleArn=att("Deploy", "Arn")),
}
PRINCIPAL: Final = "AssumeRolePolicyDocument.Statement.0.Principal"

CASES: Final[Mapping[str, Case]] = {
    "iam-trusted-service": case(
        ROLES,
        {f"Tasks.{PRINCIPAL}.Service": "ecs.amazonaws.com"},
        {f"Functions.{PRINCIPAL}.Service": ["ec2.amazonaws.com"]},
        {f"Build.{PRINCIPAL}.Service": "apprunner.amazonaws.com"},
        {f"Build.{PRINCIPAL}.Service": "tasks.apprunner.amazonaws.com"},
        {f"Nodes.{PRINCIPAL}.Service": "eks.amazonaws.com"},
        {f"Deploy.{PRINCIPAL}.Service": "ec2.amazonaws.com"},
        {"Task.ExecutionRoleArn": att("Functions", "Arn")},
        {
            "Group": REMOVED,
            "Profile": resource("AWS::EKS::FargateProfile", PodExecutionRoleArn=att("Nodes", "Arn")),
            f"Nodes.{PRINCIPAL}.Service": "eks-fargate.amazonaws.com",
        },
        harmless=(
            {f"Tasks.{PRINCIPAL}": {"AWS": "arn:aws:iam::111122223333:root"}},
            {f"Tasks.{PRINCIPAL}": "*"},
            {f"Tasks.{PRINCIPAL}.Service": ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]},
            {f"Tasks.{PRINCIPAL}.Service": ref("Parameter")},
            {"Task.TaskRoleArn": "arn:aws:iam::111122223333:role/elsewhere"},
        ),
    ),
}
