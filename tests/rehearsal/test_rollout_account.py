"""What a rollout asks an account: its change sets, and which of a stack's alarms ring."""

import json
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.account import ACCOUNT_ID, REGION, EmulatedAccount
from tests.rehearsal.templates import STACK, Stack, of
from tools.rollout_account import Aws, RolloutError, StackOf

LOOKUP_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/cdk-hnb659fds-lookup-role-{ACCOUNT_ID}-{REGION}"
DEPLOYED = StackOf(path=f"live/{STACK}", name=STACK, region=REGION, lookup_role=LOOKUP_ROLE, template=Path("none"))
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "Period": 60,
    "Namespace": "Nobody",  # the functions of other tests send metrics into this account
    "MetricName": "Errors",
    "Statistic": "Sum",
}


@pytest.fixture
def aws(account: EmulatedAccount, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in account.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return Aws()


def test_only_alarms_of_the_stack_ring(aws: Aws, account: EmulatedAccount, stack: Stack) -> None:
    stack.deploy({name: of("CloudWatch::Alarm", **ALARM) for name in ("Quiet", "Loud")})
    cloudwatch = account.session.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="of-another-stack", **ALARM)
    state = {"StateValue": "ALARM", "StateReason": "a test"}
    cloudwatch.set_alarm_state(AlarmName="of-another-stack", **state)
    assert aws.ringing(DEPLOYED) == []
    loud = stack.id_of("Loud")
    cloudwatch.set_alarm_state(AlarmName=loud, **state)
    assert aws.ringing(DEPLOYED) == [loud]
    cloudwatch.delete_alarms(AlarmNames=["of-another-stack"])


def test_a_change_set_that_is_gone_is_one_message(aws: Aws, stack: Stack) -> None:
    stack.deploy({"Topic": of("SNS::Topic")})
    template = json.dumps({"Resources": {"Topic": of("SNS::Topic", DisplayName="Another")}})
    stack.cloudformation.create_change_set(StackName=STACK, ChangeSetName="rollout", TemplateBody=template)
    assert len(aws.change_set(DEPLOYED, "rollout")["Changes"]) == 1
    stack.cloudformation.delete_change_set(StackName=STACK, ChangeSetName="rollout")
    with pytest.raises(RolloutError, match=r"^live/Types in us-east-1 has no change set rollout\. Somebody"):
        aws.change_set(DEPLOYED, "rollout")


def test_a_change_set_of_several_pages_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS answers more than 1 MB in pages.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
    """
    client = boto3.client("cloudformation", REGION, aws_access_key_id="a", aws_secret_access_key="b")
    asked = {"StackName": STACK, "ChangeSetName": "rollout"}
    changes = [
        {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": name, "ResourceType": "X::Y::Z"}}
        for name in ("First", "Second")
    ]
    with Stubber(client) as stubber:
        stubber.add_response("describe_change_set", {"Changes": changes[:1], "NextToken": "more"}, asked)
        stubber.add_response("describe_change_set", {"Changes": changes[1:]}, {**asked, "NextToken": "more"})
        monkeypatch.setattr(Aws, "_client", lambda *_: client)
        found = Aws().change_set(DEPLOYED, "rollout")
    assert (found["Changes"], found["NextToken"]) == (changes, None)
