"""Checks of a deployed ``WorkflowStack``."""

import json
from collections.abc import Collection
from typing import Any, ClassVar

from tests.deployed.answers import Answer
from tests.deployed.changes import (
    ATTACHED,
    CONTAINERS,
    EVERYTHING,
    LOG_GROUPS,
    STATEMENTS,
    TRUST,
    allow,
    by,
    may,
    output,
)
from tests.deployed.looking import check_retention, inline_statements, listed, policies_of, principals_of
from tests.deployed.proving import fails
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack

STACK = "WorkflowStack"

ALIAS = "live"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
READ_VERSIONS = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
USE_OF_KEY = {
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
ENTRIES = {"orders": "ORDER#*", "payments": "CHARGE#*", "shipments": "SHIPMENT#*", "stock": "RESERVATION#*"}
"""The entries that each function may write."""
ANYTHING = {
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"),
    *("logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
    *("xray:GetSamplingRules", "xray:GetSamplingTargets", *TRACES),
}
"""What AWS allows on anything only."""
STEPS = {
    *("lambda:InvokeFunction", "sqs:SendMessage", "ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks"),
    *("ecs:TagResource", "events:PutRule", "events:PutTargets", "events:DescribeRule", "iam:PassRole"),
}
"""What the steps of the workflow take."""

MACHINE = "stepfunctions.describe_state_machine"
ROUTING = "stepfunctions.describe_state_machine_alias routingConfiguration"
BLOCK = "s3.get_public_access_block PublicAccessBlockConfiguration"
ENCRYPTION = "s3.get_bucket_encryption ServerSideEncryptionConfiguration Rules 0 ApplyServerSideEncryptionByDefault"
QUEUE = "sqs.get_queue_attributes Attributes"
FUNCTION = "lambda.get_function_configuration"
TABLE = "dynamodb.describe_table Table"
BACKUPS = "dynamodb.describe_continuous_backups ContinuousBackupsDescription PointInTimeRecoveryDescription"


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("ExecutionsFailed", "ExecutionThrottled", "Errors", "Throttles", "Duration"),
        *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
    }


@fails("is EXPRESS", f"{MACHINE} type", "EXPRESS")
@fails("logs at level ERROR", f"{MACHINE} loggingConfiguration level", "ERROR")
@fails("logs the data of orders", f"{MACHINE} loggingConfiguration includeExecutionData", True, only="production")
@fails("is not traced", f"{MACHINE} tracingConfiguration enabled", False)
@fails("encrypted with no key", f"{MACHINE} encryptionConfiguration kmsKeyId", only="production")
def test_the_workflow_is_logged_traced_and_encrypted(stack: DeployedStack) -> None:
    machine = _machine(stack)
    name, logging = machine["name"], machine["loggingConfiguration"]
    assert machine["type"] == "STANDARD", f"{name} is {machine['type']}"
    assert logging["level"] == "ALL", f"{name} logs at level {logging['level']}"
    if stack.production:
        assert not logging["includeExecutionData"], f"{name} logs the data of orders"
        used = machine.get("encryptionConfiguration", {}).get("kmsKeyId", "no key")
        assert used.endswith(tuple(stack.all("AWS::KMS::Key"))), f"{name} is encrypted with {used}"
    assert machine["tracingConfiguration"]["enabled"], f"{name} is not traced"


@fails("the alias points to .*:other:1, not to", f"{ROUTING} 0 stateMachineVersionArn", "arn:aws:states:::other:1")
@fails("gets 60 %", f"{ROUTING} 0 weight", 60)
def test_the_alias_points_to_a_version(stack: DeployedStack) -> None:
    arn = stack.only("AWS::StepFunctions::StateMachine")
    routing = stack.ask("stepfunctions.describe_state_machine_alias", stateMachineAliasArn=stack.outputs["WorkflowArn"])
    routed = routing["routingConfiguration"]
    for each in routed:
        version = each["stateMachineVersionArn"]
        assert version.startswith(f"{arn}:"), f"the alias points to {version}, not to versions of {arn}"
    shares = sum(each["weight"] for each in routed)
    assert shares == 100, f"of new executions, a version gets {shares} %"


@fails("has names that nothing replaced", f"{MACHINE} definition", '{"States": {"A": {"Arguments": "${QueueUrl}"}}}')
@fails("waits without end", f"{MACHINE} definition", '{"States": {"A": {"Type": "Task"}}}')
@fails("no job reports its progress", f"{MACHINE} definition", '{"States": {}}')
def test_the_definition_is_complete(stack: DeployedStack) -> None:
    text = _machine(stack)["definition"]
    assert "${" not in text, "the definition has names that nothing replaced"
    states = json.loads(text)["States"]
    endless = [name for name, each in states.items() if each["Type"] == "Task" and "TimeoutSeconds" not in each]
    assert not endless, f"{endless} waits without end"
    jobs = [each for each in states.values() if each.get("Resource", "").endswith(":ecs:runTask.sync")]
    assert jobs, "no job reports its progress"
    assert all("HeartbeatSeconds" in each for each in jobs), "no job reports its progress"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['s3:GetObject'\] on anything", f"{STATEMENTS} +", allow("s3:GetObject"))
@fails("may more, or less: .*'sqs:Purge'", f"{STATEMENTS} +", allow("sqs:Purge", "arn:aws:sqs:::q"))
@fails("may pass roles to any service", f"{STATEMENTS} Action=iam:PassRole Condition")
@fails("may more, or less: .*'lambda:InvokeFunction'", may())
@fails("takes orders from events", f"{TRUST} Principal", by("events.amazonaws.com"))
def test_the_role_of_the_workflow_may_do_what_its_steps_do(stack: DeployedStack) -> None:
    role = _machine(stack)["roleArn"].rpartition("/")[2]
    principals = {name for _, name in principals_of(stack, role)}
    assert principals == {"states.amazonaws.com"}, f"{role} takes orders from {', '.join(principals)}"
    for statement in inline_statements(stack, role):
        if "iam:PassRole" in listed(statement["Action"]):
            condition = statement.get("Condition", {}).get("StringEquals", {})
            passed_to = condition.get("iam:PassedToService")
            assert passed_to == "ecs-tasks.amazonaws.com", f"{role} may pass roles to any service"
    _check_grants(stack, role, STEPS | ANYTHING, {"kms:Decrypt", "kms:GenerateDataKey"}, on_anything=ANYTHING)


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['s3:GetObject'\] on anything", f"{STATEMENTS} +", allow("s3:GetObject"))
@fails("may more, or less: .*'dynamodb:Scan'", f"{STATEMENTS} +", allow("dynamodb:Scan", "arn:aws:dynamodb:::t"))
@fails("may write entries of others", f"{STATEMENTS} Action=dynamodb:UpdateItem Condition")
@fails("may more, or less: .*'logs:PutLogEvents'", may())
def test_each_function_may_write_its_own_entries(stack: DeployedStack) -> None:
    for function in _functions(stack):
        role, name = function["Role"].rpartition("/")[2], function["Handler"].partition(".")[0]
        _check_entries(stack, role, ENTRIES[name])
        own = LOGS | TRACES | {"dynamodb:UpdateItem"} | (READ_VERSIONS if name == "orders" else set())
        _check_grants(stack, role, own, USE_OF_KEY, on_anything=TRACES)


@fails("may write entries of others", f"{STATEMENTS} Action=dynamodb:UpdateItem Condition")
@fails("may more, or less: .*'states:SendTaskSuccess'", f"{STATEMENTS} +", allow("states:SendTaskSuccess", "arn:m"))
@fails("may more, or less", may())
def test_the_task_may_ship_and_report_its_progress(stack: DeployedStack) -> None:
    role = _task(stack)["taskRoleArn"].rpartition("/")[2]
    _check_entries(stack, role, ENTRIES["shipments"])
    own = {"dynamodb:UpdateItem", "states:SendTaskHeartbeat"} | READ_VERSIONS
    channel = {f"ssmmessages:{each}Channel" for each in ("CreateControl", "CreateData", "OpenControl", "OpenData")}
    granted = _granted(stack, role) - channel
    expected = own | (USE_OF_KEY if stack.production else set())
    assert granted == expected, f"{role} may more, or less: {sorted(granted ^ expected)}"


@fails("runs as root", f"{CONTAINERS} 0 user")
@fails("can write to its root file system", f"{CONTAINERS} 0 readonlyRootFilesystem", False)
def test_the_container_is_not_root_and_cannot_change_its_image(stack: DeployedStack) -> None:
    [container] = _task(stack)["containerDefinitions"]
    assert container.get("user", "").split(":")[0] not in ("", "0", "root"), f"{container['name']} runs as root"
    assert container.get("readonlyRootFilesystem"), f"{container['name']} can write to its root file system"


@fails("is not encrypted", f"{QUEUE} SqsManagedSseEnabled", "false", only="sandbox")
@fails("encrypted with alias/aws/sqs, not with", f"{QUEUE} KmsMasterKeyId", "alias/aws/sqs", only="production")
@fails("takes messages without TLS", f"{QUEUE} Policy Statement * Condition Bool", {"aws:SecureTransport": "true"})
@fails("keeps a message for 60 seconds, and the workflow waits", f"{QUEUE} MessageRetentionPeriod", "60")
def test_messages_to_people_live_as_long_as_the_workflow_waits(stack: DeployedStack) -> None:
    states = json.loads(_machine(stack)["definition"])["States"].values()
    for name in ("Approvals", "Attention"):
        url = stack.outputs[f"{name}QueueUrl"]
        queue = stack.ask("sqs.get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if stack.production:
            used, key = queue.get("KmsMasterKeyId", "no key"), stack.only("AWS::KMS::Key")
            assert used.endswith(key), f"{name} is encrypted with {used}, not with the stack's key {key}"
        else:
            encrypted = queue.get("SqsManagedSseEnabled") == "true" or "KmsMasterKeyId" in queue
            assert encrypted, f"{name} is not encrypted"
        denied = [
            each
            for each in json.loads(queue["Policy"])["Statement"]
            if each["Effect"] == "Deny" and each["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
        ]
        assert denied, f"{name} takes messages without TLS"
        [waits] = [each["TimeoutSeconds"] for each in states if each.get("Arguments", {}).get("QueueUrl") == url]
        kept = int(queue["MessageRetentionPeriod"])
        assert kept == waits, f"{name} keeps a message for {kept} seconds, and the workflow waits for {waits}"


@fails("is public", f"{BLOCK} BlockPublicPolicy", False)
@fails("keeps no versions", "s3.get_bucket_versioning Status", "Suspended")
@fails("encrypted with no key of the stack", f"{ENCRYPTION} KMSMasterKeyID", "other", only="production")
def test_documents_are_private_versioned_and_encrypted(stack: DeployedStack) -> None:
    bucket = stack.outputs["BucketName"]
    block = stack.ask("s3.get_public_access_block", Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()), f"{bucket} is public"
    status = stack.ask("s3.get_bucket_versioning", Bucket=bucket).get("Status")
    assert status == "Enabled", f"{bucket} keeps no versions"
    if stack.production:
        found = stack.ask("s3.get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        used = found[0]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", "")
        assert used.endswith(tuple(stack.all("AWS::KMS::Key"))), f"{bucket} is encrypted with no key of the stack"


@fails("deletion protection is False in production", f"{TABLE} DeletionProtectionEnabled", False, only="production")
@fails("recovery is DISABLED", f"{BACKUPS} PointInTimeRecoveryStatus", "DISABLED", only="production")
def test_the_books_are_protected(stack: DeployedStack) -> None:
    name = stack.outputs["TableName"]
    table = stack.ask("dynamodb.describe_table", TableName=name)["Table"]
    protected = table.get("DeletionProtectionEnabled", False)
    assert protected == stack.production, f"deletion protection is {protected} in {stack.posture}"
    if stack.production:
        backups = stack.ask("dynamodb.describe_continuous_backups", TableName=name)["ContinuousBackupsDescription"]
        status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        assert status == "ENABLED", f"point-in-time recovery is {status}"


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


@fails("does not start the alias", output("StartCommand"), "aws stepfunctions start-execution")
@fails("does not continue executions", output("RedriveCommand"), "aws stepfunctions redrive-execution")
def test_the_commands_name_the_workflow(stack: DeployedStack) -> None:
    start, redrive = stack.outputs["StartCommand"], stack.outputs["RedriveCommand"]
    assert f"--state-machine-arn {stack.outputs['WorkflowArn']} --name" in start, f"{start} does not start the alias"
    name = stack.only("AWS::StepFunctions::StateMachine").rpartition(":")[2]
    assert redrive.endswith(f":execution:{name}:ORDER_ID"), f"{redrive} does not continue executions"


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


def _machine(stack: DeployedStack) -> Answer:
    arn = stack.only("AWS::StepFunctions::StateMachine")
    return stack.ask("stepfunctions.describe_state_machine", stateMachineArn=arn)


def _task(stack: DeployedStack) -> dict[str, Any]:
    arn = stack.only("AWS::ECS::TaskDefinition")
    return stack.ask("ecs.describe_task_definition", taskDefinition=arn)["taskDefinition"]


def _functions(stack: DeployedStack) -> list[Answer]:
    """The configurations of the function versions that the aliases point to."""
    names = stack.all("AWS::Lambda::Function")
    return [stack.ask("lambda.get_function_configuration", FunctionName=name, Qualifier=ALIAS) for name in names]


def _granted(stack: DeployedStack, role: str, on_anything: Collection[str] = ()) -> set[str]:
    """The actions that a role may take, of which only some may have any resource."""
    granted = set[str]()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        granted |= actions
        wide = "*" in listed(statement["Resource"]) and not actions <= set(on_anything)
        assert not wide or not on_anything, f"{role} may {sorted(actions)} on anything"
    return granted


def _check_grants(
    stack: DeployedStack, role: str, own: set[str], of_key: set[str], *, on_anything: Collection[str]
) -> None:
    attached = policies_of(stack, role)
    assert not attached, f"{role} has managed policies: {attached}"
    granted = _granted(stack, role, on_anything)
    expected = own | (of_key if stack.production else set())
    assert granted == expected, f"{role} may more, or less: {sorted(granted ^ expected)}"


def _check_entries(stack: DeployedStack, role: str, key: str) -> None:
    """Checks that a role may write entries with this key only."""
    for statement in inline_statements(stack, role):
        if "dynamodb:UpdateItem" in listed(statement["Action"]):
            condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            keys = listed(condition.get("dynamodb:LeadingKeys", []))
            assert keys == [key], f"{role} may write entries of others: {keys}"
