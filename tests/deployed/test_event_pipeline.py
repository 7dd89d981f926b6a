"""Checks of a deployed ``EventPipelineStack``."""

import json
from typing import Any, ClassVar

from tests.deployed.answers import Answer
from tests.deployed.changes import ATTACHED, EVERYTHING, LOG_GROUPS, STATEMENTS, allow, may, output
from tests.deployed.looking import alarm_topic, check_retention, inline_statements, listed, policies_of
from tests.deployed.proving import fails
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "EventPipelineStack"

ALIAS = "live"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
RECEIVE = {
    *("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage"),
    "sqs:GetQueueAttributes",
}
USE_OF_KEY = {
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
MAY = {
    "form.handler": ({"s3:PutObject"}, {"kms:Decrypt", "kms:GenerateDataKey"}),
    "process.handler": (
        RECEIVE
        | {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
        | {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        USE_OF_KEY,
    ),
    "audit.handler": (RECEIVE | {"dynamodb:PutItem"}, USE_OF_KEY),
}
"""What each function may do, and with the key in production."""
CONSUMERS = ("Process", "Audit")

NOTIFICATIONS = "s3.get_bucket_notification_configuration TopicConfigurations"
BLOCK = "s3.get_public_access_block PublicAccessBlockConfiguration"
ENCRYPTION = "s3.get_bucket_encryption ServerSideEncryptionConfiguration Rules 0 ApplyServerSideEncryptionByDefault"
SUBSCRIPTION = "sns.get_subscription_attributes Attributes"
TOPIC = "sns.get_topic_attributes Attributes"
QUEUE = "sqs.get_queue_attributes Attributes"
MAPPING = "lambda.list_event_source_mappings EventSourceMappings"
FUNCTION = "lambda.get_function_configuration"
TABLE = "dynamodb.describe_table Table"
EXPIRY = "dynamodb.describe_time_to_live TimeToLiveDescription"


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("Errors", "Throttles", "Duration", "FailedMessages", "NumberOfNotificationsFailed"),
        *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
    }


@fails("is public", f"{BLOCK} BlockPublicPolicy", False)
@fails("keeps no versions", "s3.get_bucket_versioning Status", "Suspended")
@fails("encrypted with no key of the stack", f"{ENCRYPTION} KMSMasterKeyID", "other", only="production")
def test_the_bucket_is_private_versioned_and_encrypted(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    block = stack.ask("s3.get_public_access_block", Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()), f"{bucket} is public"
    status = stack.ask("s3.get_bucket_versioning", Bucket=bucket).get("Status")
    assert status == "Enabled", f"{bucket} keeps no versions"
    if stack.production:
        found = stack.ask("s3.get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        used = found[0]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", "")
        assert used.endswith(tuple(stack.all("AWS::KMS::Key"))), f"{bucket} is encrypted with no key of the stack"


@fails(r"does not publish \['s3:ObjectCreated", f"{NOTIFICATIONS} 0")
@fails(r"does not publish", f"{NOTIFICATIONS} * TopicArn", "arn:aws:sns:us-east-1:111122223333:other")
def test_the_bucket_publishes_creations_and_deletions(stack: DeployedStack) -> None:
    found = stack.ask("s3.get_bucket_notification_configuration", Bucket=stack.outputs["BucketName"])
    published = {
        event
        for each in found.get("TopicConfigurations", [])
        if each["TopicArn"] == _topic(stack)
        for event in each["Events"]
    }
    missing = sorted({"s3:ObjectCreated:*", "s3:ObjectRemoved:*"} - published)
    assert not missing, f"the bucket does not publish {missing} to the topic"


@fails("any account may publish", f"{TOPIC} Policy Statement * Condition")
@fails("encrypted with alias/aws/sns, not with", f"{TOPIC} KmsMasterKeyId", "alias/aws/sns", only="production")
def test_buckets_of_the_account_may_publish(stack: DeployedStack) -> None:
    attributes = stack.ask("sns.get_topic_attributes", TopicArn=_topic(stack))["Attributes"]
    for statement in json.loads(attributes["Policy"])["Statement"]:
        source = statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
        assert statement["Effect"] == "Deny" or source, "any account may publish to the topic"
    if stack.production:
        used, key = attributes.get("KmsMasterKeyId", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"the topic is encrypted with {used}, not with the stack's key {key}"


@fails("looks at attributes", f"{SUBSCRIPTION} FilterPolicyScope", "MessageAttributes")
@fails("is lost if SNS cannot deliver it", f"{SUBSCRIPTION} RedrivePolicy")
@fails("wraps the event", f"{SUBSCRIPTION} RawMessageDelivery", "false")
@fails("admits every event", f"{SUBSCRIPTION} FilterPolicy")
@fails("the topic has 1 subscriptions", "sns.list_subscriptions_by_topic Subscriptions 0")
def test_each_queue_gets_its_events(stack: DeployedStack) -> None:
    listed_of_topic = stack.ask("sns.list_subscriptions_by_topic", TopicArn=_topic(stack))["Subscriptions"]
    assert len(listed_of_topic) == len(CONSUMERS), f"the topic has {len(listed_of_topic)} subscriptions"
    for arn in (each["SubscriptionArn"] for each in listed_of_topic):
        found = stack.ask("sns.get_subscription_attributes", SubscriptionArn=arn)["Attributes"]
        assert found.get("FilterPolicyScope") == "MessageBody", f"the filter of {arn} looks at attributes"
        assert "Records" in json.loads(found.get("FilterPolicy") or "{}"), f"{arn} admits every event"
        assert found.get("RawMessageDelivery") == "true", f"{arn} wraps the event"
        assert found.get("RedrivePolicy"), f"an event of {arn} is lost if SNS cannot deliver it"


@fails("is not encrypted", f"{QUEUE} SqsManagedSseEnabled", "false", only="sandbox")
@fails("encrypted with alias/aws/sqs, not with", f"{QUEUE} KmsMasterKeyId", "alias/aws/sqs", only="production")
@fails("takes messages without TLS", f"{QUEUE} Policy Statement * Condition Bool", {"aws:SecureTransport": "true"})
@fails("may send to .* for any topic", f"{QUEUE} Policy Statement * Condition ArnEquals", {"aws:SourceArn": "*"})
def test_queues_are_encrypted_and_take_events_of_the_topic_over_tls(stack: DeployedStack) -> None:
    for queue in [each for name in CONSUMERS for each in _queues(stack, name)]:
        name = queue["QueueArn"].rpartition(":")[2]
        if stack.production:
            used, key = queue.get("KmsMasterKeyId", "no key"), stack.only("AWS::KMS::Key")
            assert used.endswith(key), f"{name} is encrypted with {used}, not with the stack's key {key}"
        else:
            encrypted = queue.get("SqsManagedSseEnabled") == "true" or "KmsMasterKeyId" in queue
            assert encrypted, f"{name} is not encrypted"
        statements = json.loads(queue["Policy"])["Statement"]
        denied = [
            each
            for each in statements
            if each["Effect"] == "Deny" and each["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
        ]
        assert denied, f"{name} takes messages without TLS"
        sources = [
            each.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn")
            for each in statements
            if each["Effect"] == "Allow"
        ]
        assert sources == [_topic(stack)], f"SNS may send to {name} for any topic"


@fails("after 1 attempts", f"{QUEUE} RedrivePolicy maxReceiveCount", 1)
@fails("has no dead-letter queue", f"{QUEUE} RedrivePolicy")
@fails("are kept for 1 days", f"{QUEUE} MessageRetentionPeriod", "86400")
@fails("visible again after 60 seconds", f"{QUEUE} VisibilityTimeout", "60")
def test_a_message_has_five_attempts_and_then_14_days(stack: DeployedStack) -> None:
    for name in CONSUMERS:
        work, dead = _queues(stack, name)
        policy = json.loads(work.get("RedrivePolicy") or "{}")
        assert policy.get("deadLetterTargetArn") == dead["QueueArn"], f"the queue of {name} has no dead-letter queue"
        attempts = int(policy["maxReceiveCount"])
        assert attempts >= 5, f"a message of {name} is dead after {attempts} attempts"
        kept = int(dead["MessageRetentionPeriod"]) // 86_400
        assert kept == 14, f"dead letters of {name} are kept for {kept} days"
        hidden = int(work["VisibilityTimeout"])
        least = 6 * _mapped(stack, work)[1]["Timeout"]
        assert hidden >= least, f"a message of {name} is visible again after {hidden} seconds, not after {least}"


@fails("one failure fails the whole batch", f"{MAPPING} * FunctionResponseTypes", [])
@fails("takes any number of batches", f"{MAPPING} * ScalingConfig")
@fails("is Disabled", f"{MAPPING} * State", "Disabled")
def test_consumers_take_batches_and_report_partial_failures(stack: DeployedStack) -> None:
    for name in CONSUMERS:
        mapping, _ = _mapped(stack, _queues(stack, name)[0])
        assert mapping["State"] in ("Enabled", "Enabling", "Creating"), f"the consumer {name} is {mapping['State']}"
        partial = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
        assert partial, f"one failure fails the whole batch of {name}"
        maximum = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        assert maximum, f"{name} takes any number of batches at a time"


@fails(r"runs on \['x86_64'\]", f"{FUNCTION} Architectures", ["x86_64"])
@fails("has no layer with Powertools", f"{FUNCTION} Layers", [])
@fails("encrypted with no key, not with the stack's key", f"{FUNCTION} KMSKeyArn", only="production")
def test_functions_have_powertools_and_encrypted_variables(stack: DeployedStack) -> None:
    for function in _functions(stack):
        assert function["Architectures"] == ["arm64"], f"{function['Handler']} runs on {function['Architectures']}"
        layers = [each["Arn"] for each in function.get("Layers", [])]
        assert any("Powertools" in each for each in layers), f"{function['Handler']} has no layer with Powertools"
        if stack.production:
            used, key = function.get("KMSKeyArn", "no key"), stack.only("AWS::KMS::Key")
            assert used.endswith(key), f"the variables are encrypted with {used}, not with the stack's key {key}"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['s3:GetObject'\] on anything", f"{STATEMENTS} +", allow("s3:GetObject"))
@fails("may more, or less: .*'dynamodb:Scan'", f"{STATEMENTS} +", allow("dynamodb:Scan", "arn:aws:dynamodb:::t"))
@fails("may more, or less: .*'logs:PutLogEvents'", may())
def test_each_role_may_do_what_its_function_does(stack: DeployedStack) -> None:
    for function in _functions(stack):
        role, handler = function["Role"].rpartition("/")[2], function["Handler"]
        attached = policies_of(stack, role)
        assert not attached, f"the role of {handler} has managed policies: {attached}"
        granted = set[str]()
        for statement in inline_statements(stack, role):
            actions = set(listed(statement["Action"]))
            granted |= actions
            anything = "*" in listed(statement["Resource"])
            assert not anything or actions <= TRACES, f"{handler} may {sorted(actions)} on anything"
        own, of_key = MAY[handler]
        expected = LOGS | TRACES | own | (of_key if stack.production else set())
        assert granted == expected, f"{handler} may more, or less: {sorted(granted ^ expected)}"


@fails("deletion protection is False in production", f"{TABLE} DeletionProtectionEnabled", False, only="production")
@fails("keeps entries for ever", f"{EXPIRY} TimeToLiveStatus", "DISABLED")
@fails("has no maximum", f"{TABLE} OnDemandThroughput", {})
def test_the_table_forgets_and_has_a_maximum(stack: DeployedStack) -> None:
    name = stack.outputs["TableName"]
    table = stack.ask("dynamodb.describe_table", TableName=name)["Table"]
    protected = table.get("DeletionProtectionEnabled", False)
    assert protected == stack.production, f"deletion protection is {protected} in {stack.posture}"
    assert table.get("OnDemandThroughput"), f"{name} has no maximum of request units"
    expiry = stack.ask("dynamodb.describe_time_to_live", TableName=name)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING"), f"{name} keeps entries for ever"


@fails("takes requests of anybody: NONE", "lambda.get_function_url_config AuthType", "NONE")
def test_the_url_takes_signed_requests_only(stack: DeployedStack) -> None:
    [name] = [each["FunctionArn"].split(":")[6] for each in _functions(stack) if each["Handler"] == "form.handler"]
    found = stack.ask("lambda.get_function_url_config", FunctionName=name, Qualifier=ALIAS)
    assert found["AuthType"] == "AWS_IAM", f"{found['FunctionUrl']} takes requests of anybody: {found['AuthType']}"


@fails("does not move messages from", output("ProcessRedriveCommand"), "aws sqs start-message-move-task")
def test_the_command_moves_dead_letters_back(stack: DeployedStack) -> None:
    for name in CONSUMERS:
        work, dead = _queues(stack, name)
        expected = f"--source-arn {dead['QueueArn']} --destination-arn {work['QueueArn']}"
        command = stack.outputs[f"{name}RedriveCommand"]
        assert command.endswith(expected), f"{command} does not move messages from {dead['QueueArn']}"


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


def _topic(stack: DeployedStack) -> str:
    """The topic of the events."""
    [found] = [each for each in stack.all("AWS::SNS::Topic") if each != alarm_topic(stack)]
    return found


def _queues(stack: DeployedStack, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The queue of a consumer, and its dead-letter queue."""
    work, dead = (
        stack.ask("sqs.get_queue_attributes", QueueUrl=stack.outputs[f"{name}{kind}Url"], AttributeNames=["All"])
        for kind in ("Queue", "DeadLetters")
    )
    return work["Attributes"], dead["Attributes"]


def _mapped(stack: DeployedStack, queue: dict[str, Any]) -> tuple[dict[str, Any], Answer]:
    """The event source mapping of a queue, and the configuration of its function."""
    found = stack.ask("lambda.list_event_source_mappings", EventSourceArn=queue["QueueArn"])["EventSourceMappings"]
    assert len(found) == 1, f"{queue['QueueArn']} has {len(found)} consumers"
    name = found[0]["FunctionArn"].split(":")[6]
    return found[0], stack.ask("lambda.get_function_configuration", FunctionName=name, Qualifier=ALIAS)


def _functions(stack: DeployedStack) -> list[Answer]:
    """The configurations of the function versions that the aliases point to."""
    names = stack.all("AWS::Lambda::Function")
    return [stack.ask("lambda.get_function_configuration", FunctionName=name, Qualifier=ALIAS) for name in names]
