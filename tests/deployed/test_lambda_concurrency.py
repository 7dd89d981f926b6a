"""What a person would look at once ``LambdaConcurrencyStack`` is deployed.

Each check asks AWS, not the template, and holds in both postures and with any settings. That each can fail is shown
in tests/proof/test_lambda_concurrency.py.
"""

import json
from typing import Any

import pytest

from tests.deployed import service as any_service
from tests.deployed.service import heard_by_the_topic, inline_statements, listed, metrics_of
from tests.deployed.stack import DeployedStack

STACK = "LambdaConcurrencyStack"

ALIAS = "live"
DEMONSTRATION = "The demonstration of Patternbook"
ITEM = {"item": "a text", "rounds": 1000}
DIGEST = "3a8cdc333aa9fffc4f02ed3dc5174ebab2950e13a94c43f3aa41143c54ab379c"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
BY_URL = {
    "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
    "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
}
WATCHED = {
    *("Errors", "Throttles", "Duration", "AsyncEventAge", "AsyncEventsDropped", "DestinationDeliveryFailures"),
    "ApproximateNumberOfMessagesVisible",
}
SPILL_OVER = "ProvisionedConcurrencySpilloverInvocations"
ROLL_BACK = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}

# The same of any stack with a topic.
test_the_topic_takes_messages_of_alarms = any_service.test_the_topic_takes_messages_of_alarms


def test_the_alias_is_a_numbered_version(stack: DeployedStack) -> None:
    name = stack.only("AWS::Lambda::Function")
    alias = stack.client("lambda").get_alias(FunctionName=name, Name=ALIAS)
    others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    called = {alias["FunctionVersion"], *others}
    unnumbered = sorted(version for version in called if not version.isdecimal())
    assert not unnumbered, f"the alias {ALIAS} calls {unnumbered}, which changes under its callers"


def test_the_function_is_traced_and_logs_as_json(stack: DeployedStack) -> None:
    function = _function(stack)
    assert function["Architectures"] == ["arm64"], f"the function runs on {function['Architectures']}"
    tracing = function["TracingConfig"]["Mode"]
    assert tracing == "Active", f"tracing is {tracing}"
    logging = function.get("LoggingConfig", {})
    assert logging.get("LogFormat") == "JSON", f"the function logs as {logging.get('LogFormat')}, not as JSON"
    assert logging.get("LogGroup") == stack.only("AWS::Logs::LogGroup"), f"it logs to {logging.get('LogGroup')}"


def test_logs_are_kept_for_a_set_time(stack: DeployedStack) -> None:
    name = stack.only("AWS::Logs::LogGroup")
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    [group] = [group for group in groups if group["logGroupName"] == name]
    assert group.get("retentionInDays"), f"the log group {name} keeps everything for ever"
    if stack.production:
        used, key = group.get("kmsKeyId", "no key"), stack.only("AWS::KMS::Key")
        assert used.endswith(key), f"the log group is encrypted with {used}, not with the stack's key {key}"


def test_the_role_may_log_trace_and_report_failures(stack: DeployedStack) -> None:
    role = _function(stack)["Role"].rpartition("/")[2]
    attached = stack.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert not attached, f"the function's role has managed policies: {attached}"
    granted = set[str]()
    for statement in inline_statements(stack, role):
        actions = set(listed(statement["Action"]))
        granted |= actions
        anything = "*" in listed(statement["Resource"])
        assert not anything or actions <= TRACES, f"the function may {sorted(actions)} on anything"
    expected = LOGS | TRACES | {"sqs:SendMessage"} | (KEY if stack.production else set())
    assert granted == expected, f"the function may more, or less: {sorted(granted ^ expected)}"


def test_concurrency_is_reserved_in_production(stack: DeployedStack) -> None:
    reserved = _reserved(stack)
    assert reserved != 0, "0 executions are reserved: the function is never called"
    if stack.production:
        assert reserved, "no concurrency is reserved: other functions may take all of it"


def test_provisioned_concurrency_is_ready_and_within_what_is_reserved(stack: DeployedStack) -> None:
    provisioned = _provisioned(stack)
    if provisioned is None:
        pytest.skip("nothing is provisioned; sandbox does it only where a setting says so")
    assert provisioned["Status"] == "READY", f"provisioned concurrency is {provisioned['Status']}"
    number, reserved = provisioned["RequestedProvisionedConcurrentExecutions"], _reserved(stack)
    assert reserved is None or number <= reserved, f"{number} environments are provisioned of {reserved} reserved"


def test_provisioned_concurrency_scales_by_its_use(stack: DeployedStack) -> None:
    if not stack.all("AWS::ApplicationAutoScaling::ScalableTarget"):
        pytest.skip("the number of environments is fixed; it scales where max_provisioned_concurrency is set")
    scaling, of = stack.client("application-autoscaling"), f"function:{stack.only('AWS::Lambda::Function')}:{ALIAS}"
    targets = scaling.describe_scalable_targets(ServiceNamespace="lambda", ResourceIds=[of])["ScalableTargets"]
    assert targets, f"nothing scales {of}"
    most, reserved = targets[0]["MaxCapacity"], _reserved(stack)
    assert reserved is None or most <= reserved, f"up to {most} environments are provisioned of {reserved} reserved"
    policies = scaling.describe_scaling_policies(ServiceNamespace="lambda", ResourceId=of)["ScalingPolicies"]
    tracked = [
        policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for policy in policies
    ]
    assert tracked == ["LambdaProvisionedConcurrencyUtilization"], f"scaling goes by {tracked}"


def test_events_that_fail_go_to_the_queue(stack: DeployedStack) -> None:
    name, queue = stack.only("AWS::Lambda::Function"), _queue(stack)
    found = stack.client("lambda").list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    configurations = [item for item in found if item["FunctionArn"].endswith(f":{ALIAS}")]
    assert configurations, f"events of the alias {ALIAS} have no configuration: Lambda drops what fails"
    destination = configurations[0].get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    assert destination == queue["QueueArn"], f"events that fail go to {destination}, not to {queue['QueueArn']}"


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


def test_variables_are_encrypted_with_the_stacks_key(stack: DeployedStack) -> None:
    if not stack.production:
        pytest.skip("in sandbox AWS's own key encrypts the variables")
    used, key = _function(stack).get("KMSKeyArn", "no key"), stack.only("AWS::KMS::Key")
    assert used.endswith(key), f"the variables are encrypted with {used}, not with the stack's key {key}"


def test_the_url_takes_signed_requests_only(stack: DeployedStack) -> None:
    name = stack.only("AWS::Lambda::Function")
    found = stack.client("lambda").get_function_url_config(FunctionName=name, Qualifier=ALIAS)
    assert found["AuthType"] == "AWS_IAM", f"{found['FunctionUrl']} takes requests of anybody: {found['AuthType']}"
    assert stack.outputs["Url"] == found["FunctionUrl"], f"the URL is {found['FunctionUrl']}, not the output's"


def test_others_call_the_alias_by_its_url_only(stack: DeployedStack) -> None:
    granted: dict[str, dict[str, Any]] = {}
    for statement in _policy(stack):
        principal = statement["Principal"]
        who = principal if isinstance(principal, str) else principal.get("AWS", str(principal))
        assert who != "*", f"anybody may {statement['Action']}"
        granted.setdefault(who, {})[statement["Action"]] = statement.get("Condition", {})
    for who, actions in granted.items():
        assert actions == BY_URL, f"{who} may call the function otherwise than by its URL, or not even so: {actions}"


def test_traffic_shifts_and_goes_back_on_an_alarm(stack: DeployedStack) -> None:
    application, name = stack.only("AWS::CodeDeploy::Application"), stack.only("AWS::CodeDeploy::DeploymentGroup")
    group = stack.client("codedeploy").get_deployment_group(applicationName=application, deploymentGroupName=name)[
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
        for alarm in stack.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]:
            if any(dimension["Name"] == "ExecutedVersion" for dimension in alarm.get("Dimensions", [])):
                watched |= metrics_of(alarm)
    assert watched == {"Errors", "Duration"}, f"of a new version, deployments watch {sorted(watched)}"


def test_alarms_notify_the_topic(stack: DeployedStack) -> None:
    heard = heard_by_the_topic(stack)
    kept_ready = _provisioned(stack) or stack.all("AWS::ApplicationAutoScaling::ScalableTarget")
    expected = WATCHED | ({SPILL_OVER} if kept_ready else set())
    assert heard >= expected, f"the topic does not hear of {sorted(expected - heard)}"


def test_the_function_does_an_item(stack: DeployedStack) -> None:
    """The same digest each time, whichever version and environment does it."""
    if _function(stack).get("Description") != DEMONSTRATION:
        pytest.skip("the items are the demonstration's; this stack has code of its own")
    answer = stack.client("lambda").invoke(
        FunctionName=stack.only("AWS::Lambda::Function"), Qualifier=ALIAS, Payload=json.dumps(ITEM).encode()
    )
    said = answer["Payload"].read().decode()
    assert "FunctionError" not in answer, f"the function fails: {said[:300]}"
    digest = json.loads(said).get("digest")
    assert digest == DIGEST, f"the digest is {digest}, not {DIGEST}"


def _function(stack: DeployedStack) -> dict[str, Any]:
    """What the alias calls."""
    name = stack.only("AWS::Lambda::Function")
    return stack.client("lambda").get_function_configuration(FunctionName=name, Qualifier=ALIAS)


def _reserved(stack: DeployedStack) -> int | None:
    name = stack.only("AWS::Lambda::Function")
    return stack.client("lambda").get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")


def _provisioned(stack: DeployedStack) -> dict[str, Any] | None:
    client, name = stack.client("lambda"), stack.only("AWS::Lambda::Function")
    try:
        return client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=ALIAS)
    except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        return None


def _policy(stack: DeployedStack) -> list[dict[str, Any]]:
    client, name = stack.client("lambda"), stack.only("AWS::Lambda::Function")
    try:
        found = client.get_policy(FunctionName=name, Qualifier=ALIAS)["Policy"]
    except client.exceptions.ResourceNotFoundException:
        return []
    return listed(json.loads(found)["Statement"])


def _queue(stack: DeployedStack) -> dict[str, str]:
    url = stack.outputs["FailuresQueueUrl"]
    return stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
