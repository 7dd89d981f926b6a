"""Lambda functions, versions and aliases: properties that MiniStack drops, and checks of references.

An alias moves to a new version at once. No traffic is shifted, as CodeDeploy would do.
"""

import functools
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, iam, kms, lambda_svc

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, Record, require

ACCOUNT_CONCURRENCY, UNRESERVED = 1000, 100
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""


def register() -> None:
    amend_type("AWS::Lambda::Function", check=check_function, complete=complete_function)
    amend_type("AWS::Lambda::Version", check_create=check_version)
    amend_type("AWS::Lambda::Alias", check=check_alias)
    invoke = functools.partial(invoke_asynchronously, lambda_svc.invoke_async_with_retry)
    lambda_svc.invoke_async_with_retry = invoke  # ty: ignore[invalid-assignment]


def invoke_asynchronously(invoke: Callable[[Record, Any], None], record: Record, event: Any) -> None:
    """Invokes by the configuration of what is called. MiniStack knows that of the function and of ``$LATEST`` only."""
    name, _, qualifier = record["config"]["FunctionArn"].split(":", 6)[6].partition(":")
    configuration = lambda_svc._event_invoke_config(function(name), qualifier or None)
    invoke({**record, "event_invoke_config": configuration}, event)


def function(name: str) -> Record:
    return require(lambda_svc._functions.get(name), f"Function not found: {name}")


def check_function(properties: Properties) -> None:
    role = properties["Role"]
    known = any(record["Arn"] == role for record in iam._roles.values())
    require(known, f"The role defined for the function cannot be assumed by Lambda: {role}")
    log_group = properties.get("LoggingConfig", {}).get("LogGroup")
    require(not log_group or log_group in cloudwatch_logs._log_groups, f"No log group {log_group}")
    key = properties.get("KmsKeyArn")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")
    if _reserved(properties) > ACCOUNT_CONCURRENCY - UNRESERVED:
        raise ValueError(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution"
            f" below its minimum value of [{UNRESERVED}]."
        )


def complete_function(name: str, properties: Properties) -> None:
    record = function(name)
    reserved = properties.get("ReservedConcurrentExecutions")
    record["concurrency"] = None if reserved is None else int(reserved)
    record["config"].pop("KMSKeyArn", None)
    if key := properties.get("KmsKeyArn"):
        record["config"]["KMSKeyArn"] = key


def check_version(properties: Properties) -> None:
    """Refuses a second version of the same code and configuration, whichever function update they come from.

    Lambda compares with the version that was published last
    (https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html). So a version that a roll-back retained
    blocks the retry (https://github.com/service-cloud-voice/ServiceCloudVoiceLambdas/issues/30). MiniStack would take
    the retried update of the function for a change.
    """
    record = function(properties["FunctionName"].rpartition(":")[2])
    latest = max(record["versions"], key=int, default=None)
    if latest and _published(record["versions"][latest]["config"]) == _published(record["config"]):
        raise ValueError(
            f"A version for this Lambda function exists ( {latest} ). Modify the function to create a new version."
        )


def _published(configuration: Record) -> Record:
    """The configuration without what identifies a version, and without its state."""
    identity = ("FunctionArn", "Version", "RevisionId", "LastModified", "MasterArn")
    return {
        name: value
        for name, value in configuration.items()
        if name not in identity and not name.startswith(("State", "LastUpdateStatus"))
    }


def check_alias(properties: Properties) -> None:
    record = function(properties["FunctionName"].rpartition(":")[2])
    version = properties["FunctionVersion"]
    require(version in record["versions"], f"Function not found: {properties['FunctionName']}:{version}")
    provisioned: Any = properties.get("ProvisionedConcurrencyConfig", {}).get("ProvisionedConcurrentExecutions", 0)
    reserved = record["concurrency"]
    if reserved is not None and int(provisioned) > reserved:
        raise ValueError(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )


def _reserved(properties: Properties) -> int:
    return int(properties.get("ReservedConcurrentExecutions") or 0)
