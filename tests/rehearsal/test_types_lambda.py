"""Lambda functions and CodeDeploy deployment groups in the emulated account."""

from contextlib import suppress
from typing import Any

import pytest

from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    trust,
)


def works(*, memory: int = 256, versions: tuple[str, ...] = ("One",), **changed: Any) -> dict[str, Any]:
    """A function with versions, and an alias for the last of ``versions``."""
    function = of(
        "Lambda::Function",
        Code={"ZipFile": "def handler(event, context): ..."},
        Handler="index.handler",
        LoggingConfig={"LogGroup": ref("Logs")},
        MemorySize=memory,
        Role=get_att("Role", "Arn"),
        Runtime="python3.14",
        **changed.get("function", {}),
    )
    alias = of(
        "Lambda::Alias",
        FunctionName=ref("Function"),
        FunctionVersion=get_att(versions[-1], "Version"),
        Name="live",
        **changed.get("alias", {}),
    )
    return {
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")),
        "Logs": of("Logs::LogGroup", RetentionInDays=7),
        "Key": of("KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Function": function,
        **{name: of("Lambda::Version", FunctionName=ref("Function")) for name in versions},
        "Alias": alias,
        **changed.get("more", {}),
    }


def test_functions_and_their_aliases(stack: Stack) -> None:
    def read() -> Any:
        client, name = stack.client("lambda"), stack.id_of("Function")
        by_alias = client.get_function_configuration(FunctionName=name, Qualifier="live")
        key = by_alias.get("KMSKeyArn", "").rpartition("/")[2]
        assert key in ("", stack.id_of("Key"))
        reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        provisioned = None
        with suppress(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
            found = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
            provisioned = found["RequestedProvisionedConcurrentExecutions"]
        return by_alias["MemorySize"], bool(key), reserved, provisioned

    second = works(
        memory=512,
        versions=("Two",),
        function={"KmsKeyArn": get_att("Key", "Arn"), "ReservedConcurrentExecutions": "5"},
        alias={"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 5}},
    )
    assert check_life_cycle(stack, works(), second, read) == ((256, False, None, None), (512, True, 5, 5))


def with_policy(resources: Resources, policy: str) -> Resources:
    return {
        name: {**resource, "DeletionPolicy": policy} if resource["Type"] == "AWS::Lambda::Version" else resource
        for name, resource in resources.items()
    }


@pytest.mark.parametrize("policy", ["Delete", "RetainExceptOnCreate"])
def test_a_function_is_published_again_after_a_roll_back(stack: Stack, policy: str) -> None:
    stack.deploy(works())
    changed = with_policy(works(memory=512, versions=("Two",)), policy)
    stack.roll_back(changed)
    stack.deploy(changed)
    versions = stack.client("lambda").list_versions_by_function(FunctionName=stack.id_of("Function"))["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "3"]


def test_a_version_that_a_roll_back_retained_blocks_the_retry(stack: Stack) -> None:
    stack.deploy(works())
    changed = with_policy(works(memory=512, versions=("Two",)), "Retain")
    stack.roll_back(changed)
    with pytest.raises(AssertionError, match=r"A version for this Lambda function exists \( 2 \)"):
        stack.deploy(changed)


def test_the_same_function_is_not_published_twice(stack: Stack) -> None:
    with pytest.raises(AssertionError, match=r"A version for this Lambda function exists \( 1 \)"):
        stack.deploy(works(versions=("One", "Two")))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"function": {"ReservedConcurrentExecutions": 901}}, r"below its minimum value of \[100\]"),
        ({"function": {"KmsKeyArn": "arn:aws:kms:us-east-1:1:key/missing"}}, "KMS key not found: .*missing"),
        ({"function": {"LoggingConfig": {"LogGroup": "missing"}}}, "No log group missing"),
        ({"function": {"Role": "arn:missing"}}, "cannot be assumed by Lambda: arn:missing"),
        ({"alias": {"FunctionVersion": "9"}}, "Function not found: .*:9"),
        (
            {
                "function": {"ReservedConcurrentExecutions": 1},
                "alias": {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}},
            },
            "should not be greater than the reservedConcurrentExecution",
        ),
    ],
)
def test_lambda_refuses_invalid_properties(stack: Stack, wrong: dict[str, dict[str, Any]], message: str) -> None:
    resources = works()
    resources["Function"]["Properties"].update(wrong.get("function", {}))
    resources["Alias"]["Properties"].update(wrong.get("alias", {}))
    with pytest.raises(AssertionError, match=message):
        stack.deploy(resources)


def test_provisioned_concurrency_scales(stack: Stack) -> None:
    def resources(most: int, function: str | None = None) -> Resources:
        resource = {"Fn::Join": [":", ["function", function or ref("Function"), "live"]]}
        target = of(
            "ApplicationAutoScaling::ScalableTarget",
            MaxCapacity=most,
            MinCapacity=1,
            ResourceId=resource,
            ScalableDimension="lambda:function:ProvisionedConcurrency",
            ServiceNamespace="lambda",
        )
        return works(more={"Target": {**target, "DependsOn": ["Alias"]}})

    def read() -> Any:
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"])
        assert target["ResourceId"] == f"function:{stack.id_of('Function')}:live"
        return target["MaxCapacity"]

    assert check_life_cycle(stack, resources(2), resources(3), read) == (2, 3)
    with pytest.raises(AssertionError, match="Lambda alias doesn't exist: function:missing:live"):
        stack.deploy(resources(2, "missing"))


# CodeDeploy


def deployments(*, how: str = "AllAtOnce", **changed: Any) -> dict[str, Any]:
    alarm = of(
        "CloudWatch::Alarm",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=0,
    )
    group = of(
        "CodeDeploy::DeploymentGroup",
        ApplicationName=ref("Application"),
        DeploymentConfigName=f"CodeDeployDefault.Lambda{how}",
        DeploymentStyle={"DeploymentOption": "WITH_TRAFFIC_CONTROL", "DeploymentType": "BLUE_GREEN"},
        ServiceRoleArn=get_att("Role", "Arn"),
        **changed,
    )
    return {
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("codedeploy.amazonaws.com")),
        "Application": of("CodeDeploy::Application", ComputePlatform="Lambda"),
        "Alarm": alarm,
        "Group": group,
    }


def test_deployment_groups(stack: Stack) -> None:
    def read() -> Any:
        client, application, group = stack.client("codedeploy"), stack.id_of("Application"), stack.id_of("Group")
        found = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
        info = found["deploymentGroupInfo"]
        assert (info["applicationName"], info["deploymentGroupName"]) == (application, group)
        assert client.get_application(applicationName=application)["application"]["computePlatform"] == "Lambda"
        alarms = info.get("alarmConfiguration", {})
        assert [alarm["name"] for alarm in alarms.get("alarms", [])] in ([], [stack.id_of("Alarm")])
        rollback = info.get("autoRollbackConfiguration", {})
        return info["deploymentConfigName"], alarms.get("enabled"), rollback.get("events")

    second = deployments(
        how="Canary10Percent5Minutes",
        AlarmConfiguration={"Alarms": [{"Name": ref("Alarm")}], "Enabled": True},
        AutoRollbackConfiguration={"Enabled": True, "Events": ["DEPLOYMENT_FAILURE"]},
    )
    assert check_life_cycle(stack, deployments(), second, read) == (
        ("CodeDeployDefault.LambdaAllAtOnce", None, None),
        ("CodeDeployDefault.LambdaCanary10Percent5Minutes", True, ["DEPLOYMENT_FAILURE"]),
    )
    client = stack.client("codedeploy")
    with pytest.raises(client.exceptions.ApplicationDoesNotExistException):
        client.get_application(applicationName="gone")
    with pytest.raises(client.exceptions.DeploymentGroupDoesNotExistException):
        client.get_deployment_group(applicationName="gone", deploymentGroupName="gone")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ApplicationName": "missing"}, "No application found for name: missing"),
        ({"ServiceRoleArn": "arn:missing"}, "CodeDeploy cannot assume arn:missing"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": "missing"}], "Enabled": True}}, "No alarm missing"),
    ],
)
def test_codedeploy_refuses_invalid_properties(stack: Stack, wrong: dict[str, Any], message: str) -> None:
    resources = deployments()
    resources["Group"]["Properties"].update(wrong)
    with pytest.raises(AssertionError, match=message):
        stack.deploy(resources)
