"""The promises of stacks/workflow."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from patternbook import PRODUCTION, SANDBOX, LogGroup, PeopleQueue, Workflow
from patternbook.data.encryption import service_statements
from patternbook.testing.alarms import alarms_of, check_that_alarms_notify, rings
from patternbook.testing.drawings.promises import DrawingPromises
from patternbook.testing.options import EXISTING_VPC
from patternbook.testing.reading import Reading, Resource
from patternbook.testing.synthesis import refusal, unchecked_app, variant
from stacks.workflow import WorkflowStack
from stacks.workflow.steps import RUNTIME

PATTERN = WorkflowStack
EVERY_OPTION: Mapping[str, Any] = {
    "approval_above": 0,
    "approval_timeout_seconds": 1_209_600,
    "vpc_cidr": "10.20.0.0/20",
    "availability_zones": [1, 3],
    "max_read_request_units": 2000,
    "max_write_request_units": 3000,
    "alarm_email": "ops@example.com",
    "log_retention_days": 30,
}
FULL: Mapping[str, Any] = {"posture": "production", **EVERY_OPTION}
VARIANTS = {"full": FULL}

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
FUNCTIONS = {"orders": "ORDER", "stock": "RESERVATION", "payments": "CHARGE", "shipments": "SHIPMENT"}
"""The functions, each with the prefix of its entries in the books."""
TABLE = "${AWS::DynamoDB::GlobalTable.Arn}"
DOCUMENTS = "${AWS::S3::Bucket.Arn}/orders/*"
KEY = "${AWS::KMS::Key.Arn}"
ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
DAY = 86_400
SMALL = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def machine(stack: Reading) -> Resource:
    return stack.one("AWS::StepFunctions::StateMachine")


def definition(stack: Reading) -> dict[str, Any]:
    return json.loads(stack.shown(machine(stack)["DefinitionString"]))


def function(stack: Reading, name: str) -> Resource:
    [found] = [each for each in stack.all("AWS::Lambda::Function") if each["Handler"] == f"{name}.handler"]
    return found


def role_of_workflow(stack: Reading) -> Resource:
    return stack.to(machine(stack)["RoleArn"])


def task(stack: Reading) -> Resource:
    return stack.one("AWS::ECS::TaskDefinition")


def queue(stack: Reading, name: str) -> Resource:
    return stack.to(machine(stack)["DefinitionSubstitutions"][f"{name}QueueUrl"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(stack: Reading, role: Resource) -> dict[str, set[str]]:
    """The actions of a role, by the resources as they are shown."""
    found: dict[str, set[str]] = {}
    for statement in stack.statements(role):
        assert statement["Effect"] == "Allow"
        for resource in listed(statement["Resource"]):
            found.setdefault(resource, set()).update(listed(statement["Action"]))
    return found


def condition(stack: Reading, role: Resource, action: str) -> dict[str, Any] | None:
    """The condition of the one statement that allows an action."""
    [found] = [each for each in stack.statements(role) if action in listed(each["Action"])]
    return found.get("Condition")


def test_the_parts_of_the_stack_are_attributes(full: Reading) -> None:
    stack = full.stack
    assert isinstance(stack, WorkflowStack)
    assert full.types_of(
        [
            stack.documents.bucket.bucket_arn,
            stack.books.table.table_arn,
            stack.approvals.queue.queue_arn,
            stack.attention.queue.queue_arn,
            stack.workflow.alias_arn,
            stack.workflow.version.attr_arn,
            stack.packing.task.definition.task_definition_arn,
            stack.cluster.cluster_arn,
        ]
    )
    assert set(stack.functions) == set(FUNCTIONS)


class TestWorkflow:
    def test_it_is_a_standard_workflow_in_jsonata(self, any_stack: Reading) -> None:
        assert "StateMachineType" not in machine(any_stack).body["Properties"]
        assert definition(any_stack)["QueryLanguage"] == "JSONata"

    def test_each_name_in_the_definition_has_a_value(self, any_stack: Reading) -> None:
        text, values = json.dumps(definition(any_stack)), machine(any_stack)["DefinitionSubstitutions"]
        assert all("${" + name + "}" in text for name in values)
        for name in values:
            text = text.replace("${" + name + "}", "")
        assert "${" not in text.replace("arn:${AWS::Partition}:states:::", "")

    def test_it_calls_the_aliases_of_the_functions(self, any_stack: Reading) -> None:
        values = machine(any_stack)["DefinitionSubstitutions"]
        for name in FUNCTIONS:
            alias = any_stack.to(values[f"{name.title()}Function"])
            assert alias.type == "AWS::Lambda::Alias"
            assert any_stack.to(alias["FunctionName"]) == function(any_stack, name)

    @pytest.mark.parametrize(("name", "amount", "seconds"), [("sandbox", "50000", DAY), ("full", "0", 14 * DAY)])
    def test_approvals(self, read: Callable[[str], Reading], name: str, amount: str, seconds: int) -> None:
        stack = read(name)
        assert machine(stack)["DefinitionSubstitutions"]["ApprovalAbove"] == amount
        assert definition(stack)["States"]["Wait for approval"]["TimeoutSeconds"] == seconds
        assert queue(stack, "Approvals")["MessageRetentionPeriod"] == seconds

    def test_the_workflow_outlasts_all_waits(self, any_stack: Reading) -> None:
        states = definition(any_stack)["States"]
        waits = sum(states[name]["TimeoutSeconds"] for name in ("Wait for approval", "Ask for help"))
        assert definition(any_stack)["TimeoutSeconds"] > waits

    def test_a_new_revision_is_a_new_version(self, any_stack: Reading) -> None:
        version = any_stack.one("AWS::StepFunctions::StateMachineVersion")
        assert version["StateMachineRevisionId"] == {"Fn::GetAtt": [machine(any_stack).id, "StateMachineRevisionId"]}
        assert any_stack.to(version["StateMachineArn"]) == machine(any_stack)

    def test_old_versions_stay_for_redrives(self, any_stack: Reading) -> None:
        """The state machine takes them with it."""
        assert any_stack.one("AWS::StepFunctions::StateMachineVersion").kept == ("Delete", "Retain")
        assert machine(any_stack).kept == ("Delete", "Delete")

    def test_sandbox_moves_to_a_new_version_at_once(self, sandbox: Reading) -> None:
        shift = sandbox.one("AWS::StepFunctions::StateMachineAlias")["DeploymentPreference"]
        assert shift.pop("StateMachineVersionArn")
        assert shift == {"Type": "ALL_AT_ONCE"}

    def test_production_shifts_gradually_and_back(self, production: Reading) -> None:
        alias = production.one("AWS::StepFunctions::StateMachineAlias")
        shift = alias["DeploymentPreference"]
        assert (shift["Type"], shift["Percentage"], shift["Interval"]) == ("CANARY", 10, 10)
        version = production.one("AWS::StepFunctions::StateMachineVersion")
        assert production.to(shift["StateMachineVersionArn"]) == version
        # CloudWatch takes an alarm that does not exist for OK, and the property has names, not ARNs:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-stepfunctions-statemachinealias-deploymentpreference.html
        [name] = shift["Alarms"]
        assert name == {"Ref": alarms_of(production)["NewVersionFails"].id}

    def test_the_rollback_watches_the_new_version_only(self, any_stack: Reading) -> None:
        alarm = alarms_of(any_stack)["NewVersionFails"]
        version = any_stack.one("AWS::StepFunctions::StateMachineVersion")
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert any_stack.to(dimensions.pop("StateMachineArn")) == machine(any_stack)
        # arn:aws:states:REGION:ACCOUNT:stateMachine:NAME:VERSION
        split = {"Fn::Split": [":", {"Fn::GetAtt": [version.id, "Arn"]}]}
        assert dimensions == {"Version": {"Fn::Select": [7, split]}}
        assert rings(alarm) == (1, 1, "notBreaching")

    def test_each_version_has_a_new_alarm(self, any_stack: Reading) -> None:
        """An alarm that is updated keeps its state, and CloudFormation refuses to shift to a version while it rings:
        https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-stepfunctions
        """
        version = any_stack.one("AWS::StepFunctions::StateMachineVersion")
        split = {"Fn::Split": [":", {"Fn::GetAtt": [version.id, "Arn"]}]}
        _, [start, number] = alarms_of(any_stack)["NewVersionFails"]["AlarmName"]["Fn::Join"]
        assert start.endswith("WorkflowStack-Monitoring-NewVersionFails-")
        assert number == {"Fn::Select": [7, split]}

    @pytest.mark.parametrize(("name", "data"), [("sandbox", True), ("production", False)])
    def test_all_events_are_logged_and_in_production_no_data(
        self, read: Callable[[str], Reading], name: str, data: bool
    ) -> None:
        stack = read(name)
        logging = machine(stack)["LoggingConfiguration"]
        assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", data)
        [destination] = logging["Destinations"]
        group = stack.to(destination["CloudWatchLogsLogGroup"]["LogGroupArn"])
        assert stack.shown(group["LogGroupName"]).startswith("/aws/vendedlogs/states/")
        assert machine(stack)["TracingConfiguration"] == {"Enabled": True}

    def test_only_state_machines_of_the_account_take_the_role(self, any_stack: Reading) -> None:
        [statement] = role_of_workflow(any_stack)["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "states.amazonaws.com"}
        assert any_stack.shown(statement["Condition"]) == {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": ARN % ("states", "stateMachine:*")},
        }

    def test_the_role_may_do_what_the_steps_do(self, any_stack: Reading) -> None:
        found = granted(any_stack, role_of_workflow(any_stack))
        found.pop(KEY, None)
        cluster, family = "${AWS::ECS::Cluster}", task(any_stack)["Family"]
        assert found == {
            "*": {
                *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
                *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"),
                *("logs:DescribeLogGroups", *TRACES, "xray:GetSamplingRules", "xray:GetSamplingTargets"),
            },
            "${AWS::Lambda::Alias}": {"lambda:InvokeFunction"},
            "${AWS::SQS::Queue.Arn}": {"sqs:SendMessage"},
            ARN % ("ecs", f"task-definition/{family}:*"): {"ecs:RunTask"},
            ARN % ("ecs", f"task/{cluster}/*"): {"ecs:StopTask", "ecs:DescribeTasks", "ecs:TagResource"},
            ARN % ("events", "rule/StepFunctionsGetEventsForECSTaskRule"): {
                *("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            },
            "${AWS::IAM::Role.Arn}": {"iam:PassRole"},
        }

    def test_it_runs_tasks_in_its_cluster_and_passes_two_roles_to_ecs(self, any_stack: Reading) -> None:
        role = role_of_workflow(any_stack)
        in_cluster = {"ArnEquals": {"ecs:cluster": "${AWS::ECS::Cluster.Arn}"}}
        for action in ("ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks"):
            assert condition(any_stack, role, action) == in_cluster
        assert condition(any_stack, role, "ecs:TagResource") == {"StringEquals": {"ecs:CreateAction": "RunTask"}}
        assert condition(any_stack, role, "iam:PassRole") == {
            "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        }
        [policy] = [each for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role]
        [passed] = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "iam:PassRole"]
        roles = {any_stack.to(each).id for each in passed["Resource"]}
        own = {any_stack.to(task(any_stack)[name]).id for name in ("TaskRoleArn", "ExecutionRoleArn")}
        assert roles == own

    def test_executions_have_what_they_need_before_the_alias(self, any_stack: Reading) -> None:
        before = any_stack.before(any_stack.one("AWS::StepFunctions::StateMachineAlias"))
        needed = {each.id for each in any_stack.all("AWS::IAM::Policy")}
        routes = {each.id for each in any_stack.all("AWS::EC2::Route") if "NatGatewayId" in each.body["Properties"]}
        flow_logs = any_stack.one("AWS::EC2::FlowLog")
        unrelated = {any_stack.to(flow_logs["DeliverLogsPermissionArn"]).id}
        needed -= {
            each.id
            for each in any_stack.all("AWS::IAM::Policy")
            if any_stack.to(each["Roles"][0]).id in unrelated or "Publisher" in each.id
        }
        assert needed | routes <= before
        assert {each.id for each in any_stack.all("AWS::Lambda::Alias")} <= before

    def test_the_policy_goes_after_the_state_machine(self, any_stack: Reading) -> None:
        """https://github.com/aws/aws-cdk/issues/5336"""
        role = role_of_workflow(any_stack)
        [policy] = [each for each in any_stack.all("AWS::IAM::Policy") if any_stack.to(each["Roles"][0]) == role]
        assert policy.id in any_stack.before(machine(any_stack))


class TestFunctions:
    def test_each_function_may_do_what_it_does(self, any_stack: Reading) -> None:
        expected: dict[str, dict[str, set[str]]] = {
            "orders": {
                DOCUMENTS: {"s3:GetObject", "s3:GetObjectVersion"},
                "${AWS::S3::Bucket.Arn}": {"s3:ListBucket"},
            },
        }
        for name in FUNCTIONS:
            found = granted(any_stack, any_stack.to(function(any_stack, name)["Role"]))
            found.pop(KEY, None)
            own = {"${AWS::Logs::LogGroup.Arn}": LOGS, "*": TRACES, TABLE: {"dynamodb:UpdateItem"}}
            assert found == {**own, **expected.get(name, {})}, name

    def test_each_function_has_its_entries(self, any_stack: Reading) -> None:
        for name, prefix in FUNCTIONS.items():
            role = any_stack.to(function(any_stack, name)["Role"])
            assert condition(any_stack, role, "dynamodb:UpdateItem") == {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{prefix}#*"]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            }

    def test_the_workflow_waits_longer_than_a_function_runs(self, any_stack: Reading) -> None:
        longest = max(each["Timeout"] for each in any_stack.all("AWS::Lambda::Function"))
        states = definition(any_stack)["States"].values()
        steps = [each for each in states if "lambda:invoke" in each.get("Resource", "")]
        assert steps
        assert all(each["TimeoutSeconds"] > longest for each in steps)

    def test_the_package_has_the_functions_only(self) -> None:
        found = {path.name for path in (RUNTIME / "functions").iterdir() if path.suffix != ".pyc"}
        assert {f"{name}.py" for name in FUNCTIONS} <= found
        assert not any(name.endswith((".sh", ".json")) for name in found)


class TestTask:
    def test_the_definition_names_the_family(self, any_stack: Reading) -> None:
        """ECS starts no task from a revision that a deployment has deregistered."""
        values = machine(any_stack)["DefinitionSubstitutions"]
        assert values["TaskDefinitionFamily"] == task(any_stack)["Family"]
        assert any_stack.to(values["ClusterArn"]) == any_stack.one("AWS::ECS::Cluster")
        [container] = task(any_stack)["ContainerDefinitions"]
        assert values["ContainerName"] == container["Name"]

    def test_the_script_runs_as_a_user_who_writes_to_tmp_only(self, any_stack: Reading) -> None:
        [container] = task(any_stack)["ContainerDefinitions"]
        assert container["EntryPoint"][2] == (RUNTIME / "pack.sh").read_text(encoding="utf-8")
        assert (container["User"], container["ReadonlyRootFilesystem"]) == ("1000:1000", True)
        assert [each["ContainerPath"] for each in container["LinuxParameters"]["Tmpfs"]] == ["/tmp"]
        assert container["Image"].rpartition(":")[2] != "latest"

    def test_the_task_may_ship_and_report_progress(self, any_stack: Reading) -> None:
        found = granted(any_stack, any_stack.to(task(any_stack)["TaskRoleArn"]))
        found.pop(KEY, None)
        assert found == {
            TABLE: {"dynamodb:UpdateItem"},
            DOCUMENTS: {"s3:GetObject", "s3:GetObjectVersion"},
            "${AWS::S3::Bucket.Arn}": {"s3:ListBucket"},
            "${AWS::StepFunctions::StateMachine}": {"states:SendTaskHeartbeat"},
        }

    def test_it_runs_in_private_subnets_and_admits_nobody(self, any_stack: Reading) -> None:
        values = machine(any_stack)["DefinitionSubstitutions"]
        named = [any_stack.to(each) for each in values["SubnetIds"]["Fn::Join"][1]]
        assert named == any_stack.subnets("private")
        group = any_stack.to(values["SecurityGroupId"])
        assert not [rule for admitted, rule in any_stack.inbound() if admitted == group]
        assert {(each["FromPort"], each["ToPort"]) for each in any_stack.outbound(group)} == {(443, 443)}

    def test_production_has_endpoints_for_what_it_calls(self, sandbox: Reading, production: Reading) -> None:
        def services(stack: Reading) -> set[str]:
            found = [each for each in stack.all("AWS::EC2::VPCEndpoint") if each.get("VpcEndpointType") == "Interface"]
            return {str(stack.shown(each["ServiceName"])).rpartition(".")[2] for each in found}

        assert services(sandbox) == set()
        assert services(production) == {"api", "dkr", "logs", "states"}

    def test_an_existing_vpc_is_only_used(self, tmp_path: Path) -> None:
        stack = Reading(variant(PATTERN, tmp_path, vpc=EXISTING_VPC))
        assert not stack.all("AWS::EC2::VPC")
        subnets = machine(stack)["DefinitionSubstitutions"]["SubnetIds"]
        assert subnets == ",".join(EXISTING_VPC["private_subnets"].values())


class TestPeople:
    def test_a_message_lives_as_long_as_the_workflow_waits(self, any_stack: Reading) -> None:
        states = definition(any_stack)["States"]
        for name, state in (("Approvals", "Wait for approval"), ("Attention", "Ask for help")):
            assert queue(any_stack, name)["MessageRetentionPeriod"] == states[state]["TimeoutSeconds"]

    def test_messages_come_over_tls(self, any_stack: Reading) -> None:
        for name in ("Approvals", "Attention"):
            [policy] = [
                each
                for each in any_stack.all("AWS::SQS::QueuePolicy")
                if any_stack.to(each["Queues"][0]) == queue(any_stack, name)
            ]
            [statement] = policy["PolicyDocument"]["Statement"]
            assert statement["Effect"] == "Deny"
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    @pytest.mark.parametrize("seconds", [59, 1_209_601])
    def test_other_times_are_refused(self, seconds: int) -> None:
        stack = cdk.Stack(unchecked_app(), "Own")
        with pytest.raises(ValueError, match=r"retention_seconds must be 60 to 1,209,600 seconds, got "):
            PeopleQueue(stack, "Queue", posture=SANDBOX, retention_seconds=seconds)


class TestKey:
    def test_production_has_one_key_for_everything(self, production: Reading) -> None:
        key = production.one("AWS::KMS::Key")
        encryption = machine(production)["EncryptionConfiguration"]
        assert encryption["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
        [rule] = production.one("AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        holders = [
            encryption["KmsKeyId"],
            rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
            *(each["KmsMasterKeyId"] for each in production.all("AWS::SNS::Topic")),
            *(each["KmsMasterKeyId"] for each in production.all("AWS::SQS::Queue")),
            *(each["KmsKeyArn"] for each in production.all("AWS::Lambda::Function")),
            *(each["KmsKeyId"] for each in production.all("AWS::Logs::LogGroup")),
            production.one("AWS::DynamoDB::GlobalTable")["Replicas"][0]["SSESpecification"]["KMSMasterKeyId"],
        ]
        assert len(holders) == 1 + 1 + 1 + 2 + 4 + 7 + 1
        assert {production.to(each).id for each in holders} == {key.id}

    def test_the_workflow_uses_it_for_state_machines_and_their_logs(self, production: Reading) -> None:
        """A state machine without a name of its own gets one from CloudFormation."""
        found = [
            (set(listed(each["Action"])), each["Condition"])
            for each in production.statements(role_of_workflow(production))
            if each["Resource"] == KEY and "kms:EncryptionContext" in str(each["Condition"])
        ]
        context = "kms:EncryptionContext:"
        assert found == [
            (
                {"kms:Decrypt", "kms:GenerateDataKey"},
                {"StringLike": {f"{context}aws:states:stateMachineArn": ARN % ("states", "stateMachine:*")}},
            ),
            ({"kms:GenerateDataKey"}, {"StringEquals": {f"{context}SourceArn": ARN % ("logs", "*")}}),
        ]

    def test_each_role_uses_it_through_the_services_that_it_calls(self, production: Reading) -> None:
        def services(role: Resource) -> dict[str, set[str]]:
            found: dict[str, set[str]] = {}
            for each in production.statements(role):
                via = each.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService")
                if each["Resource"] == KEY and via:
                    found.setdefault(via.partition(".")[0], set()).update(listed(each["Action"]))
            return found

        read, send = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}
        assert services(role_of_workflow(production)) == {"sqs": send}
        table = services(production.to(function(production, "stock")["Role"]))
        assert table.keys() == {"dynamodb"}
        for role in (function(production, "orders")["Role"], task(production)["TaskRoleArn"]):
            assert services(production.to(role)) == {"s3": read, **table}

    def test_it_admits_the_delivery_of_logs_of_the_account(self, production: Reading) -> None:
        statements = production.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        [admitted] = [each for each in statements if each["Principal"].get("Service") == "delivery.logs.amazonaws.com"]
        assert admitted["Action"] == "kms:Decrypt"
        assert production.shown(admitted["Condition"]) == {
            "StringEquals": {"kms:EncryptionContext:SourceArn": ARN % ("logs", "*")}
        }

    def test_other_stacks_do_not_admit_it(self) -> None:
        found = service_statements(partition="aws", region="eu-west-1", account="111122223333", url_suffix="a.com")
        assert "delivery" not in str([each.to_statement_json() for each in found])

    def test_a_key_of_ones_own_needs_the_statement(self, tmp_path: Path) -> None:
        arn = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-1234-1234-1234-123456789012"
        stack = variant(PATTERN, tmp_path, key_arn=arn)
        [warning] = [str(each.data) for each in stack.node.metadata if "key_arn is" in str(each.data)]
        assert '"Service": "delivery.logs.amazonaws.com"' in warning
        assert "arn:aws:logs:us-east-1:111122223333:*" in warning

    def test_sandbox_has_none(self, sandbox: Reading) -> None:
        assert not sandbox.all("AWS::KMS::Key")
        assert "EncryptionConfiguration" not in machine(sandbox).body["Properties"]


class TestOperation:
    def test_alarms_notify_the_topic(self, any_stack: Reading) -> None:
        check_that_alarms_notify(any_stack, page="docs/workflow.md")
        assert alarms_of(any_stack).keys() == {
            *("FailedExecutions", "ThrottledSteps", "NewVersionFails", "ApprovalsWait", "NeedsAttention"),
            *("ForgottenAttention", "FailedCalls", "ThrottledCalls", "SlowCalls", "TableThrottles"),
        }

    def test_what_rings(self, any_stack: Reading) -> None:
        found = alarms_of(any_stack)
        assert rings(found["FailedExecutions"]) == (1, 1, "notBreaching")
        assert rings(found["NeedsAttention"]) == (1, 1, "ignore")
        [dimension] = found["NeedsAttention"]["Dimensions"]
        assert any_stack.to(dimension["Value"]) == queue(any_stack, "Attention")
        half = queue(any_stack, "Approvals")["MessageRetentionPeriod"] // 2
        assert found["ApprovalsWait"]["Threshold"] == half

    def test_messages_for_executions_without_compensation_and_tasks_that_cannot_start(self, any_stack: Reading) -> None:
        rules = {each["EventPattern"]["source"][0]: each for each in any_stack.all("AWS::Events::Rule")}
        stopped, failed = rules["aws.states"], rules["aws.ecs"]
        detail = stopped["EventPattern"]["detail"]
        assert detail["status"] == ["TIMED_OUT", "ABORTED"]
        assert any_stack.to(detail["stateMachineArn"][0]) == machine(any_stack)
        [target] = stopped["Targets"]
        assert "redrive-execution --execution-arn" in str(target["InputTransformer"])
        detail = failed["EventPattern"]["detail"]
        assert detail["stopCode"] == ["TaskFailedToStart"]
        assert any_stack.to(detail["clusterArn"][0]) == any_stack.one("AWS::ECS::Cluster")

    @pytest.mark.parametrize(("name", "kept"), [("sandbox", "Delete"), ("production", "RetainExceptOnCreate")])
    def test_production_keeps_data(self, read: Callable[[str], Reading], name: str, kept: str) -> None:
        stack = read(name)
        for resource in (
            *stack.all("AWS::KMS::Key"),
            *stack.all("AWS::Logs::LogGroup"),
            *stack.all("AWS::SQS::Queue"),
            stack.one("AWS::S3::Bucket"),
            stack.one("AWS::DynamoDB::GlobalTable"),
        ):
            assert resource.kept[0] == kept

    def test_outputs(self, any_stack: Reading) -> None:
        alias = "${AWS::StepFunctions::StateMachineAlias.Arn}"
        assert any_stack.document["Outputs"].keys() == {
            *("StartCommand", "ApprovalsCommand", "AttentionCommand", "RedriveCommand"),
            *("WorkflowArn", "StateMachineArn", "BucketName", "TableName", "ClusterName", "DashboardUrl"),
            *("ApprovalsQueueUrl", "AttentionQueueUrl"),
        }
        assert any_stack.output("StartCommand") == (
            f"aws stepfunctions start-execution --state-machine-arn {alias} --name ORDER_ID"
            ' --input \'{"document": {"key": "orders/ORDER_ID.json"}}\''
        )
        assert any_stack.output("RedriveCommand") == (
            "aws stepfunctions redrive-execution --execution-arn "
            f"{ARN % ('states', 'execution:${AWS::StepFunctions::StateMachine.Name}:ORDER_ID')}"
        )


REFUSED: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"approval_timeout_seconds": 59}, "approval_timeout_seconds", ("60 to 1,209,600", "retention period")),
    ({"approval_timeout_seconds": 1_209_601}, "approval_timeout_seconds", ("60 to 1,209,600",)),
    ({"approval_above": -1}, "approval_above", ("from 0",)),
    ({"approval_above": 0.5}, "approval_above", ("whole number",)),
    ({"approval_above": "500 EUR"}, "approval_above", ("number",)),
    ({"max_write_request_units": 0}, "max_write_request_units", ("1",)),
    ({"vpc_cidr": "10.0.0.0/28"}, "vpc_cidr", ("/23",)),
]


@pytest.mark.parametrize(("settings", "path", "parts"), REFUSED)
def test_wrong_settings_are_refused(settings: dict[str, Any], path: str, parts: tuple[str, ...]) -> None:
    found = refusal(PATTERN, **settings)
    assert list(found) == [path]
    for part in parts:
        assert part in found[path]


@pytest.mark.parametrize("posture", [SANDBOX, PRODUCTION], ids=lambda posture: posture.name)
def test_a_workflow_stands_alone(posture: Any, tmp_path: Path) -> None:
    """In an app of somebody else, with a definition and a log group of their own, and without alarms."""
    stack = cdk.Stack(unchecked_app(tmp_path), "Own")
    Workflow(stack, "Workflow", posture=posture, definition=SMALL, log_group=LogGroup(stack, "Logs", posture=posture))
    found = Reading(stack)
    assert found.one("AWS::StepFunctions::StateMachineAlias")["DeploymentPreference"]["Type"] == "ALL_AT_ONCE"
    assert definition(found) == SMALL


class TestDrawing(DrawingPromises):
    """What docs/workflow.d2 shows."""
