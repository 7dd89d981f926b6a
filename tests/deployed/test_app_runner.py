"""What a person would look at once ``AppRunnerStack`` is deployed."""

from tests.deployed.stack import DeployedStack

STACK = "AppRunnerStack"


def test_the_service_runs(stack: DeployedStack) -> None:
    arn = stack.only("AWS::AppRunner::Service")
    service = stack.client("apprunner").describe_service(ServiceArn=arn)["Service"]
    assert service["Status"] == "RUNNING"
