"""The promises of stacks/event_pipeline."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from patternbook import SANDBOX, EventTopic, LiveFunction, LogGroup, QueueConsumer, WorkQueue
from patternbook.data.encryption import KEY_POLICY, service_statements
from patternbook.limits.messaging import CONSUMERS as LAMBDA_AND_SQS
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app, variant
from stacks.event_pipeline import EventPipelineStack
from stacks.event_pipeline.functions import RUNTIME

PATTERN = EventPipelineStack
EVERY_OPTION: Mapping[str, Any] = {
    "upload_principals": ["arn:aws:iam::444455556666:role/team/uploader"],
    "allowed_origins": ["https://app.example.com"],
    "content_types": ["application/json", "text/csv"],
    "max_upload_mib": 100,
    "memory_mib": 1024,
    "timeout_seconds": 60,
    "batch_size": 5,
    "account_concurrency": 3000,
    "max_concurrency": 50,
    "audit_retention_days": 365,
    "duration_alarm_percent": 50,
    "max_read_request_units": 2000,
    "max_write_request_units": 3000,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
VARIANTS = {"full": FULL}

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
RECEIVE = {
    *("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage"),
    "sqs:GetQueueAttributes",
}
CONSUMERS = ("process", "audit")
DAY = 86_400


def function(stack: Reading, name: str) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == f"{name}.handler"]
    return found


def queue(stack: Reading, name: str) -> Resource:
    """The queue that a consumer takes messages from."""
    return stack.to(mapping(stack, name)["EventSourceArn"])


def mapping(stack: Reading, name: str) -> Resource:
    aliases = {
        each.id for each in stack.all("AWS::Lambda::Alias") if stack.to(each["FunctionName"]) == function(stack, name)
    }
    [found] = [
        each for each in stack.all("AWS::Lambda::EventSourceMapping") if stack.to(each["FunctionName"]).id in aliases
    ]
    return found


def dead_letters(stack: Reading, name: str) -> Resource:
    return stack.to(queue(stack, name)["RedrivePolicy"]["deadLetterTargetArn"])


def bucket(stack: Reading) -> Resource:
    return stack.one("AWS::S3::Bucket")


def topic(stack: Reading) -> Resource:
    """The topic of the events."""
    [found] = {stack.to(each["Topic"]).id for each in bucket(stack)["NotificationConfiguration"]["TopicConfigurations"]}
    return stack.resources[found]


def subscription(stack: Reading, name: str) -> Resource:
    [found] = [
        each
        for each in stack.all("AWS::SNS::Subscription")
        if each["Protocol"] == "sqs" and stack.to(each["Endpoint"]) == queue(stack, name)
    ]
    return found


def policy(stack: Reading, resource_type: str, key: str, of: Resource) -> list[dict[str, Any]]:
    """The statements of the resource-based policy of a resource."""
    [found] = [each for each in stack.all(resource_type) if of in [stack.to(name) for name in each[key]]]
    return found["PolicyDocument"]["Statement"]


def granted(stack: Reading, name: str) -> dict[str, set[str]]:
    """The actions of a function, by the resources as they are shown."""
    found: dict[str, set[str]] = {}
    for statement in stack.statements(stack.to(function(stack, name)["Role"])):
        assert statement["Effect"] == "Allow"
        actions, resources = (
            [statement[key]] if isinstance(statement[key], str) else statement[key] for key in ("Action", "Resource")
        )
        for resource in resources:
            found.setdefault(resource, set()).update(actions)
    return found


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, EventPipelineStack)
    assert full.types_of(
        [
            stack.uploads.bucket.bucket_arn,
            stack.topic.topic.topic_arn,
            stack.table.table.table_arn,
            *(each.work.queue.queue_arn for each in stack.consumers.values()),
        ]
    )
    assert set(stack.consumers) == set(CONSUMERS)
    assert set(stack.functions) == {"form", *CONSUMERS}
    assert stack.url is not None


class TestUploads:
    def test_the_bucket_is_private_and_keeps_versions(self, any_stack: Reading) -> None:
        assert set(bucket(any_stack)["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket(any_stack)["VersioningConfiguration"] == {"Status": "Enabled"}
        [statement] = policy_of_bucket(any_stack)
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    def test_old_versions_and_incomplete_uploads_end(self, any_stack: Reading) -> None:
        assert bucket(any_stack)["LifecycleConfiguration"]["Rules"] == [
            {
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "Status": "Enabled",
            }
        ]

    def test_only_named_websites_may_upload(self, sandbox: Reading, full: Reading) -> None:
        assert "CorsConfiguration" not in bucket(sandbox).body["Properties"]
        [rule] = bucket(full)["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedOrigins"] == ["https://app.example.com"]
        assert rule["AllowedMethods"] == ["POST"]

    def test_the_url_takes_signed_requests_only(self, any_stack: Reading) -> None:
        url = any_stack.one("AWS::Lambda::Url")
        assert (url["AuthType"], url["Qualifier"]) == ("AWS_IAM", "live")

    def test_principals_may_call_the_url_and_nothing_else(self, sandbox: Reading, full: Reading) -> None:
        assert not sandbox.all("AWS::Lambda::Permission")
        found = {each["Action"] for each in full.all("AWS::Lambda::Permission")}
        assert found == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
        for permission in full.all("AWS::Lambda::Permission"):
            assert permission["Principal"] == EVERY_OPTION["upload_principals"][0]

    @pytest.mark.parametrize(
        ("name", "types", "size"),
        [
            ("sandbox", "application/json,application/pdf,image/jpeg,image/png,text/csv", 10 << 20),
            ("full", "application/json,text/csv", 100 << 20),
        ],
    )
    def test_size_and_types_of_uploads(self, read: Callable[[str], Reading], name: str, types: str, size: int) -> None:
        for each in ("form", "process"):
            variables = function(read(name), each)["Environment"]["Variables"]
            assert (variables["CONTENT_TYPES"], variables["MAX_UPLOAD_BYTES"]) == (types, str(size))


def policy_of_bucket(stack: Reading) -> list[dict[str, Any]]:
    return stack.one("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]


class TestEvents:
    def test_the_bucket_publishes_creations_and_deletions(self, any_stack: Reading) -> None:
        found = bucket(any_stack)["NotificationConfiguration"]["TopicConfigurations"]
        assert [each["Event"] for each in found] == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]

    def test_no_function_sets_the_notifications(self, any_stack: Reading) -> None:
        assert len(any_stack.all("AWS::Lambda::Function")) == 3
        assert not any(each.type.startswith("Custom::") for each in any_stack.resources.values())

    def test_the_topic_admits_buckets_of_the_account_over_tls(self, any_stack: Reading) -> None:
        denied, admitted = policy(any_stack, "AWS::SNS::TopicPolicy", "Topics", topic(any_stack))
        assert denied["Effect"] == "Deny"
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert admitted["Principal"] == {"Service": "s3.amazonaws.com"}
        assert any_stack.shown(admitted["Condition"]) == {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:s3:::*"},
        }

    def test_the_bucket_waits_for_the_policy_of_the_topic(self, any_stack: Reading) -> None:
        """S3 publishes a test event when it gets the notifications."""
        [found] = [
            each
            for each in any_stack.all("AWS::SNS::TopicPolicy")
            if any_stack.to(each["Topics"][0]) == topic(any_stack)
        ]
        assert found.id in any_stack.before(bucket(any_stack))

    def test_each_consumer_gets_its_events_as_s3_wrote_them(self, any_stack: Reading) -> None:
        own = {"bucket": {"name": ["${AWS::S3::Bucket}"]}}
        created, removed = {"prefix": "ObjectCreated:"}, {"prefix": "ObjectRemoved:"}
        expected = {
            "process": {"eventName": [created], "s3": {**own, "object": {"key": [{"prefix": "uploads/"}]}}},
            "audit": {"eventName": [created, removed], "s3": own},
        }
        for name in CONSUMERS:
            found = subscription(any_stack, name)
            assert any_stack.shown(found["FilterPolicy"]) == {"Records": expected[name]}
            assert found["FilterPolicyScope"] == "MessageBody"
            assert found["RawMessageDelivery"] is True

    def test_what_sns_cannot_deliver_goes_to_the_dead_letter_queue(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            found = subscription(any_stack, name)["RedrivePolicy"]["deadLetterTargetArn"]
            assert any_stack.to(found) == dead_letters(any_stack, name)

    def test_a_subscription_waits_for_the_policies_of_its_queues(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            policies = {
                each.id
                for each in any_stack.all("AWS::SQS::QueuePolicy")
                if any_stack.to(each["Queues"][0]) in (queue(any_stack, name), dead_letters(any_stack, name))
            }
            assert len(policies) == 2
            assert policies <= any_stack.before(subscription(any_stack, name))


class TestQueues:
    def test_messages_come_from_the_topic_over_tls(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            for each in (queue(any_stack, name), dead_letters(any_stack, name)):
                denied, admitted = policy(any_stack, "AWS::SQS::QueuePolicy", "Queues", each)
                assert denied["Effect"] == "Deny"
                assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                assert admitted["Principal"] == {"Service": "sns.amazonaws.com"}
                assert admitted["Action"] == "sqs:SendMessage"
                assert any_stack.to(admitted["Condition"]["ArnEquals"]["aws:SourceArn"]) == topic(any_stack)

    def test_five_attempts_and_14_days(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            assert queue(any_stack, name)["RedrivePolicy"]["maxReceiveCount"] == 5
            assert dead_letters(any_stack, name)["MessageRetentionPeriod"] == 14 * DAY
            assert "MessageRetentionPeriod" not in queue(any_stack, name).body["Properties"]

    @pytest.mark.parametrize(("name", "timeout"), [("sandbox", 30), ("production", 30), ("full", 60)])
    def test_the_visibility_timeout_is_six_times_the_timeout(
        self, read: Callable[[str], Reading], name: str, timeout: int
    ) -> None:
        for consumer in CONSUMERS:
            assert function(read(name), consumer)["Timeout"] == timeout
            assert queue(read(name), consumer)["VisibilityTimeout"] == 6 * timeout

    def test_the_command_moves_dead_letters_back(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            source, target = dead_letters(any_stack, name), queue(any_stack, name)
            found = any_stack.document["Outputs"][f"{name.title()}RedriveCommand"]["Value"]
            assert any_stack.shown(found).startswith("aws sqs start-message-move-task --source-arn ")
            parts = found["Fn::Join"][1]
            assert [any_stack.to(part) for part in parts if isinstance(part, dict)] == [source, target]
            assert " --destination-arn " in parts


class TestConsumers:
    @pytest.mark.parametrize(("name", "size", "most"), [("sandbox", 10, 10), ("production", 10, 10), ("full", 5, 50)])
    def test_batches(self, read: Callable[[str], Reading], name: str, size: int, most: int) -> None:
        for consumer in CONSUMERS:
            found = mapping(read(name), consumer)
            assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert found["BatchSize"] == size
            assert found["ScalingConfig"] == {"MaximumConcurrency": most}

    @pytest.mark.parametrize(("name", "reserved"), [("sandbox", None), ("production", 10), ("full", 50)])
    def test_production_reserves_what_a_consumer_may_use(
        self, read: Callable[[str], Reading], name: str, reserved: int | None
    ) -> None:
        for consumer in CONSUMERS:
            assert function(read(name), consumer).get("ReservedConcurrentExecutions") == reserved
        assert "ReservedConcurrentExecutions" not in function(read(name), "form").body["Properties"]

    def test_consumers_can_receive_before_they_are_connected(self, any_stack: Reading) -> None:
        for name in CONSUMERS:
            role = any_stack.to(function(any_stack, name)["Role"])
            policies = {each.id for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role}
            assert policies <= any_stack.before(mapping(any_stack, name))

    def test_each_function_may_do_what_it_does(self, any_stack: Reading) -> None:
        objects = "${AWS::S3::Bucket.Arn}/uploads/*"
        table = "${AWS::DynamoDB::GlobalTable.Arn}"
        expected: dict[str, dict[str, set[str]]] = {
            "form": {objects: {"s3:PutObject"}},
            "process": {
                objects: {"s3:GetObject", "s3:GetObjectVersion"},
                "${AWS::S3::Bucket.Arn}": {"s3:ListBucket"},
                "${AWS::SQS::Queue.Arn}": RECEIVE,
                table: {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
            },
            "audit": {"${AWS::SQS::Queue.Arn}": RECEIVE, table: {"dynamodb:PutItem"}},
        }
        for name, own in expected.items():
            found = granted(any_stack, name)
            found.pop("${AWS::KMS::Key.Arn}", None)
            assert found == {"${AWS::Logs::LogGroup.Arn}": LOGS, "*": TRACES, **own}, name

    def test_each_consumer_has_its_items(self, any_stack: Reading) -> None:
        keys = {
            name: [
                key
                for statement in any_stack.statements(any_stack.to(function(any_stack, name)["Role"]))
                for key in statement.get("Condition", {})
                .get("ForAllValues:StringLike", {})
                .get("dynamodb:LeadingKeys", [])
            ]
            for name in CONSUMERS
        }
        assert keys == {"process": ["IDEMPOTENCY", "OBJECT#*"], "audit": ["AUDIT#*"]}

    def test_a_visibility_timeout_below_six_times_the_timeout_is_refused(self) -> None:
        stack = cdk.Stack(unchecked_app(), "Own")
        logs = LogGroup(stack, "Logs", posture=SANDBOX)
        live = LiveFunction(
            stack, "Function", package=RUNTIME, handler="audit.handler", log_group=logs, timeout_seconds=60
        )
        work = WorkQueue(stack, "Work", posture=SANDBOX, visibility_timeout_seconds=359)
        with pytest.raises(
            ValueError, match="at least 360 seconds, 6 times the timeout of the function, got 359"
        ) as error:
            QueueConsumer(stack, "Consumer", work=work, live=live, namespace="Own", service="own")
        assert LAMBDA_AND_SQS in str(error.value)

    @pytest.mark.parametrize("wrong", [{"batch_size": 11}, {"batch_size": 0}, {"max_concurrency": 1}])
    def test_values_beyond_the_limits_are_refused(self, wrong: dict[str, int]) -> None:
        stack = cdk.Stack(unchecked_app(), "Own")
        logs = LogGroup(stack, "Logs", posture=SANDBOX)
        live = LiveFunction(stack, "Function", package=RUNTIME, handler="audit.handler", log_group=logs)
        work = WorkQueue(stack, "Work", posture=SANDBOX, visibility_timeout_seconds=180)
        with pytest.raises(ValueError, match=next(iter(wrong))):
            QueueConsumer(stack, "Consumer", work=work, live=live, namespace="Own", service="own", **wrong)


class TestKey:
    def test_production_has_one_key_for_everything(self, production: Reading) -> None:
        key = production.one("AWS::KMS::Key")
        [rule] = bucket(production)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        holders = [
            rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
            *(each["KmsMasterKeyId"] for each in production.all("AWS::SNS::Topic")),
            *(each["KmsMasterKeyId"] for each in production.all("AWS::SQS::Queue")),
            *(each["KmsKeyArn"] for each in production.all("AWS::Lambda::Function")),
            *(each["KmsKeyId"] for each in production.all("AWS::Logs::LogGroup")),
            production.one("AWS::DynamoDB::GlobalTable")["Replicas"][0]["SSESpecification"]["KMSMasterKeyId"],
        ]
        assert len(holders) == 1 + 2 + 4 + 3 + 3 + 1
        assert {production.to(each).id for each in holders} == {key.id}
        assert rule["BucketKeyEnabled"] is True

    def test_it_admits_s3_and_sns_for_this_account(self, production: Reading) -> None:
        statements = production.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        admitted = {
            each["Principal"]["Service"]: each
            for each in statements
            if each["Principal"].get("Service") in ("s3.amazonaws.com", "sns.amazonaws.com")
        }
        for statement in admitted.values():
            assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert production.shown(admitted["s3.amazonaws.com"]["Condition"]) == {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}
        }
        assert production.shown(admitted["sns.amazonaws.com"]["Condition"]) == {
            "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:*"}
        }

    def test_no_resource_but_the_key_is_in_its_policy(self, production: Reading) -> None:
        """The topic has the key. It could not be created if the policy of the key named the topic."""
        assert production.before(production.one("AWS::KMS::Key")) == set()

    def test_a_key_of_ones_own_needs_both_statements(self, tmp_path: Path) -> None:
        stack = variant(
            PATTERN, tmp_path, key_arn="arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"
        )
        [warning] = [
            str(each.data)
            for each in stack.node.metadata
            if KEY_POLICY in str(each.data) or "key_arn is" in str(each.data)
        ]
        assert '"Service": "s3.amazonaws.com"' in warning
        assert '"Service": "sns.amazonaws.com"' in warning
        assert "arn:aws:sns:us-east-1:111122223333:*" in warning

    def test_stacks_without_events_admit_neither(self) -> None:
        found = service_statements(partition="aws", region="eu-west-1", account="111122223333", url_suffix="a.com")
        assert "s3.amazonaws.com" not in str([each.to_statement_json() for each in found])

    def test_sandbox_has_none(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::KMS::Key")
        for each in sandbox.all("AWS::SQS::Queue"):
            assert each["SqsManagedSseEnabled"] is True
        for each in sandbox.all("AWS::SNS::Topic"):
            assert each.get("KmsMasterKeyId") is None


class TestOperation:
    def test_alarms_notify_the_topic(self, any_stack: Reading) -> None:
        check_that_alarms_notify(any_stack, page="docs/event-pipeline.md")
        of_function = ("FailedCalls", "ThrottledCalls", "SlowCalls")
        of_queue = ("OldMessages", "DeadLetters", "FailedMessages", "ForgottenDeadLetters")
        assert alarms_of(any_stack).keys() == {
            "Undelivered",
            *(f"{name}{alarm}" for name in ("Form", "Process", "Audit") for alarm in of_function),
            *(f"{name}{alarm}" for name in ("Process", "Audit") for alarm in of_queue),
        }

    def test_what_rings(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        assert rings(found["Undelivered"]) == (1, 1, "notBreaching")
        for name in ("Process", "Audit"):
            assert rings(found[f"{name}FailedMessages"]) == (3, 15, "notBreaching")
            assert rings(found[f"{name}DeadLetters"]) == (1, 1, "ignore")
            assert found[f"{name}ForgottenDeadLetters"]["Threshold"] == 7 * DAY
            [dimension] = found[f"{name}DeadLetters"]["Dimensions"]
            assert any_stack.to(dimension["Value"]) == dead_letters(any_stack, name.lower())

    def test_failures_are_those_that_the_functions_count(self, any_stack: Reading) -> None:
        for name in ("Process", "Audit"):
            alarm, live = alarms_of(any_stack)[f"{name}FailedMessages"], function(any_stack, name.lower())
            variables = live["Environment"]["Variables"]
            assert any_stack.shown(alarm["Namespace"]) == any_stack.shown(variables["POWERTOOLS_METRICS_NAMESPACE"])
            found = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
            assert found["service"] == variables["POWERTOOLS_SERVICE_NAME"]
            assert any_stack.to(found["function_name"]) == live

    @pytest.mark.parametrize(("name", "kept"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_production_keeps_data(self, read: Callable[[str], Reading], name: str, kept: str) -> None:
        stack = read(name)
        for resource in (
            *stack.all("AWS::KMS::Key"),
            *stack.all("AWS::Logs::LogGroup"),
            *stack.all("AWS::SQS::Queue"),
            bucket(stack),
            stack.one("AWS::DynamoDB::GlobalTable"),
        ):
            assert resource.kept[0] == kept

    def test_other_stacks_find_the_topic_of_the_events(self, any_stack: Reading) -> None:
        assert any_stack.to(any_stack.document["Outputs"]["TopicArn"]["Value"]) == topic(any_stack)

    def test_outputs(self, any_stack: Reading) -> None:
        assert any_stack.document["Outputs"].keys() == {
            *("Url", "BucketName", "TopicArn", "TableName", "DashboardUrl"),
            *("ProcessQueueUrl", "ProcessDeadLettersUrl", "ProcessRedriveCommand"),
            *("AuditQueueUrl", "AuditDeadLettersUrl", "AuditRedriveCommand"),
        }


REFUSED: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"timeout_seconds": 4}, "timeout_seconds", ("from 5",)),
    ({"timeout_seconds": 901}, "timeout_seconds", ("900",)),
    ({"batch_size": 11}, "batch_size", ("1 to 10", "without a batching window")),
    ({"max_concurrency": 1}, "max_concurrency", ("2 to 1,000", "services-sqs-scaling")),
    ({"content_types": []}, "content_types", ("a list of 1 to 20 items",)),
    ({"content_types": ["text/csv; charset=utf-8"]}, "content_types.0", ("without parameters",)),
    ({"content_types": ["a,b/c"]}, "content_types.0", ("media type",)),
    ({"max_upload_mib": 101}, "max_upload_mib", ("100",)),
    ({"max_upload_mib": 100, "memory_mib": 256}, "memory_mib", ("at least 328", "got 256", "lower max_upload_mib")),
    ({"allowed_origins": ["*"]}, "allowed_origins.0", ("not *",)),
    ({"upload_principals": ["*"]}, "upload_principals.0", ("arn:aws:iam",)),
    ({"audit_retention_days": 0}, "audit_retention_days", ("from 1",)),
]


@pytest.mark.parametrize(("settings", "path", "parts"), REFUSED)
def test_wrong_settings_are_refused(settings: dict[str, Any], path: str, parts: tuple[str, ...]) -> None:
    found = refusal(PATTERN, **settings)
    assert list(found) == [path]
    for part in parts:
        assert part in found[path]


def test_reserved_concurrency_must_fit_into_the_account() -> None:
    found = refusal(PATTERN, posture="production", account_concurrency=115, max_concurrency=10)
    assert "must be at most 15, got 20" in found["max_concurrency"]


def test_a_topic_takes_any_bucket_and_queue(tmp_path: Path) -> None:
    stack = cdk.Stack(unchecked_app(tmp_path), "Own")
    events = EventTopic(stack, "Events")
    own = cdk.aws_s3.Bucket(stack, "Bucket")
    events.notify_of(own, "s3:ObjectRestore:Completed")
    events.subscribe(
        WorkQueue(stack, "Work", posture=SANDBOX),
        filter_policy={
            "Records": cdk.aws_sns.FilterOrPolicy.policy(
                {
                    "eventName": cdk.aws_sns.FilterOrPolicy.filter(
                        cdk.aws_sns.SubscriptionFilter.string_filter(allowlist=["ObjectRestore:Completed"])
                    )
                }
            )
        },
    )
    found = Reading(stack).one("AWS::SNS::Subscription")
    assert found["FilterPolicy"] == {"Records": {"eventName": ["ObjectRestore:Completed"]}}


class TestDrawing(DrawingPromises):
    """What docs/event-pipeline.d2 shows."""
