"""State machines in the emulated account: versions, aliases, executions and redrives."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.templates import Stack, check_life_cycle, get_att, of, ref

ROLE = of("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []})
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def machine(*names: str, **properties: Any) -> dict[str, Any]:
    """A state machine that passes these states."""
    following = [*names[1:], None]
    states = {
        name: {"Type": "Pass", **({"Next": after} if after else {"End": True})}
        for name, after in zip(names, following, strict=True)
    }
    text = json.dumps({"StartAt": names[0], "States": states})
    return of("StepFunctions::StateMachine", RoleArn=get_att("Role", "Arn"), DefinitionString=text, **properties)


def deployed(*names: str) -> dict[str, Any]:
    version = of(
        "StepFunctions::StateMachineVersion",
        StateMachineArn=ref("Machine"),
        StateMachineRevisionId=get_att("Machine", "StateMachineRevisionId"),
    )
    preference = {"StateMachineVersionArn": ref("Version"), "Type": "ALL_AT_ONCE"}
    alias = of("StepFunctions::StateMachineAlias", Name="live", DeploymentPreference=preference)
    return {"Role": ROLE, "Machine": machine(*names), "Version": version, "Alias": alias}


def test_an_alias_moves_to_the_version_of_a_new_definition(stack: Stack) -> None:
    def read() -> Any:
        client = stack.client("stepfunctions")
        found = client.describe_state_machine_alias(stateMachineAliasArn=stack.id_of("Alias"))
        [routed] = found["routingConfiguration"]
        version = client.describe_state_machine(stateMachineArn=routed["stateMachineVersionArn"])
        assert version["stateMachineArn"] != stack.id_of("Machine")
        return [*json.loads(version["definition"])["States"]]

    assert check_life_cycle(stack, deployed("One"), deployed("One", "Two"), read) == (["One"], ["One", "Two"])


def test_logging_and_tracing(stack: Stack) -> None:
    group = {"Group": of("Logs::LogGroup"), "Role": ROLE}
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": get_att("Group", "Arn")}}
    logging = {"Level": "ALL", "IncludeExecutionData": "false", "Destinations": [destination]}

    def read() -> Any:
        found = stack.client("stepfunctions").describe_state_machine(stateMachineArn=stack.id_of("Machine"))
        return found["loggingConfiguration"]["level"], found["tracingConfiguration"]["enabled"]

    on = {**group, "Machine": machine("A", LoggingConfiguration=logging, TracingConfiguration={"Enabled": "true"})}
    assert check_life_cycle(stack, {**group, "Machine": machine("A")}, on, read) == (("OFF", False), ("ALL", True))


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"RoleArn": "arn:aws:iam::111122223333:role/other"}, "authorized to assume"),
        (
            {
                "LoggingConfiguration": {
                    "Destinations": [
                        {"CloudWatchLogsLogGroup": {"LogGroupArn": "arn:aws:logs:us-east-1:111122223333:log-group:a:*"}}
                    ]
                }
            },
            "log group a does not exist",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(stack: Stack, properties: dict[str, Any], message: str) -> None:
    made = machine("A")
    made["Properties"] |= properties
    with pytest.raises(AssertionError, match=message):
        stack.deploy({"Role": ROLE, "Machine": made})


def test_a_stopped_execution_is_redriven_and_asks_again(stack: Stack) -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": ASK,
                "TimeoutSeconds": 600,
                "Arguments": {"QueueUrl": "${Queue}", "MessageBody": "{% $states.context.Task.Token %}"},
                "Assign": {"answer": "{% $states.result %}"},
                "Next": "Done",
            },
            "Done": {"Type": "Succeed", "Output": {"answer": "{% $answer %}"}},
        },
    }
    properties = {"DefinitionString": json.dumps(definition), "DefinitionSubstitutions": {"Queue": ref("Queue")}}
    made = of("StepFunctions::StateMachine", RoleArn=get_att("Role", "Arn"), **properties)
    stack.deploy({"Role": ROLE, "Queue": of("SQS::Queue"), "Machine": made})
    states, sqs = stack.client("stepfunctions"), stack.client("sqs")

    def token() -> str:
        [message] = sqs.receive_message(QueueUrl=stack.id_of("Queue"), WaitTimeSeconds=5)["Messages"]
        return message["Body"]

    arn = states.start_execution(stateMachineArn=stack.id_of("Machine"), name="o-1")["executionArn"]
    first = token()
    with pytest.raises(ClientError, match="ExecutionNotRedrivable"):
        states.redrive_execution(executionArn=arn)
    states.stop_execution(executionArn=arn)
    states.redrive_execution(executionArn=arn)
    second = token()
    assert second != first
    with pytest.raises(ClientError):
        states.send_task_success(taskToken=first, output="false")
    states.send_task_success(taskToken=second, output="true")
    deadline = time.monotonic() + 20
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"answer": True})
