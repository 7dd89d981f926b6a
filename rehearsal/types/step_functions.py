"""State machines of Step Functions: versions and aliases, which MiniStack lacks, and properties that it drops.

An alias moves to a new version at once, where CloudFormation would shift executions in steps. An execution runs the
newest definition, whatever version the alias points to.
"""

from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs, iam, kms, stepfunctions

from rehearsal.types.actions import amend_json_answer
from rehearsal.types.registry import Provisioned, amend_type, register_type
from rehearsal.types.shapes import Properties, Record, is_true, parse_response, require, to_api


def register() -> None:
    amend_type(
        "AWS::StepFunctions::StateMachine",
        check=check_machine,
        translate=translate_machine,
        complete=complete_machine,
        clean_up=delete_parts,
    )
    register_type(
        "AWS::StepFunctions::StateMachineVersion",
        create=create_version,
        update=update_version,
        delete=delete_version,
    )
    register_type(
        "AWS::StepFunctions::StateMachineAlias", create=create_alias, update=update_alias, delete=delete_alias
    )
    amend_json_answer("states", "DescribeStateMachine", add_tracing)


# State machines


def check_machine(properties: Properties) -> None:
    role = properties["RoleArn"]
    known = any(record["Arn"] == role for record in iam._roles.values())
    require(known, f"Neither the global service principal states.amazonaws.com is authorized to assume {role}")
    for destination in properties.get("LoggingConfiguration", {}).get("Destinations", []):
        group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"].split(":")[6]
        require(group in cloudwatch_logs._log_groups, f"The log group {group} does not exist")
    key = properties.get("EncryptionConfiguration", {}).get("KmsKeyId")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")


def translate_machine(properties: Properties) -> Properties:
    if "LoggingConfiguration" not in properties:
        return properties
    logging = to_api(
        "stepfunctions", "CreateStateMachine", {"LoggingConfiguration": properties["LoggingConfiguration"]}
    )
    return {**properties, "LoggingConfiguration": logging["loggingConfiguration"]}


def complete_machine(arn: str, properties: Properties) -> None:
    enabled = is_true(properties.get("TracingConfiguration", {}).get("Enabled", False))
    stepfunctions._state_machines[arn]["tracingConfiguration"] = {"enabled": enabled}


def add_tracing(answer: Record) -> None:
    machine = stepfunctions._state_machines.get(answer["stateMachineArn"], {})
    answer["tracingConfiguration"] = machine.get("tracingConfiguration", {"enabled": False})


def delete_parts(arn: str, _properties: Properties) -> None:
    """Step Functions deletes versions, aliases and executions with their state machine:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
    """
    for store in (stepfunctions._state_machine_versions, stepfunctions._state_machine_aliases):
        for part in [each for each in store if each.startswith(f"{arn}:")]:
            del store[part]
    executions = stepfunctions._executions
    for name in [name for name, execution in executions.items() if execution["stateMachineArn"] == arn]:
        del executions[name]


# Versions


def create_version(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    """Publishes a version, unless the revision has one:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html
    """
    machine, revision = properties["StateMachineArn"], properties.get("StateMachineRevisionId")
    for arn, version in stepfunctions._state_machine_versions.items():
        if version["stateMachineArn"] == machine and version["stateMachineRevisionId"] == revision:
            return arn, {"Arn": arn}
    given = to_api("stepfunctions", "PublishStateMachineVersion", properties, excluding=("StateMachineRevisionId",))
    answer = stepfunctions._publish_state_machine_version({**given, **({"revisionId": revision} if revision else {})})
    arn = parse_response(answer)["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def update_version(arn: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """All properties replace a version."""
    return arn, {"Arn": arn}


def delete_version(arn: str, _properties: Properties) -> None:
    parse_response(stepfunctions._delete_state_machine_version({"stateMachineVersionArn": arn}))


# Aliases


def create_alias(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    given = {"name": properties["Name"], **_alias(properties)}
    arn = parse_response(stepfunctions._create_state_machine_alias(given))["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def update_alias(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    parse_response(stepfunctions._update_state_machine_alias({"stateMachineAliasArn": arn, **_alias(new)}))
    return arn, {"Arn": arn}


def delete_alias(arn: str, _properties: Properties) -> None:
    parse_response(stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": arn}))


def _alias(properties: Properties) -> dict[str, Any]:
    preference = properties.get("DeploymentPreference", {})
    for alarm in preference.get("Alarms", []):
        require(alarm in cloudwatch._alarms, f"No alarm {alarm}")
    if preference:
        routing = [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]
    else:
        routing = [
            {"stateMachineVersionArn": each["StateMachineVersionArn"], "weight": int(each["Weight"])}
            for each in properties["RoutingConfiguration"]
        ]
    return {"description": properties.get("Description", ""), "routingConfiguration": routing}
