"""Checks of a deployed ``LambdaConcurrencyStack``."""

import json
from typing import Any, ClassVar

import pytest

from tests.deployed.answers import Answer
from tests.deployed.changes import ALARMS, ATTACHED, EVERYTHING, LOG_GROUPS, STATEMENTS, allow, may, output
from tests.deployed.looking import check_retention, inline_statements, listed, metrics_with, policies_of
from tests.deployed.proving import fails, skips
from tests.deployed.service import AlarmTopic
from tests.deployed.stack import DeployedStack
from tests.deployed.tables import SingleTable

STACK = "LambdaConcurrencyStack"

ALIAS = "live"
DEMONSTRATION = "The demonstration of Patternbook"
ITEM = {"item": "a text", "rounds": 1000}
DIGEST = "3a8cdc333aa9fffc4f02ed3dc5174ebab2950e13a94c43f3aa41143c54ab379c"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
OF_KEY = {
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
MAY = {
    "work": ({"sqs:SendMessage", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}, OF_KEY),
    "redrive": (
        {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "lambda:InvokeFunction"},
        {"kms:Decrypt"},
    ),
}
"""What each function may do beside logs and traces, and in production with the key."""
BY_URL = {
    "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
    "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
}
SPILL_OVER = "ProvisionedConcurrencySpilloverInvocations"
ROLL_BACK = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}

FUNCTION = "lambda.get_function_configuration"
CALLED = "lambda.get_alias"
RESERVED = "lambda.get_function_concurrency ReservedConcurrentExecutions"
PROVISIONED = "lambda.get_provisioned_concurrency_config"
SCALED = "application-autoscaling.describe_scalable_targets ScalableTargets"
SCALING = "application-autoscaling.describe_scaling_policies ScalingPolicies"
TRACKED = "TargetTrackingScalingPolicyConfiguration CustomizedMetricSpecification"
EVENTS = "lambda.list_function_event_invoke_configs FunctionEventInvokeConfigs"
QUEUE = "sqs.get_queue_attributes Attributes"
URL = "lambda.get_function_url_config"
DEPLOYMENTS = "codedeploy.get_deployment_group deploymentGroupInfo"
ROLLBACK = f"{DEPLOYMENTS} autoRollbackConfiguration"
POLICY = "lambda.get_policy Policy"


class TestTopic(AlarmTopic):
    """The checks of any stack with alarms."""

    WATCHED: ClassVar = {
        *("Errors", "Throttles", "Duration", "AsyncEventAge", "AsyncEventsDropped", "DestinationDeliveryFailures"),
        *("ApproximateNumberOfMessagesVisible", "ReadThrottleEvents"),
    }

    def watched(self, stack: DeployedStack) -> set[str]:
        kept_ready = _provisioned(stack) or stack.all("AWS::ApplicationAutoScaling::ScalableTarget")
        return self.WATCHED | ({SPILL_OVER} if kept_ready else set())


class TestTable(SingleTable):
    """The checks of any stack with a table."""


@fails(r"calls \['\$LATEST'\]", f"{CALLED} FunctionVersion", "$LATEST")
@fails(r"calls \['\$LATEST'\]", f"{CALLED} RoutingConfig", {"AdditionalVersionWeights": {"$LATEST": 0.1}})
def test_the_alias_is_a_numbered_version(stack: DeployedStack) -> None:
    name = stack.outputs["FunctionName"]
    alias = stack.ask("lambda.get_alias", FunctionName=name, Name=ALIAS)
    others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    called = {alias["FunctionVersion"], *others}
    unnumbered = sorted(version for version in called if not version.isdecimal())
    assert not unnumbered, f"the alias {ALIAS} calls {unnumbered}, which changes under its callers"


@fails(r"runs on \['x86_64'\]", f"{FUNCTION} Architectures", ["x86_64"])
@fails("tracing is PassThrough", f"{FUNCTION} TracingConfig Mode", "PassThrough")
@fails("logs as Text, not as JSON", f"{FUNCTION} LoggingConfig LogFormat", "Text")
@fails("logs to /aws/lambda/work", f"{FUNCTION} LoggingConfig LogGroup", "/aws/lambda/work")
def test_the_function_is_traced_and_logs_as_json(stack: DeployedStack) -> None:
    function = _function(stack)
    assert function["Architectures"] == ["arm64"], f"the function runs on {function['Architectures']}"
    tracing = function["TracingConfig"]["Mode"]
    assert tracing == "Active", f"tracing is {tracing}"
    logging = function.get("LoggingConfig", {})
    assert logging.get("LogFormat") == "JSON", f"the function logs as {logging.get('LogFormat')}, not as JSON"
    assert logging.get("LogGroup") == stack.outputs["LogGroupName"], f"it logs to {logging.get('LogGroup')}"


@fails("keeps everything for ever", f"{LOG_GROUPS} * retentionInDays")
@fails("encrypted with no key, not with the stack's key", f"{LOG_GROUPS} * kmsKeyId", only="production")
def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Logs::LogGroup"):
        check_retention(stack, name, stack.all("AWS::KMS::Key"))


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails(r"may \['logs:PutLogEvents'\] on any", f"{STATEMENTS} +", allow("logs:PutLogEvents"))
@fails(r"may more, or less: \['s3:GetObject'\]", f"{STATEMENTS} +", allow("s3:GetObject", "arn:aws:s3:::some/*"))
@fails("more, or less: .*'sqs:SendMessage'", may())
@fails("more, or less: .*'kms:Decrypt'", may(), only="production")
def test_each_role_may_do_what_its_function_does(stack: DeployedStack) -> None:
    for name in stack.all("AWS::Lambda::Function"):
        own, of_key = MAY["work" if name == stack.outputs["FunctionName"] else "redrive"]
        role = _function(stack, name)["Role"].rpartition("/")[2]
        attached = policies_of(stack, role)
        assert not attached, f"the role of {name} has managed policies: {attached}"
        granted = set[str]()
        for statement in inline_statements(stack, role):
            actions = set(listed(statement["Action"]))
            granted |= actions
            anything = "*" in listed(statement["Resource"])
            assert not anything or actions <= TRACES, f"{name} may {sorted(actions)} on anything"
        expected = LOGS | TRACES | own | (of_key if stack.production else set())
        assert granted == expected, f"{name} may more, or less: {sorted(granted ^ expected)}"


@fails("does not call a function of the stack", output("RedriveCommand"), "aws lambda invoke --function-name other")
@fails("sends events to arn:other", f"{FUNCTION} Environment Variables FUNCTION_ARN", "arn:other")
@fails("reads https://other", f"{FUNCTION} Environment Variables QUEUE_URL", "https://other")
def test_the_redrive_sends_failed_events_to_the_alias(stack: DeployedStack) -> None:
    command = stack.outputs["RedriveCommand"]
    called = command.split()[4]
    others = {*stack.all("AWS::Lambda::Function")} - {stack.outputs["FunctionName"]}
    assert called in others, f"{command} does not call a function of the stack"
    variables = _function(stack, called)["Environment"]["Variables"]
    target, url = variables["FUNCTION_ARN"], variables["QUEUE_URL"]
    assert target.endswith(f":{stack.outputs['FunctionName']}:{ALIAS}"), f"it sends events to {target}"
    assert url == stack.outputs["FailuresQueueUrl"], f"it reads {url}"


@fails("never called", RESERVED, 0)
@fails("no concurrency is reserved", RESERVED, only="production")
def test_concurrency_is_reserved_in_production(stack: DeployedStack) -> None:
    reserved = _reserved(stack)
    assert reserved != 0, "0 executions are reserved: the function is never called"
    if stack.production:
        assert reserved, "no concurrency is reserved: other functions may take all of it"


@fails("provisioned concurrency is FAILED", f"{PROVISIONED} Status", "FAILED")
@fails("environments are provisioned of 1 reserved", RESERVED, 1)
def test_provisioned_concurrency_is_ready_and_within_what_is_reserved(stack: DeployedStack) -> None:
    provisioned = _provisioned(stack)
    if not provisioned:
        pytest.skip("nothing is provisioned; sandbox does it only where a setting says so")
    assert provisioned["Status"] == "READY", f"provisioned concurrency is {provisioned['Status']}"
    number, reserved = provisioned["RequestedProvisionedConcurrentExecutions"], _reserved(stack)
    assert reserved is None or number <= reserved, f"{number} environments are provisioned of {reserved} reserved"


@fails("nothing scales function:", SCALED, [])
@fails("environments are provisioned of 4 reserved", RESERVED, 4)
@fails(r"scaling goes by \[\]", SCALING, [])
@fails(r"scaling goes by \[\('Average'", f"{SCALING} * {TRACKED} Statistic", "Average")
def test_provisioned_concurrency_scales_by_its_use(stack: DeployedStack) -> None:
    if not stack.all("AWS::ApplicationAutoScaling::ScalableTarget"):
        pytest.skip("the number of environments is fixed; it scales where max_provisioned_concurrency is set")
    of = f"function:{stack.outputs['FunctionName']}:{ALIAS}"
    targets = stack.ask(
        "application-autoscaling.describe_scalable_targets", ServiceNamespace="lambda", ResourceIds=[of]
    )["ScalableTargets"]
    assert targets, f"nothing scales {of}"
    most, reserved = targets[0]["MaxCapacity"], _reserved(stack)
    assert reserved is None or most <= reserved, f"up to {most} environments are provisioned of {reserved} reserved"
    policies = stack.ask("application-autoscaling.describe_scaling_policies", ServiceNamespace="lambda", ResourceId=of)[
        "ScalingPolicies"
    ]
    metrics = [
        policy["TargetTrackingScalingPolicyConfiguration"].get("CustomizedMetricSpecification", {})
        for policy in policies
    ]
    tracked = [(metric.get("Statistic"), metric.get("MetricName")) for metric in metrics]
    assert tracked == [("Maximum", "ProvisionedConcurrencyUtilization")], f"scaling goes by {tracked}"


@fails("events of the alias live have no configuration", EVENTS, [])
@fails("events of the alias live have no configuration", f"{EVENTS} * FunctionArn", "arn:function:work:$LATEST")
@fails("events that fail go to arn:other, not to", f"{EVENTS} * DestinationConfig OnFailure Destination", "arn:other")
def test_events_that_fail_go_to_the_queue(stack: DeployedStack) -> None:
    name, queue = stack.outputs["FunctionName"], _queue(stack)
    found = stack.ask("lambda.list_function_event_invoke_configs", FunctionName=name)["FunctionEventInvokeConfigs"]
    configurations = [item for item in found if item["FunctionArn"].endswith(f":{ALIAS}")]
    assert configurations, f"events of the alias {ALIAS} have no configuration: Lambda drops what fails"
    destination = configurations[0].get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    assert destination == queue["QueueArn"], f"events that fail go to {destination}, not to {queue['QueueArn']}"


@fails("is not encrypted", f"{QUEUE} SqsManagedSseEnabled", "false", only="sandbox")
@fails("encrypted with alias/aws/sqs, not with", f"{QUEUE} KmsMasterKeyId", "alias/aws/sqs", only="production")
@fails("kept for 4 days, not for 14", f"{QUEUE} MessageRetentionPeriod", "345600")
@fails("messages without TLS", f"{QUEUE} Policy Statement * Condition Bool aws:SecureTransport", "true")
def test_the_queue_of_failures_is_encrypted_and_takes_tls_only(stack: DeployedStack) -> None:
    queue = _queue(stack)
    if stack.production:
        used, key = queue.get("KmsMasterKeyId", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"the queue of failures is encrypted with {used}, not with the stack's key {key}"
    else:
        encrypted = queue.get("SqsManagedSseEnabled") == "true" or "KmsMasterKeyId" in queue
        assert encrypted, "the queue of failures is not encrypted"
    kept = int(queue["MessageRetentionPeriod"]) // 86_400
    assert kept == 14, f"failures are kept for {kept} days, not for 14"
    denied = [
        statement
        for statement in json.loads(queue.get("Policy", '{"Statement": []}'))["Statement"]
        if statement["Effect"] == "Deny"
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
    ]
    assert denied, "the queue of failures takes messages without TLS"


@fails("encrypted with no key, not with the stack's key", f"{FUNCTION} KMSKeyArn")
def test_variables_are_encrypted_with_the_stacks_key(stack: DeployedStack) -> None:
    if not stack.production:
        pytest.skip("in sandbox AWS's own key encrypts the variables")
    used, key = _function(stack).get("KMSKeyArn", "no key"), stack.only("AWS::KMS::Key")
    assert used.endswith(key), f"the variables are encrypted with {used}, not with the stack's key {key}"


@fails("takes requests of anybody: NONE", f"{URL} AuthType", "NONE")
@fails(
    "the URL is https://other.*, not the output's", f"{URL} FunctionUrl", "https://other.lambda-url.us-east-1.on.aws/"
)
def test_the_url_takes_signed_requests_only(stack: DeployedStack) -> None:
    name = stack.outputs["FunctionName"]
    found = stack.ask("lambda.get_function_url_config", FunctionName=name, Qualifier=ALIAS)
    assert found["AuthType"] == "AWS_IAM", f"{found['FunctionUrl']} takes requests of anybody: {found['AuthType']}"
    assert stack.outputs["Url"] == found["FunctionUrl"], f"the URL is {found['FunctionUrl']}, not the output's"


@fails("anybody may lambda:InvokeFunctionUrl", f"{POLICY} Statement * Principal", "*", only="everything")
@fails("may call the function otherwise", f"{POLICY} Statement * Condition", only="everything")
@fails("or not even so", f"{POLICY} Statement 0", only="everything")
@fails("otherwise than by its URL", f"{POLICY} Statement 0 Action", "lambda:GetFunction", only="everything")
def test_others_call_the_alias_by_its_url_only(stack: DeployedStack) -> None:
    granted: dict[str, dict[str, Any]] = {}
    for statement in _policy(stack):
        principal = statement["Principal"]
        who = principal if isinstance(principal, str) else principal.get("AWS", str(principal))
        assert who != "*", f"anybody may {statement['Action']}"
        granted.setdefault(who, {})[statement["Action"]] = statement.get("Condition", {})
    for who, actions in granted.items():
        assert actions == BY_URL, f"{who} may call the function otherwise than by its URL, or not even so: {actions}"


@fails("deployments go by Other", f"{DEPLOYMENTS} deploymentConfigName", "Other")
@fails(r"on \['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'\]", f"{ROLLBACK} enabled", False)
@fails(r"not rolled back on \['DEPLOYMENT_STOP_ON_ALARM'\]", f"{ROLLBACK} events", ["DEPLOYMENT_FAILURE"])
@fails(r"deployments watch \[\]", f"{DEPLOYMENTS} alarmConfiguration enabled", False)
@fails(r"deployments watch \['\w+'\]", f"{ALARMS} 0")
@fails(r"deployments watch \['Duration'\]", f"{ALARMS} * Metrics", [])
def test_traffic_shifts_and_goes_back_on_an_alarm(stack: DeployedStack) -> None:
    application, name = stack.only("AWS::CodeDeploy::Application"), stack.only("AWS::CodeDeploy::DeploymentGroup")
    group = stack.ask("codedeploy.get_deployment_group", applicationName=application, deploymentGroupName=name)[
        "deploymentGroupInfo"
    ]
    how = group["deploymentConfigName"]
    assert how.startswith("CodeDeployDefault.Lambda"), f"deployments go by {how}"
    back = group.get("autoRollbackConfiguration", {})
    missing = ROLL_BACK - set(back.get("events", [])) if back.get("enabled") else ROLL_BACK
    assert not missing, f"a deployment is not rolled back on {sorted(missing)}"
    configuration = group.get("alarmConfiguration", {})
    names = [alarm["name"] for alarm in configuration.get("alarms", [])] if configuration.get("enabled") else []
    watched = set[str]()
    if names:
        for alarm in stack.ask("cloudwatch.describe_alarms", AlarmNames=names)["MetricAlarms"]:
            watched |= metrics_with(alarm, "ExecutedVersion")
    watched.discard("Invocations")
    assert watched == {"Errors", "Duration"}, f"of a new version, deployments watch {sorted(watched)}"


@fails("the digest is 0a1b2c, not", "lambda.invoke Payload", b'{"digest": "0a1b2c"}')
@fails("the function fails: ", "lambda.invoke FunctionError", "Unhandled")
@skips("this stack has code of its own", f"{FUNCTION} Description", "")
def test_the_function_does_an_item(stack: DeployedStack) -> None:
    """Every version and environment computes the same digest."""
    if _function(stack).get("Description") != DEMONSTRATION:
        pytest.skip("the items are the demonstration's; this stack has code of its own")
    answer = stack.ask(
        "lambda.invoke",
        FunctionName=stack.outputs["FunctionName"],
        Qualifier=ALIAS,
        Payload=json.dumps(ITEM).encode(),
    )
    said = answer["Payload"].decode()
    assert "FunctionError" not in answer, f"the function fails: {said[:300]}"
    digest = json.loads(said).get("digest")
    assert digest == DIGEST, f"the digest is {digest}, not {DIGEST}"


def _function(stack: DeployedStack, name: str | None = None) -> dict[str, Any]:
    """The configuration of the version that the alias of a function points to, by default of the one that works."""
    asked = name or stack.outputs["FunctionName"]
    return stack.ask("lambda.get_function_configuration", FunctionName=asked, Qualifier=ALIAS)


def _reserved(stack: DeployedStack) -> int | None:
    name = stack.outputs["FunctionName"]
    return stack.ask("lambda.get_function_concurrency", FunctionName=name).get("ReservedConcurrentExecutions")


def _provisioned(stack: DeployedStack) -> Answer:
    """The provisioned concurrency, or an empty answer if there is none."""
    name, nothing = stack.outputs["FunctionName"], "ProvisionedConcurrencyConfigNotFoundException"
    return stack.ask("lambda.get_provisioned_concurrency_config", absent=nothing, FunctionName=name, Qualifier=ALIAS)


def _policy(stack: DeployedStack) -> list[dict[str, Any]]:
    name = stack.outputs["FunctionName"]
    found = stack.ask("lambda.get_policy", absent="ResourceNotFoundException", FunctionName=name, Qualifier=ALIAS)
    return listed(json.loads(found.get("Policy", '{"Statement": []}'))["Statement"])


def _queue(stack: DeployedStack) -> dict[str, str]:
    url = stack.outputs["FailuresQueueUrl"]
    return stack.ask("sqs.get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
