"""Rung 6: IAM would accept every policy in the templates. Its actions exist, and match the types of the resources."""

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import app
from patternbook.posture import POSTURES
from patternbook.preflight.catalogue import QUESTIONS
from patternbook.preflight.policy import policy_of
from tests.policy.conftest import Templates

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)  # it does not close its files
    import parliament

SERVICES = {
    "efs": "elasticfilesystem",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "kinesisfirehose": "firehose",
    "stepfunctions": "states",
}
"""The names of services in IAM, by the lower-case name in CloudFormation, if they differ."""
ARNS = {
    *("AWS::Lambda::Alias", "AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"),
}
"""The types of which ``Ref`` returns an ARN, as far as policies name them."""
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
}
ACCEPTED = {
    # This action is newer than the linter's data:
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonECSInstanceRolePolicyForManagedInstances.html
    "Unknown action ecs:PutSystemLogEvents",
    # So is this one: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
    "Unknown action cloudformation:DescribeEvents",
    # AWS documents this comparison: https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    "Type mismatch: StringEquals requires a value of type String but given Arn",
    # The CDK grants this action on a single parameter. IAM ignores that, because the action needs all resources.
    "ssm:DescribeParameters is for * only",
    # IAM's tables list no resource for this action, and it is denied on the state machine, so it can be allowed on it:
    # https://github.com/aws/aws-cdk/pull/8486, https://github.com/NOAA-OWP/hydrovis/issues/837
    "states:SendTaskHeartbeat is for * only",
    # Lambda makes network interfaces by the role of a function in a VPC, and their ids are not known before. The code
    # of the function is denied the same: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    "['ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', "
    "'ec2:UnassignPrivateIpAddresses']",
}
"""Findings of the linter that are not defects."""

ALARMS = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}


class Policies:
    """The policies of a template. Values that only a deployment knows are replaced by examples of the same kind."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.resources: dict[str, dict[str, Any]] = template["Resources"]

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                yield name, self.known(properties["PolicyDocument"])
            for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
                yield name, self.known(policy["PolicyDocument"])

    def known(self, value: Any) -> Any:
        match value:
            case list():
                return [self.known(item) for item in value]
            case {"Ref": str(name)}:
                return PSEUDO.get(name) or self.name_or_arn(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self.arn(name) if attribute.endswith("Arn") else "something"
            case {"Fn::Join": [str(between), list(parts)]}:
                return between.join(str(self.known(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([\w:]+)\}", lambda found: self.known({"Ref": found[1]}), text)
            case {"Fn::Select": _}:
                return "something"
            case dict():
                return {key: self.known(item) for key, item in value.items()}
        return value

    def name_or_arn(self, name: str) -> str:
        """The value of ``Ref``: an ARN for some types, and a name for most."""
        kind = self.resources[name]["Type"]
        return self.arn(name) if kind in ARNS else "something"

    def arn(self, name: str) -> str:
        service = self.resources[name]["Type"].split("::")[1].lower()
        return f"arn:aws:{SERVICES.get(service, service)}:*:*:*"


def findings(document: dict[str, Any]) -> set[str]:
    """All findings of the linter about a policy."""
    said = set()
    for each in parliament.analyze_policy_string(json.dumps(document)).findings:
        if each.issue == "RESOURCE_MISMATCH":
            said |= {f"{one['action']} is for {one['required_format']} only" for one in each.detail}
        else:
            said.add(str(each.detail) or each.issue)
    return said


@pytest.mark.parametrize("options", ["defaults", "every option"])
@pytest.mark.parametrize("posture", POSTURES)
def test_policies_in_templates(templates: Templates, posture: str, options: str) -> None:
    found = templates(posture, options).values()
    assert len(found) == len(app.PATTERNS)
    documents = [(name, document) for template in found for name, document in Policies(template)]
    assert len(documents) > len(app.PATTERNS)
    assert [(name, said) for name, document in documents for said in findings(document) - ACCEPTED] == []


def _is_queue(subscription: Mapping[str, Any]) -> bool:
    """Whether a topic of events, which S3 publishes to, delivers to a queue. Topics of alarms send e-mails."""
    return subscription["Properties"]["Protocol"] == "sqs"


@pytest.mark.parametrize("options", ["defaults", "every option"])
def test_keys_allow_only_the_services_that_use_them(templates: Templates, options: str) -> None:
    wrong = {}
    for stack, template in templates("production", options).items():
        resources = template["Resources"].values()
        has_logs = any(each["Type"] == "AWS::Logs::LogGroup" and "KmsKeyId" in each["Properties"] for each in resources)
        has_alarms = any(each["Type"] in ALARMS and each["Properties"].get("AlarmActions") for each in resources)
        allowed = {
            str(Policies(template).known(statement["Principal"]["Service"])).partition(".")[0]
            for each in resources
            if each["Type"] == "AWS::KMS::Key" and "Data at rest" in str(each["Properties"]["Description"])
            for statement in each["Properties"]["KeyPolicy"]["Statement"]
            if "Service" in statement["Principal"]
        }
        subscriptions = [each for each in resources if each["Type"] == "AWS::SNS::Subscription"]
        has_events = any(_is_queue(each) for each in subscriptions)
        has_undelivered = any("RedrivePolicy" in each["Properties"] for each in subscriptions)
        has_workflow = any(each["Type"] == "AWS::StepFunctions::StateMachine" for each in resources)
        used = {
            *["logs"] * has_logs,
            *["cloudwatch"] * has_alarms,
            *["s3", "sns"] * has_events,
            *["sns"] * has_undelivered,
            *["delivery"] * has_workflow,
        }
        if allowed != used:
            wrong[stack] = (allowed, used)
    assert wrong == {}


def test_every_accepted_finding_still_occurs(templates: Templates) -> None:
    """An exception without a finding must be removed."""
    found = templates("sandbox", "every option").values()
    said = {each for template in found for _, document in Policies(template) for each in findings(document)}
    assert said == ACCEPTED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Action": "s3:GetObjekt"}, "Unknown action s3:GetObjekt"),
        ({"Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}, r"s3:GetObject is for arn:\*:s3:::"),
        ({"Effect": "Permit"}, "Effect"),
        ({"Condition": {"StringEquals": {"s3:Nonsense": "x"}}}, "s3:Nonsense"),
    ],
)
def test_the_linter_finds_defects(change: dict[str, Any], says: str) -> None:
    bucket = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": bucket}
    resources = {"Bucket": {"Type": "AWS::S3::Bucket"}, "Queue": {"Type": "AWS::SQS::Queue"}}

    def said(statement: dict[str, Any]) -> set[str]:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}
        [(_, known)] = Policies({"Resources": {**resources, "Policy": policy}})
        return findings(known)

    assert said(statement) == set()
    assert re.search(says, "\n".join(said({**statement, **change})))


def test_the_policy_of_the_preflight_has_actions_of_aws_and_their_resources() -> None:
    policy = json.dumps(policy_of(QUESTIONS))
    assert [str(each) for each in parliament.analyze_policy_string(policy).findings] == []
    for written, wrong, issue in (
        ("iam:GetRole", "iam:GetRoles", "UNKNOWN_ACTION"),
        ("arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*", "RESOURCE_MISMATCH"),
    ):
        findings = parliament.analyze_policy_string(policy.replace(written, wrong)).findings
        assert issue in {each.issue for each in findings}
