"""The promises of stacks/lambda_concurrency."""

import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from patternbook import SANDBOX, LiveFunction, LogGroup, Provisioned
from patternbook.aws_lambda.package import check_handler, check_package
from patternbook.aws_lambda.provisioned_concurrency import Schedule
from patternbook.data.tables import KEY_ACTIONS as TABLE_KEY_ACTIONS
from patternbook.limits import aws_lambda as lambda_limits
from patternbook.limits.aws_lambda import MB, QUOTAS, check_environment, environment_bytes
from patternbook.testing.alarms import check_that_alarms_notify, expression_of, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app, variant
from stacks.lambda_concurrency import LambdaConcurrencyStack
from stacks.lambda_concurrency.demonstration import CODE as DEMONSTRATION
from stacks.lambda_concurrency.demonstration import LONGEST_VARIABLES

PATTERN = LambdaConcurrencyStack
EVERY_OPTION: Mapping[str, Any] = {
    "code_path": str(DEMONSTRATION),
    "handler": "work.handler",
    "environment": {"TABLE_NAME": "items", "GREETING": "Hello"},
    "memory_mib": 1769,
    "timeout_seconds": 120,
    "ephemeral_storage_mib": 1024,
    "account_concurrency": 5000,
    "reserved_concurrency": 400,
    "provisioned_concurrency": 5,
    "max_provisioned_concurrency": 50,
    "target_utilization_percent": 60,
    "scheduled_provisioned": [
        {"cron": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin", "min_provisioned": 20, "max_provisioned": 80}
    ],
    "max_event_age_seconds": 600,
    "retry_attempts": 1,
    "invoke_principals": ["arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/team/caller"],
    "traffic_shift": "Linear10PercentEvery1Minute",
    "duration_alarm_percent": 50,
    "max_read_request_units": 100,
    "max_write_request_units": 4000,
    "log_level": "DEBUG",
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
# Options that exclude some of EVERY_OPTION.
OTHER_OPTIONS: Mapping[str, Any] = {
    "reserved_concurrency": 5,
    "provisioned_concurrency": 3,
    "traffic_shift": "Linear10PercentEvery1Minute",
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
# Sandbox with reserved concurrency and a fixed number of environments.
OWN: Mapping[str, Any] = OTHER_OPTIONS
VARIANTS = {"full": FULL, "own": OWN}

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
CODE_DEPLOY = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"


def function(stack: Reading) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] != "redrive.handler"]
    return found


def redrive(stack: Reading) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == "redrive.handler"]
    return found


def of_function(stack: Reading, resource_type: str) -> Resource:
    """The resource of a type that belongs to the function."""
    found = [each for each in stack.all(resource_type) if stack.to(each["FunctionName"]) == function(stack)]
    assert len(found) == 1
    return found[0]


def alias(stack: Reading) -> Resource:
    return of_function(stack, "AWS::Lambda::Alias")


def version(stack: Reading) -> Resource:
    return of_function(stack, "AWS::Lambda::Version")


def role(stack: Reading) -> Resource:
    return stack.to(function(stack)["Role"])


def queue(stack: Reading) -> Resource:
    return stack.one("AWS::SQS::Queue")


def group(stack: Reading) -> Resource:
    return stack.one("AWS::CodeDeploy::DeploymentGroup")


def alarms(stack: Reading) -> dict[str, Resource]:
    """The alarms by the name of their first metric. Those of a new version begin with ``new``."""
    return {
        ("new " if "ExecutedVersion" in dimensions(alarm) else "") + metrics_in(alarm)[0]["MetricName"]: alarm
        for alarm in stack.all("AWS::CloudWatch::Alarm")
        if alarm.get("OKActions")
    }


def metrics_in(alarm: Resource) -> list[Any]:
    """The metric of an alarm, or those of its metric math."""
    inside = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return inside or [alarm.body["Properties"]]


def dimensions(alarm: Resource) -> dict[str, Any]:
    """The dimensions that all metrics of an alarm have."""
    first, *others = [{each["Name"]: each["Value"] for each in metric["Dimensions"]} for metric in metrics_in(alarm)]
    assert all(each == first for each in others)
    return first


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, LambdaConcurrencyStack)
    assert stack.function.alias.alias_name == "live"
    assert stack.url is not None
    assert stack.url.auth_type == lambda_.FunctionUrlAuthType.AWS_IAM
    assert stack.failures.queue.queue_arn
    assert stack.log_group.log_group_name
    assert stack.deployments.application
    assert stack.monitoring.topic


class TestFunction:
    def test_python_on_arm64_with_traces(self, any_stack: Reading) -> None:
        assert function(any_stack)["Runtime"] == "python3.14"
        assert function(any_stack)["Architectures"] == ["arm64"]
        assert function(any_stack)["TracingConfig"] == {"Mode": "Active"}

    @pytest.mark.parametrize(("name", "level"), [("sandbox", "INFO"), ("production", "INFO"), ("full", "DEBUG")])
    def test_logs_as_json_in_an_explicit_group(self, read: Callable[[str], Reading], name: str, level: str) -> None:
        stack = read(name)
        logging = function(stack)["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", level)
        assert stack.to(logging["LogGroup"]) in stack.all("AWS::Logs::LogGroup")

    @pytest.mark.parametrize(
        ("name", "memory", "timeout", "storage"),
        [("sandbox", 256, 30, 512), ("production", 256, 30, 512), ("full", 1769, 120, 1024)],
    )
    def test_its_size(self, read: Callable[[str], Reading], name: str, memory: int, timeout: int, storage: int) -> None:
        found = function(read(name))
        assert (found["MemorySize"], found["Timeout"]) == (memory, timeout)
        assert found["EphemeralStorage"] == {"Size": storage}

    def test_variables(self, sandbox: Reading, full: Reading) -> None:
        own = {
            "IDEMPOTENCY_TABLE": "${AWS::DynamoDB::GlobalTable}",
            "POWERTOOLS_METRICS_NAMESPACE": f"Patternbook/{sandbox.stack.stack_name}",
            "POWERTOOLS_SERVICE_NAME": "lambda-concurrency",
        }
        assert sandbox.shown(function(sandbox)["Environment"]["Variables"]) == own
        given = function(full)["Environment"]["Variables"]
        assert given.keys() == {*own, "GREETING", "TABLE_NAME"}
        assert (given["GREETING"], given["TABLE_NAME"]) == ("Hello", "items")

    def test_variables_of_the_settings_override_those_of_the_pattern(self, tmp_path: Path) -> None:
        given = {"POWERTOOLS_SERVICE_NAME": "mine"}
        found = function(Reading(variant(PATTERN, tmp_path, environment=given)))
        assert found["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "mine"

    def test_the_layer_of_powertools(self, any_stack: Reading) -> None:
        [layer] = function(any_stack)["Layers"]
        assert ":layer:AWSLambdaPowertoolsPythonV3-python314-arm64:" in str(any_stack.shown(layer))
        assert "Layers" not in redrive(any_stack).body["Properties"]

    def test_code_that_needs_no_powertools_has_none(self, tmp_path: Path) -> None:
        stack = Reading(variant(PATTERN, tmp_path, code_path=str(DEMONSTRATION), powertools=False))
        assert "Layers" not in function(stack).body["Properties"]

    def test_the_demonstration_says_that_it_is_one(self, sandbox: Reading, full: Reading) -> None:
        assert function(sandbox)["Description"] == "The demonstration of Patternbook"
        assert not function(full).get("Description")

    def test_the_role_logs_traces_remembers_and_reports_failures(self, any_stack: Reading) -> None:
        assert "ManagedPolicyArns" not in role(any_stack).body["Properties"]
        granted: dict[str, set[str]] = {}
        for statement in any_stack.statements(role(any_stack)):
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            granted.setdefault(statement["Resource"], set()).update([actions] if isinstance(actions, str) else actions)
        expected = {
            "${AWS::Logs::LogGroup.Arn}": LOGS,
            "*": TRACES,
            "${AWS::SQS::Queue.Arn}": {"sqs:SendMessage"},
            "${AWS::DynamoDB::GlobalTable.Arn}": {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        }
        if any_stack.all("AWS::KMS::Key"):
            expected["${AWS::KMS::Key.Arn}"] = {"kms:Decrypt", "kms:GenerateDataKey", *TABLE_KEY_ACTIONS}
        assert granted == expected

    def test_nothing_but_lambda_assumes_the_role(self, any_stack: Reading) -> None:
        [statement] = role(any_stack)["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


class TestTable:
    def test_it_forgets_has_a_maximum_and_is_safe_in_production(
        self, sandbox: Reading, production: Reading, full: Reading
    ) -> None:
        for stack, units in ((sandbox, 1_000), (full, 4_000)):
            table = stack.one("AWS::DynamoDB::GlobalTable")
            assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
            assert table["WriteOnDemandThroughputSettings"] == {"MaxWriteRequestUnits": units}
            assert {key["AttributeName"] for key in table["KeySchema"]} == {"pk", "sk"}
        [replica] = production.one("AWS::DynamoDB::GlobalTable")["Replicas"]
        assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert replica["DeletionProtectionEnabled"] is True

    def test_the_role_may_use_it_before_anybody_calls(self, any_stack: Reading) -> None:
        policies = {
            each.id for each in any_stack.all("AWS::IAM::Policy") if "dynamodb:PutItem" in str(each["PolicyDocument"])
        }
        assert len(policies) == 1
        assert policies <= any_stack.before(alias(any_stack))


class TestRedrive:
    def test_it_may_empty_the_queue_and_invoke_the_alias(self, any_stack: Reading) -> None:
        granted: dict[str, set[str]] = {}
        for statement in any_stack.statements(any_stack.to(redrive(any_stack)["Role"])):
            actions = statement["Action"]
            granted.setdefault(statement["Resource"], set()).update([actions] if isinstance(actions, str) else actions)
        expected = {
            "${AWS::Logs::LogGroup.Arn}": LOGS,
            "*": TRACES,
            "${AWS::SQS::Queue.Arn}": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
            "${AWS::Lambda::Alias}": {"lambda:InvokeFunction"},
        }
        if any_stack.all("AWS::KMS::Key"):
            expected["${AWS::KMS::Key.Arn}"] = {"kms:Decrypt"}
        assert granted == expected

    def test_it_sends_the_events_of_the_queue_to_the_alias(self, any_stack: Reading) -> None:
        variables = redrive(any_stack)["Environment"]["Variables"]
        assert any_stack.to(variables["QUEUE_URL"]) == queue(any_stack)
        assert any_stack.to(variables["FUNCTION_ARN"]) == alias(any_stack)

    def test_nothing_but_a_person_calls_it(self, any_stack: Reading) -> None:
        assert not any_stack.all("AWS::Lambda::EventSourceMapping")
        [invoked] = any_stack.all("AWS::Lambda::EventInvokeConfig")
        assert any_stack.to(invoked["FunctionName"]) == function(any_stack)

    def test_the_command_waits_for_longer_than_it_lasts(self, any_stack: Reading) -> None:
        """The AWS CLI waits 60 seconds by default, and calls again. A start of an environment can take ten."""
        assert redrive(any_stack)["Timeout"] <= 60 - 10
        command = any_stack.output("RedriveCommand")
        assert command == "aws lambda invoke --function-name ${AWS::Lambda::Function} --qualifier live /dev/stdout"


class TestAlias:
    def test_it_is_live_and_of_the_version_of_this_template(self, any_stack: Reading) -> None:
        assert alias(any_stack)["Name"] == "live"
        assert any_stack.to(alias(any_stack)["FunctionVersion"]) == version(any_stack)

    @pytest.mark.parametrize(
        ("changed", "is_new"),
        [
            ({"memory_mib": 512}, True),
            ({"environment": {"A1": "b"}}, True),
            ({"code_path": "elsewhere"}, True),
            ({"reserved_concurrency": 7}, False),
            ({"provisioned_concurrency": 7}, False),
            ({"retry_attempts": 0}, False),
        ],
    )
    def test_a_change_of_code_or_configuration_is_a_new_version(
        self, sandbox: Reading, tmp_path: Path, changed: dict[str, Any], is_new: bool
    ) -> None:
        if "code_path" in changed:
            (tmp_path / "mine").mkdir()
            (tmp_path / "mine" / "work.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
            changed = {"code_path": str(tmp_path / "mine")}
        stack = variant(PATTERN, tmp_path, **changed)
        now, before = (version(reading).id for reading in (Reading(stack), sandbox))
        assert (now != before) is is_new

    def test_everybody_calls_the_alias(self, any_stack: Reading) -> None:
        url = any_stack.one("AWS::Lambda::Url")
        assert url["Qualifier"] == "live"
        assert any_stack.one("AWS::Lambda::EventInvokeConfig")["Qualifier"] == {
            "Fn::Select": [7, {"Fn::Split": [":", {"Ref": alias(any_stack).id}]}]
        }
        for permission in any_stack.all("AWS::Lambda::Permission"):
            assert any_stack.to(permission["FunctionName"]) == alias(any_stack)


class TestConcurrency:
    @pytest.mark.parametrize(("name", "number"), [("sandbox", None), ("production", 100), ("full", 400), ("own", 5)])
    def test_reserved(self, read: Callable[[str], Reading], name: str, number: int | None) -> None:
        assert function(read(name)).get("ReservedConcurrentExecutions") == number

    @pytest.mark.parametrize(("name", "number"), [("sandbox", None), ("production", 2), ("own", 3)])
    def test_provisioned_as_a_fixed_number(self, read: Callable[[str], Reading], name: str, number: int | None) -> None:
        found = alias(read(name)).get("ProvisionedConcurrencyConfig")
        assert found == (number and {"ProvisionedConcurrentExecutions": number})
        assert not read(name).all("AWS::ApplicationAutoScaling::ScalableTarget")

    def test_a_number_that_scales_is_none_of_the_alias(self, full: Reading) -> None:
        assert "ProvisionedConcurrencyConfig" not in alias(full).body["Properties"]
        target = full.one("AWS::ApplicationAutoScaling::ScalableTarget")
        assert (target["MinCapacity"], target["MaxCapacity"]) == (5, 50)
        assert target["ScalableDimension"] == "lambda:function:ProvisionedConcurrency"
        assert alias(full).id in full.before(target)

    def test_it_scales_by_utilization_and_by_schedule(self, full: Reading) -> None:
        policy = full.one("AWS::ApplicationAutoScaling::ScalingPolicy")
        assert policy["PolicyType"] == "TargetTrackingScaling"
        tracking = dict(policy["TargetTrackingScalingPolicyConfiguration"])
        metric = dict(tracking.pop("CustomizedMetricSpecification"))
        assert tracking == {"TargetValue": 0.6}
        name = full.shown(alias(full)["FunctionName"])
        assert full.shown(metric.pop("Dimensions")) == [
            {"Name": "FunctionName", "Value": name},
            {"Name": "Resource", "Value": f"{name}:live"},
        ]
        # The predefined metric is an average, in which a short burst disappears.
        assert metric == {
            "Namespace": "AWS/Lambda",
            "MetricName": "ProvisionedConcurrencyUtilization",
            "Statistic": "Maximum",
        }
        [schedule] = full.one("AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]
        assert schedule["Schedule"] == "cron(0 8 ? * MON-FRI *)"
        assert schedule["Timezone"] == "Europe/Berlin"
        assert schedule["ScalableTargetAction"] == {"MaxCapacity": 80, "MinCapacity": 20}


class TestAsynchronousInvocation:
    @pytest.mark.parametrize(("name", "age", "attempts"), [("sandbox", 3600, 2), ("full", 600, 1)])
    def test_retries_a_maximum_age_and_the_queue(
        self, read: Callable[[str], Reading], name: str, age: int, attempts: int
    ) -> None:
        stack = read(name)
        configuration = stack.one("AWS::Lambda::EventInvokeConfig")
        assert configuration["MaximumEventAgeInSeconds"] == age
        assert configuration["MaximumRetryAttempts"] == attempts
        assert stack.to(configuration["DestinationConfig"]["OnFailure"]["Destination"]) == queue(stack)

    def test_the_role_may_send_before_lambda_checks_that(self, any_stack: Reading) -> None:
        policies = {policy.id for policy in any_stack.all("AWS::IAM::Policy")}
        assert policies & any_stack.before(any_stack.one("AWS::Lambda::EventInvokeConfig"))

    def test_the_queue_is_encrypted_and_takes_tls_only(self, any_stack: Reading) -> None:
        key = any_stack.all("AWS::KMS::Key")
        if key:
            assert any_stack.to(queue(any_stack)["KmsMasterKeyId"]) == key[0]
        else:
            assert queue(any_stack)["SqsManagedSseEnabled"] is True
        assert queue(any_stack)["MessageRetentionPeriod"] == 14 * 24 * 3600
        [statement] = any_stack.one("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


class TestUrl:
    def test_it_is_for_signed_requests(self, any_stack: Reading) -> None:
        assert any_stack.one("AWS::Lambda::Url")["AuthType"] == "AWS_IAM"

    @pytest.mark.parametrize("name", ["sandbox", "production"])
    def test_nobody_is_named_as_it_comes(self, read: Callable[[str], Reading], name: str) -> None:
        assert not read(name).all("AWS::Lambda::Permission")

    def test_those_named_have_both_actions_by_the_url_only(self, full: Reading) -> None:
        found = {
            (permission["Principal"], permission["Action"]): permission
            for permission in full.all("AWS::Lambda::Permission")
        }
        principals = EVERY_OPTION["invoke_principals"]
        actions = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
        assert found.keys() == {(principal, action) for principal in principals for action in actions}
        for (_, action), permission in found.items():
            if action == "lambda:InvokeFunctionUrl":
                assert permission["FunctionUrlAuthType"] == "AWS_IAM"
            else:
                assert permission["InvokedViaFunctionUrl"] is True


class TestDeployments:
    @pytest.mark.parametrize(
        ("name", "how"),
        [
            ("sandbox", "Canary10Percent5Minutes"),
            ("production", "Canary10Percent5Minutes"),
            ("full", "Linear10PercentEvery1Minute"),
            ("own", "Linear10PercentEvery1Minute"),
        ],
    )
    def test_traffic_shifts(self, read: Callable[[str], Reading], name: str, how: str) -> None:
        stack = read(name)
        assert group(stack)["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{how}"
        assert group(stack)["DeploymentStyle"] == {
            "DeploymentOption": "WITH_TRAFFIC_CONTROL",
            "DeploymentType": "BLUE_GREEN",
        }
        assert stack.one("AWS::CodeDeploy::Application")["ComputePlatform"] == "Lambda"
        update = alias(stack).body["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert stack.to(update["DeploymentGroupName"]) == group(stack)
        assert stack.to(update["ApplicationName"]) == stack.to(group(stack)["ApplicationName"])

    def test_it_goes_back_on_an_alarm(self, any_stack: Reading) -> None:
        assert group(any_stack)["AutoRollbackConfiguration"] == {
            "Enabled": True,
            "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST", "DEPLOYMENT_STOP_ON_ALARM"],
        }
        assert group(any_stack)["AlarmConfiguration"]["Enabled"] is True

    def test_only_alarms_of_the_new_version_turn_it_back(self, any_stack: Reading) -> None:
        watched = [any_stack.to(alarm["Name"]) for alarm in group(any_stack)["AlarmConfiguration"]["Alarms"]]
        assert {metrics_in(alarm)[0]["MetricName"] for alarm in watched} == {"Errors", "Duration"}
        for alarm in watched:
            found = dimensions(alarm)
            assert any_stack.to(found["ExecutedVersion"]) == version(any_stack)
            assert any_stack.shown(found["Resource"]) == "${AWS::Lambda::Function}:live"
            # One bad minute does not turn a deployment back, and two are within the five minutes of a canary.
            assert rings(alarm) == (2, 5, "notBreaching")

    def test_a_share_of_failed_calls_turns_it_back(self, any_stack: Reading) -> None:
        found = alarms(any_stack)["new Errors"]
        assert expression_of(found) == "failures - FILL(attempts, 0) * IF(failures >= 5, 0.05, 0.5)"
        assert [each["MetricName"] for each in metrics_in(found)] == ["Errors", "Invocations"]

    def test_they_are_in_place_before_traffic_moves(self, any_stack: Reading) -> None:
        watching = {any_stack.to(alarm["Name"]).id for alarm in group(any_stack)["AlarmConfiguration"]["Alarms"]}
        assert watching | {group(any_stack).id} <= any_stack.before(alias(any_stack))

    def test_code_deploy_has_the_limited_policy(self, any_stack: Reading) -> None:
        found = any_stack.to(group(any_stack)["ServiceRoleArn"])
        assert any_stack.shown(found["ManagedPolicyArns"]) == [CODE_DEPLOY]
        assert any_stack.statements(found) == []
        [statement] = found["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "codedeploy.amazonaws.com"}


class TestOperation:
    @pytest.mark.parametrize("name", ["sandbox", "production", "full", "own"])
    def test_alarms_notify_the_topic(self, read: Callable[[str], Reading], name: str) -> None:
        stack = read(name)
        expected = {
            *("Errors", "Throttles", "Duration", "AsyncEventAge", "AsyncEventsDropped", "DestinationDeliveryFailures"),
            *("ApproximateNumberOfMessagesVisible", "ReadThrottleEvents", "new Errors", "new Duration"),
        }
        if name != "sandbox":
            expected.add("ProvisionedConcurrencySpilloverInvocations")
        assert alarms(stack).keys() == expected
        topic = stack.one("AWS::SNS::Topic")
        assert all(stack.to(alarm["AlarmActions"][0]) == topic for alarm in alarms(stack).values())
        check_that_alarms_notify(stack, page="docs/lambda-concurrency.md")

    @pytest.mark.parametrize("name", ["Errors", "Throttles", "Duration", "AsyncEventAge"])
    def test_some_of_the_last_minutes_have_to_breach(self, sandbox: Reading, name: str) -> None:
        assert rings(alarms(sandbox)[name]) == (3, 15, "notBreaching")

    def test_errors_are_looked_for_as_long_as_a_call_may_take(self, full: Reading) -> None:
        assert function(full)["Timeout"] == 120
        assert rings(alarms(full)["Errors"]) == (3, 17, "notBreaching")

    def test_they_watch_what_is_called_by_the_alias(self, any_stack: Reading) -> None:
        for name, alarm in alarms(any_stack).items():
            if metrics_in(alarm)[0]["Namespace"] == "AWS/Lambda":
                found = dimensions(alarm)
                assert any_stack.to(found["FunctionName"]) == function(any_stack), name
                assert any_stack.shown(found["Resource"]) == "${AWS::Lambda::Function}:live", name

    @pytest.mark.parametrize(("name", "slow", "late"), [("sandbox", 24_000, 1_800_000), ("full", 60_000, 300_000)])
    def test_thresholds_follow_the_limits_of_the_function(
        self, read: Callable[[str], Reading], name: str, slow: int, late: int
    ) -> None:
        found = alarms(read(name))
        assert found["Duration"]["Threshold"] == found["new Duration"]["Threshold"] == slow
        assert found["Duration"]["ExtendedStatistic"] == "p99"
        assert found["AsyncEventAge"]["Threshold"] == late
        assert found["ApproximateNumberOfMessagesVisible"]["Threshold"] == 0

    def test_production_has_one_key_for_everything(self, production: Reading) -> None:
        key = production.one("AWS::KMS::Key")
        assert key["EnableKeyRotation"] is True
        [replica] = production.one("AWS::DynamoDB::GlobalTable")["Replicas"]
        for holder, name in (
            (replica["SSESpecification"], "KMSMasterKeyId"),
            *((each, "KmsKeyArn") for each in (function(production), redrive(production))),
            *((each, "KmsKeyId") for each in production.all("AWS::Logs::LogGroup")),
            (queue(production), "KmsMasterKeyId"),
            (production.one("AWS::SNS::Topic"), "KmsMasterKeyId"),
        ):
            assert production.to(holder[name]) == key

    def test_sandbox_has_none(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::KMS::Key")
        assert "KmsKeyArn" not in function(sandbox).body["Properties"]

    @pytest.mark.parametrize(("name", "kept"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_production_keeps_logs_table_failures_and_key(
        self, read: Callable[[str], Reading], name: str, kept: str
    ) -> None:
        stack = read(name)
        kinds = ("AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SQS::Queue")
        for resource in (each for kind in kinds for each in stack.all(kind)):
            assert resource.kept[0] == kept

    @pytest.mark.parametrize(("name", "days"), [("sandbox", 7), ("production", 365), ("full", 30)])
    def test_logs_are_kept_for_a_time(self, read: Callable[[str], Reading], name: str, days: int) -> None:
        assert {group["RetentionInDays"] for group in read(name).all("AWS::Logs::LogGroup")} == {days}

    def test_an_email_is_optional(self, sandbox: Reading, full: Reading) -> None:
        assert not sandbox.all("AWS::SNS::Subscription")
        assert full.one("AWS::SNS::Subscription")["Endpoint"] == "ops@example.com"

    def test_outputs(self, any_stack: Reading) -> None:
        assert any_stack.document["Outputs"].keys() == {
            *("Url", "InvokeCommand", "WeightsCommand", "FailuresQueueUrl", "LogGroupName", "DashboardUrl"),
            *("FunctionName", "RedriveCommand", "TableName"),
        }
        assert any_stack.output("Url") == "${AWS::Lambda::Url.FunctionUrl}"
        invoke = any_stack.output("InvokeCommand")
        assert invoke.startswith("aws lambda invoke --function-name ${AWS::Lambda::Function} --qualifier live ")
        assert "--invocation-type Event" in invoke
        weights = any_stack.output("WeightsCommand")
        assert weights.startswith("aws lambda get-alias --function-name ${AWS::Lambda::Function} --name live")
        assert any_stack.output("FailuresQueueUrl") == "${AWS::SQS::Queue}"


RESERVED, PROVISIONED = lambda_limits.RESERVED, lambda_limits.PROVISIONED

# Wrong settings, each with the parts of its message: the limit and its source.
REFUSED: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"memory_mib": 127}, "memory_mib", ("128 to 10,240 (function memory allocation", QUOTAS)),
    ({"memory_mib": 10241}, "memory_mib", ("128 to 10,240 (function memory allocation", QUOTAS)),
    ({"timeout_seconds": 0}, "timeout_seconds", ("1 to 900 (function timeout", QUOTAS)),
    ({"timeout_seconds": 901}, "timeout_seconds", ("1 to 900 (function timeout", QUOTAS)),
    ({"ephemeral_storage_mib": 511}, "ephemeral_storage_mib", ("512 to 10,240 (/tmp directory storage", QUOTAS)),
    ({"ephemeral_storage_mib": 10241}, "ephemeral_storage_mib", ("512 to 10,240 (/tmp directory storage", QUOTAS)),
    ({"memory_mib": "much"}, "memory_mib", ("128 to 10,240 (function memory allocation", QUOTAS)),
    (
        {"environment": {"A1": "x" * 2048, "B2": "y" * 2048}},
        "environment",
        ("must be at most 4,096 bytes", "environment variables, in aggregate", QUOTAS),
    ),
    ({"environment": {"AWS_REGION": "eu-west-1"}}, "environment", ("AWS_REGION", lambda_limits.VARIABLES)),
    ({"environment": {"1A": "b"}}, "environment.1A", ("a name of an environment variable",)),
    (
        {"reserved_concurrency": 0},
        "reserved_concurrency",
        ("at least 1", "Lambda never invokes the function", RESERVED),
    ),
    (
        {"reserved_concurrency": 901},
        "reserved_concurrency",
        ("at most 900", "got 901", "Lambda keeps 100 of account_concurrency (1,000) unreserved", RESERVED),
    ),
    ({"reserved_concurrency": 1, "account_concurrency": 10}, "reserved_concurrency", ("at most 0", RESERVED)),
    ({"posture": "production", "account_concurrency": 150}, "reserved_concurrency", ("at most 50", RESERVED)),
    ({"account_concurrency": 9}, "account_concurrency", ("from 10",)),
    (
        {"reserved_concurrency": 5, "provisioned_concurrency": 6},
        "provisioned_concurrency",
        ("at most 5", "got 6", "a part of reserved_concurrency (5)", PROVISIONED),
    ),
    (
        {"provisioned_concurrency": 901},
        "provisioned_concurrency",
        ("at most 900", "got 901", "keeps 100 of account_concurrency (1,000)", PROVISIONED),
    ),
    (
        {"reserved_concurrency": 5, "provisioned_concurrency": 1, "max_provisioned_concurrency": 6},
        "max_provisioned_concurrency",
        ("at most 5", PROVISIONED),
    ),
    (
        {"provisioned_concurrency": 4, "max_provisioned_concurrency": 3},
        "max_provisioned_concurrency",
        ("Must be at least provisioned_concurrency (4), got 3",),
    ),
    (
        {"max_provisioned_concurrency": 3},
        "max_provisioned_concurrency",
        ("Requires provisioned_concurrency of at least 1, got 0",),
    ),
    (
        {"scheduled_provisioned": [{"cron": "0 8 ? * * *", "min_provisioned": 1, "max_provisioned": 2}]},
        "scheduled_provisioned",
        ("Requires max_provisioned_concurrency",),
    ),
    (
        {
            "reserved_concurrency": 5,
            "provisioned_concurrency": 1,
            "max_provisioned_concurrency": 2,
            "scheduled_provisioned": [{"cron": "0 8 ? * * *", "min_provisioned": 1, "max_provisioned": 6}],
        },
        "scheduled_provisioned",
        ("at most 5", PROVISIONED),
    ),
    (
        {"scheduled_provisioned": [{"cron": "0 8 ? * * *", "min_provisioned": 0, "max_provisioned": 6}]},
        "scheduled_provisioned.0.min_provisioned",
        ("from 1",),
    ),
    (
        {"scheduled_provisioned": [{"cron": "0 8 ? * * *", "min_provisioned": 7, "max_provisioned": 6}]},
        "scheduled_provisioned.0.max_provisioned",
        ("must be at least min_provisioned (7), got 6",),
    ),
    (
        {
            "provisioned_concurrency": 1,
            "max_provisioned_concurrency": 2,
            "scheduled_provisioned": [{"cron": "0 8 ? * * *", "min_provisioned": 1, "max_provisioned": 2}] * 2,
        },
        "scheduled_provisioned",
        ("Must not contain two schedules for the same time",),
    ),
    (
        {"max_event_age_seconds": 59},
        "max_event_age_seconds",
        ("60 to 21,600 (maximum event age", lambda_limits.ASYNCHRONOUS),
    ),
    (
        {"max_event_age_seconds": 21_601},
        "max_event_age_seconds",
        ("60 to 21,600 (maximum event age", lambda_limits.ASYNCHRONOUS),
    ),
    ({"retry_attempts": 3}, "retry_attempts", ("0 to 2 (maximum retry attempts", lambda_limits.ASYNCHRONOUS)),
    ({"traffic_shift": "Canary50Percent"}, "traffic_shift", ("one of Canary10Percent5Minutes",)),
    ({"invoke_principals": ["*"]}, "invoke_principals.0", ("but not *, which stands for all AWS accounts",)),
    ({"handler": "work"}, "handler", ("a module and its function",)),
    ({"handler": "other.handler"}, "handler", ("There is no other.py",)),
    ({"powertools": False}, "powertools", ("Requires code_path, because the demonstration imports Powertools",)),
    ({"log_level": "LOUD"}, "log_level", ("one of TRACE, DEBUG, INFO",)),
    ({"code_path": "does/not/exist"}, "code_path", ("a folder or a .zip file",)),
    ({"code_path": "/"}, "code_path", ("a folder or a .zip file",)),
    ({"code_path": "."}, "code_path", ("a folder or a .zip file",)),
    ({"code_path": "pyproject.toml"}, "code_path", ("a folder or a .zip file",)),
]


class TestSettings:
    @pytest.mark.parametrize(("given", "path", "says"), REFUSED, ids=lambda value: str(value)[:60])
    def test_refused_with_the_limit_and_its_source(
        self, given: dict[str, Any], path: str, says: tuple[str, ...]
    ) -> None:
        found = refusal(PATTERN, **given)
        assert found.keys() == {path}
        for part in says:
            assert part in found[path]

    @pytest.mark.parametrize(
        "given",
        [
            {"memory_mib": 128, "timeout_seconds": 1, "ephemeral_storage_mib": 512},
            {"memory_mib": 10_240, "timeout_seconds": 900, "ephemeral_storage_mib": 10_240},
            {"reserved_concurrency": 900, "provisioned_concurrency": 900},
            {"account_concurrency": 10},
            {"max_event_age_seconds": 60, "retry_attempts": 0},
            {"max_event_age_seconds": 21_600, "retry_attempts": 2},
            {"posture": "production", "account_concurrency": 200},
            {"posture": "production", "provisioned_concurrency": 0},
        ],
    )
    def test_what_is_just_within_is_taken(self, tmp_path: Path, given: dict[str, Any]) -> None:
        variant(PATTERN, tmp_path, **given)

    def test_variables_have_4_kb_together(self, tmp_path: Path) -> None:
        first, around = "x" * 2048, environment_bytes({**LONGEST_VARIABLES, "A1": "", "B2": ""})
        second = "y" * (4096 - 2048 - around)
        variant(PATTERN, tmp_path, environment={"A1": first, "B2": second})
        found = refusal(PATTERN, environment={"A1": first, "B2": second + "y"})
        assert "with the variables of the pattern (IDEMPOTENCY_TABLE, " in found["environment"]
        assert "must be at most 4,096 bytes, got 4,097" in found["environment"]

    def test_the_pattern_sets_no_more_variables_than_count(self, full: Reading) -> None:
        given = function(full)["Environment"]["Variables"]
        assert given.keys() - {"GREETING", "TABLE_NAME"} == LONGEST_VARIABLES.keys()

    def test_all_mistakes_come_at_once(self) -> None:
        found = refusal(PATTERN, memory_mib=1, timeout_seconds=901, reserved_concurrency=0)
        assert found.keys() == {"memory_mib", "timeout_seconds", "reserved_concurrency"}


def noise(path: Path, size: int) -> Path:
    """A file of noise, which cannot be compressed."""
    path.write_bytes(random.Random(1).randbytes(size))
    return path


def hole(path: Path, size: int) -> Path:
    """A file of zeros, which needs no space on the disk and is tiny when compressed."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages near the limits, by name."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("small", "zips well", "zips badly", "too large", "cached"):
        (folder / name).mkdir()
        (folder / name / "work.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    hole(folder / "zips well" / "data", 250 * MB - 100)
    noise(folder / "zips badly" / "data", 50 * MB + 1)
    hole(folder / "too large" / "data", 250 * MB)
    (folder / "cached" / "__pycache__").mkdir()
    hole(folder / "cached" / "__pycache__" / "data", 300 * MB)
    hole(folder / "cached" / "old.pyc", 300 * MB)
    for name in ("small", "zips well", "zips badly", "too large"):
        # Compressing takes long, and nothing makes noise smaller.
        kind = zipfile.ZIP_STORED if name == "zips badly" else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(folder / f"{name}.zip", "w", kind, compresslevel=1) as archive:
            for path in (folder / name).iterdir():
                archive.write(path, path.name)
    (folder / "broken.zip").write_text("no archive", encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


UNZIPPED = ("must be at most 262,144,000 bytes", "deployment package, unzipped, with its layers")
ZIPPED = ("must be at most 52,428,800 bytes", "deployment package, zipped, in a direct upload")


class TestPackage:
    @pytest.mark.parametrize("name", ["small", "zips well", "cached", "small.zip", "zips well.zip"])
    def test_taken(self, packages: Path, name: str) -> None:
        check_package(packages / name, direct_upload=True)

    @pytest.mark.parametrize(
        ("name", "limit"),
        [
            ("too large", UNZIPPED),
            ("too large.zip", UNZIPPED),
            ("zips badly", ZIPPED),
            ("zips badly.zip", ZIPPED),
        ],
    )
    def test_refused_with_the_limit_and_its_source(self, packages: Path, name: str, limit: str) -> None:
        with pytest.raises(ValueError, match="must be at most") as caught:
            check_package(packages / name, direct_upload=True)
        assert [part for part in (*limit, QUOTAS) if part not in str(caught.value)] == [], caught.value

    @pytest.mark.parametrize("name", ["zips badly", "zips badly.zip"])
    def test_by_way_of_s3_it_may_be_larger_zipped(self, packages: Path, name: str) -> None:
        check_package(packages / name, direct_upload=False)

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("broken.zip", "must be a folder or a .zip file"),
            ("missing.zip", "must be a folder or a .zip file"),
            ("empty", "empty, which is empty"),
        ],
    )
    def test_what_is_none_is_refused(self, packages: Path, name: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            check_package(packages / name, direct_upload=True)

    @pytest.mark.parametrize(("name", "limit"), [("too large", UNZIPPED), ("zips badly.zip", ZIPPED)])
    def test_the_setting_names_it_too(self, packages: Path, name: str, limit: tuple[str, ...]) -> None:
        found = refusal(PATTERN, code_path=str(packages / name))
        assert found.keys() == {"code_path"}
        assert [part for part in limit if part not in found["code_path"]] == [], found

    @pytest.mark.parametrize("name", ["zips well", "zips well.zip"])
    def test_the_layer_counts_too(self, packages: Path, name: str) -> None:
        found = refusal(PATTERN, code_path=str(packages / name))
        assert found.keys() == {"powertools"}
        assert "with 41,943,040 bytes of layers, must be at most 262,144,000 bytes" in found["powertools"]
        assert "Set powertools to false if the code does not import it" in found["powertools"]
        check_package(packages / name, direct_upload=False)

    def test_a_relative_path_is_from_where_cdk_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(DEMONSTRATION.parent)
        variant(PATTERN, tmp_path, code_path=DEMONSTRATION.name)

    @pytest.mark.parametrize("handler", ["work.handler", "inner.work.handler", "inner/work.handler", "inner.handler"])
    def test_a_handler_is_a_function_of_a_module_in_it(self, tmp_path: Path, handler: str) -> None:
        (tmp_path / "inner").mkdir()
        for name in ("work.py", "inner/__init__.py", "inner/work.py"):
            (tmp_path / name).touch()
        check_handler(tmp_path, handler)
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for name in ("work.py", "inner/__init__.py", "inner/work.py"):
                archive.write(tmp_path / name, name)
        check_handler(tmp_path / "all.zip", handler)
        for package in (tmp_path, tmp_path / "all.zip"):
            with pytest.raises(ValueError, match=r"There is no inner/other\.py"):
                check_handler(package, "inner.other.handler")

    def test_what_python_leaves_behind_is_no_part_of_it(self, tmp_path: Path) -> None:
        """If bytecode were in the package, the template would depend on whether somebody has run the code."""
        package, versions = tmp_path / "mine", set[str]()
        (package / "inner").mkdir(parents=True)
        (package / "inner" / "work.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
        for outdir in (tmp_path / "before", tmp_path / "after"):
            outdir.mkdir()
            stack = variant(PATTERN, outdir, code_path=str(package), handler="inner.work.handler")
            versions.add(version(Reading(stack)).id)
            [asset] = [path for path in outdir.glob("asset.*") if (path / "inner").is_dir()]
            assert {path.name for path in asset.rglob("*")} == {"inner", "work.py"}
            (package / "inner" / "__pycache__").mkdir(exist_ok=True)
            for name in ("__pycache__/work.cpython-314.pyc", "__pycache__/more", "old.pyc"):
                (package / "inner" / name).write_text("compiled", encoding="utf-8")
        assert len(versions) == 1


def function_of(stack: cdk.Stack, **given: Any) -> LiveFunction:
    arguments: dict[str, Any] = {"package": DEMONSTRATION, "handler": "work.handler", **given}
    return LiveFunction(stack, "Live", **arguments)


class TestConstructs:
    """The constructs can be used alone, and refuse mistakes before they create anything."""

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"memory_mib": 64}, r"memory_mib must be 128 to 10,240 MiB, got 64 \(function memory allocation: https"),
            ({"timeout_seconds": 901}, "timeout_seconds must be 1 to 900 seconds, got 901"),
            ({"ephemeral_storage_mib": 1}, "ephemeral_storage_mib must be 512 to 10,240 MiB, got 1"),
            ({"max_event_age_seconds": 1}, "max_event_age_seconds must be 60 to 21,600 seconds, got 1"),
            ({"retry_attempts": 3}, "retry_attempts must be at most 2 attempts, got 3"),
            ({"environment": {"A1": "x" * 4096}}, "environment as JSON must be at most 4,096 bytes"),
            ({"environment": {"_HANDLER": "x"}}, "_HANDLER"),
            ({"handler": "other.handler"}, "There is no other.py"),
            ({"package": Path("missing")}, "must be a folder or a .zip file, got missing"),
            ({"reserved_concurrency": 0}, "Lambda never invokes the function"),
            ({"reserved_concurrency": 901}, "at most 900"),
            ({"reserved_concurrency": 1, "provisioned": Provisioned(min_environments=2)}, "at most 1"),
            ({"provisioned": Provisioned(min_environments=901)}, "at most 900"),
            ({"provisioned": Provisioned(min_environments=0)}, "min_environments must be at least 1, got 0"),
            (
                {"provisioned": Provisioned(min_environments=3, max_environments=2)},
                r"must be at least min_environments \(3\), got 2",
            ),
            (
                {"reserved_concurrency": 5, "provisioned": Provisioned(min_environments=1, max_environments=6)},
                "at most 5",
            ),
            (
                {
                    "provisioned": Provisioned(
                        min_environments=1,
                        schedules=[
                            Schedule(cron="0 8 ? * * *", time_zone="Etc/UTC", min_environments=1, max_environments=2)
                        ],
                    )
                },
                "schedules require max_environments",
            ),
        ],
    )
    def test_a_function_refuses(self, given: dict[str, Any], says: str) -> None:
        stack = cdk.Stack(cdk.App(), "Own")
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        before = len(stack.node.find_all())
        with pytest.raises(ValueError, match=says):
            function_of(stack, **{"log_group": logs, **given})
        assert len(stack.node.find_all()) == before

    def test_a_function_needs_no_destination_and_no_deployments(self, tmp_path: Path) -> None:
        stack = cdk.Stack(unchecked_app(tmp_path), "Own")
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        function_of(stack, log_group=logs)
        reading = Reading(stack)
        assert not reading.all("AWS::CodeDeploy::DeploymentGroup")
        assert not reading.all("AWS::Lambda::Url")
        assert "DestinationConfig" not in reading.one("AWS::Lambda::EventInvokeConfig").body["Properties"]

    def test_the_size_of_variables_is_that_of_their_json(self) -> None:
        text = "x" * (4096 - len('{"A1":""}'))
        check_environment({"A1": text})
        with pytest.raises(ValueError, match="at most 4,096 bytes, got 4,097"):
            check_environment({"A1": text + "x"})
        assert lambda_limits.environment_bytes({"A1": "ä"}) == len('{"A1":"ä"}'.encode())


class TestDrawing(DrawingPromises):
    """What docs/lambda-concurrency.d2 shows."""
