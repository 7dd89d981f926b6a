"""The key for a stack's data: its own or an existing one, and what the policy of an existing key must have."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template
from pydantic import ValidationError

from patternbook import (
    PRODUCTION,
    SANDBOX,
    AppRunnerService,
    NotificationTopic,
    Posture,
    WorkQueue,
    allow_services,
    data_key,
)
from patternbook.testing.synthesis import refusal, unchecked_app
from stacks.app_runner import AppRunnerStack
from stacks.ecr import EcrStack
from stacks.fargate_efs import FargateEfsSettings, FargateEfsStack

KEY_ID = "1a2b3c4d-1234-1234-1234-123456789012"
KEY_ARN = f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}"
CN_ARN = f"arn:aws-cn:kms:cn-north-1:111122223333:key/{KEY_ID}"
ANY = Match.any_value()


@pytest.fixture
def company(tmp_path: Path) -> cdk.Stack:
    return cdk.Stack(unchecked_app(tmp_path), "Company")


def warning(stack: cdk.Stack) -> str:
    [found] = Annotations.from_stack(stack).find_warning("*", ANY)
    return str(found.entry.data)


def printed(stack: cdk.Stack) -> list[dict[str, Any]]:
    text = warning(stack)
    return json.loads(text[text.index("[\n") : text.index("\n]") + 2])


class TestExistingKey:
    @pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION])
    def test_it_is_used_in_both_postures(self, company: cdk.Stack, posture: Posture) -> None:
        key = data_key(company, "Key", posture=posture, key_arn=KEY_ARN)
        assert key is not None
        assert key.key_arn == KEY_ARN
        NotificationTopic(company, "Topic", key=key)
        template = Template.from_stack(company)
        template.resource_count_is("AWS::KMS::Key", 0)
        template.has_resource_properties("AWS::SNS::Topic", {"KmsMasterKeyId": KEY_ARN})

    def test_the_statements_have_region_and_account_of_the_key_if_the_stack_has_none(self, company: cdk.Stack) -> None:
        data_key(company, "Key", posture=SANDBOX, key_arn=CN_ARN)
        logs, alarms = printed(company)
        assert logs["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}
        group = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:*"
        assert logs["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}}
        assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
        assert "If the stack is in another account than 111122223333, write that one." in warning(company)

    def test_the_statements_have_region_and_account_of_the_stack(self, tmp_path: Path) -> None:
        env = cdk.Environment(account="222233334444", region="eu-west-1")
        stack = cdk.Stack(unchecked_app(tmp_path), "Stack", env=env)
        data_key(stack, "Key", posture=SANDBOX, key_arn=KEY_ARN)
        assert [each["Principal"]["Service"] for each in printed(stack)] == [
            "logs.eu-west-1.amazonaws.com",
            "cloudwatch.amazonaws.com",
        ]
        assert "222233334444" in json.dumps(printed(stack)[1])
        assert "IAM policies of account 222233334444" in warning(stack)
        assert "in another account than" not in warning(stack)

    def test_the_warning_has_the_commands_that_change_the_policy(self, company: cdk.Stack) -> None:
        data_key(company, "Key", posture=SANDBOX, key_arn=KEY_ARN)
        text = warning(company)
        assert f"aws kms get-key-policy --key-id {KEY_ARN} --query Policy --output text > key.json\n" in text
        assert f"aws kms put-key-policy --key-id {KEY_ARN} --policy file://key.json\n" in text

    def test_the_warning_of_a_token_says_how_the_app_adds_the_statements(self, company: cdk.Stack) -> None:
        data_key(company, "Key", posture=SANDBOX, key_arn=cdk.Fn.import_value("Key"))
        assert "call patternbook.allow_services(key)" in warning(company)
        assert "logs.REGION.amazonaws.com" in json.dumps(printed(company))
        assert "Write the Region and the account of the stack in place of REGION and ACCOUNT_ID." in warning(company)
        assert "in another account than" not in warning(company)
        assert "Write aws in place of PARTITION, aws-cn in China, or aws-us-gov in GovCloud." in warning(company)
        assert "aws kms" not in warning(company)

    @pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
    def test_a_token_in_an_app_without_feature_flags(self, region: str, partition: str) -> None:
        stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="222233334444", region=region))
        data_key(stack, "Key", posture=SANDBOX, key_arn=cdk.Fn.import_value("Key"))
        assert f"arn:{partition}:logs:{region}:222233334444:log-group:*" in json.dumps(printed(stack))
        assert "in place of" not in warning(stack)

    def test_the_warning_prints_only_what_the_stack_needs(self, company: cdk.Stack) -> None:
        data_key(company, "Key", posture=SANDBOX, key_arn=KEY_ARN, services=())
        assert "Statement" not in warning(company)
        assert "key policy. The key policy must let IAM policies of account 111122223333" in warning(company)

    def test_the_warning_can_be_acknowledged(self, company: cdk.Stack) -> None:
        data_key(company, "Key", posture=SANDBOX, key_arn=KEY_ARN)
        cdk.Annotations.of(company).acknowledge_warning("patternbook:keyPolicy", "The platform team added it.")
        assert Annotations.from_stack(company).find_warning("*", ANY) == []

    def test_roles_may_use_this_key_and_no_other(self, company: cdk.Stack) -> None:
        """The CDK allows all keys where it takes a key for one of another account or Region."""
        key = data_key(company, "Key", posture=SANDBOX, key_arn=KEY_ARN)
        topic = NotificationTopic(company, "Topic", key=key)
        topic.notify_on_event(company, "Rule", cdk.aws_events.EventPattern(source=["x"]), description="x", message="x")
        [policy] = Template.from_stack(company).find_resources("AWS::IAM::Policy").values()
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert [each["Resource"] for each in statements if "kms:Decrypt" in each["Action"]] == [KEY_ARN]

    @pytest.mark.parametrize(
        ("key_arn", "says"),
        [
            (CN_ARN, "of the partition aws, that of eu-west-1"),
            (KEY_ARN.replace("aws", "aws-cn"), "of the partition aws, that of eu-west-1"),
            (KEY_ARN.replace("eu-west-1", "us-east-2"), "an ARN of eu-west-1, the Region of the stack"),
        ],
    )
    def test_a_construct_says_so_of_a_key_elsewhere(self, tmp_path: Path, key_arn: str, says: str) -> None:
        stack = cdk.Stack(unchecked_app(tmp_path), "Stack", env=cdk.Environment(region="eu-west-1"))
        data_key(stack, "Key", posture=SANDBOX, key_arn=key_arn)
        [error] = Annotations.from_stack(stack).find_error("*", ANY)
        assert f"key_arn must be {says}, got {key_arn}." in str(error.entry.data)

    def test_a_key_of_another_region_is_an_error_of_the_stack(self, tmp_path: Path) -> None:
        env = cdk.Environment(account="111122223333", region="eu-central-1")
        settings = FargateEfsSettings(key_arn=KEY_ARN)
        stack = FargateEfsStack(unchecked_app(tmp_path), "Web", settings=settings, posture=SANDBOX, env=env)
        [error] = Annotations.from_stack(stack).find_error("*", Match.string_like_regexp("key_arn"))
        assert "key_arn must be an ARN of eu-central-1, the Region of the stack, got " in str(error.entry.data)


class TestRefusedKeys:
    @pytest.mark.parametrize("given", ["alias/data", f"arn:aws:kms:eu-west-1:{'1' * 12}:alias/data", KEY_ID])
    def test_an_alias_or_an_id_is_told_how_to_find_the_arn(self, given: str) -> None:
        remedy = refusal(EcrStack, key_arn=given)["key_arn"]
        assert remedy.startswith("Must be an ARN such as ")
        assert remedy.endswith(f"aws kms describe-key --key-id {given} --query KeyMetadata.Arn --output text")

    def test_anything_else_is_not_put_into_a_command(self) -> None:
        assert "describe-key" not in refusal(EcrStack, key_arn="alias/a; rm -r")["key_arn"]

    @pytest.mark.parametrize(
        ("partition", "region", "right"),
        [("aws-cn", "eu-west-1", "aws"), ("aws", "cn-north-1", "aws-cn"), ("aws", "us-gov-west-1", "aws-us-gov")],
    )
    def test_the_partition_is_that_of_the_region(self, partition: str, region: str, right: str) -> None:
        remedy = refusal(EcrStack, key_arn=f"arn:{partition}:kms:{region}:111122223333:key/{KEY_ID}")["key_arn"]
        assert f" {region} belongs to the partition {right}, not {partition}." in remedy
        assert remedy.endswith(f" Write arn:{right}:kms:{region}:…")

    def test_a_region_that_is_not_known_yet_is_in_any_partition(self) -> None:
        FargateEfsSettings(key_arn=f"arn:aws:kms:eu-weast-9:111122223333:key/{KEY_ID}")

    def test_app_runner_refuses_a_multi_region_key(self, company: cdk.Stack) -> None:
        multi_region = f"arn:aws:kms:eu-west-1:111122223333:key/mrk-{'0' * 32}"
        remedy = refusal(AppRunnerStack, key_arn=multi_region)["key_arn"]
        assert remedy.startswith("key_arn must be a single-Region key, got ")
        key = kms.Key.from_key_arn(company, "Key", multi_region)
        with pytest.raises(ValueError, match="must be a single-Region key"):
            AppRunnerService(company, "Service", image="public.ecr.aws/a/b:1", key=key)
        FargateEfsSettings(key_arn=multi_region)

    def test_a_token_of_a_number_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="one whole token of the CDK"):
            FargateEfsSettings.model_validate({"key_arn": cdk.Token.as_number({"Ref": "X"})})


class TestKeyOfTheApp:
    def test_allow_services_adds_what_the_own_key_of_a_stack_has(self, company: cdk.Stack) -> None:
        shared = kms.Key(company, "Shared")
        allow_services(shared)  # ty: ignore[invalid-argument-type]
        data_key(company, "Own", posture=PRODUCTION)
        first, second = Template.from_stack(company).find_resources("AWS::KMS::Key").values()
        assert first["Properties"]["KeyPolicy"] == second["Properties"]["KeyPolicy"]
        assert len(first["Properties"]["KeyPolicy"]["Statement"]) == 3

    def test_allow_services_refuses_an_imported_key(self, company: cdk.Stack) -> None:
        imported = kms.Key.from_key_arn(company, "Key", KEY_ARN)
        with pytest.raises(RuntimeError, match="Unable to add statement"):
            allow_services(imported)

    def test_constructs_leave_the_policy_of_a_key_of_another_stack(self, company: cdk.Stack) -> None:
        app = cdk.App.of(company)
        assert isinstance(app, cdk.App)
        key = kms.Key(company, "Key")
        other = cdk.Stack(app, "Other")
        WorkQueue(other, "Work", posture=SANDBOX, key=key)  # ty: ignore[invalid-argument-type]
        NotificationTopic(other, "Topic", key=key)  # ty: ignore[invalid-argument-type]
        app.synth()
        [made] = Template.from_stack(company).find_resources("AWS::KMS::Key").values()
        assert len(made["Properties"]["KeyPolicy"]["Statement"]) == 1
