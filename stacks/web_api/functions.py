"""The functions of the API, each with the actions on the table that it uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook import LiveFunction, LogGroup, Posture, SingleTable, powertools_layer_arn
from stacks.web_api.settings import WebApiSettings

OPENAPI: Final = Path(__file__).with_name("openapi.yaml")
RUNTIME: Final = Path(__file__).with_name("runtime")
SERVICE: Final = "web-api"
"""The name of the service in logs, traces and metrics."""
SIGNING_KEY: Final = "PAGES"
"""Partition key of the item with the key that signs pagination tokens. It is made on first use."""


class Access(NamedTuple):
    """Actions on the table."""

    actions: Sequence[str]
    leading_keys: Sequence[str] = ()


HANDLERS: Final = {"read": "read_items.handler", "write": "write_items.handler"}
DESCRIPTIONS: Final = {"read": "Reads items", "write": "Creates, updates and deletes items"}
ACCESS: Final[Mapping[str, Sequence[Access]]] = {
    "read": (
        Access(("dynamodb:GetItem", "dynamodb:Query")),
        Access(("dynamodb:PutItem",), leading_keys=(SIGNING_KEY,)),
    ),
    "write": (Access(("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"), leading_keys=("OWNER#*",)),),
}


def api_functions(
    scope: Construct, settings: WebApiSettings, *, posture: Posture, table: SingleTable, key: kms.IKey | None
) -> dict[str, LiveFunction]:
    """The functions by the names that the OpenAPI document has."""
    layer_arn = powertools_layer_arn(scope, "Powertools")
    functions = {}
    for name, handler in HANDLERS.items():
        functions[name] = LiveFunction(
            scope,
            name.title(),
            package=RUNTIME,
            handler=handler,
            description=DESCRIPTIONS[name],
            layer_arns=[layer_arn],
            log_group=LogGroup.from_settings(scope, f"{name.title()}Logs", settings, posture=posture, key=key),
            environment={
                "TABLE_NAME": table.table.table_name,
                "POWERTOOLS_SERVICE_NAME": SERVICE,
                "POWERTOOLS_METRICS_NAMESPACE": namespace(scope),
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            key=key,
            memory_mib=settings.memory_mib,
            timeout_seconds=settings.timeout_seconds,
            account_concurrency=settings.account_concurrency,
            reserved_concurrency=settings.reserved_concurrency,
            asynchronous=False,
        )
        for access in ACCESS[name]:
            table.grant(functions[name].function, *access.actions, leading_keys=access.leading_keys)
    return functions


def namespace(scope: Construct) -> str:
    """The CloudWatch namespace of the metrics of this stack alone."""
    return f"Patternbook/{cdk.Stack.of(scope).stack_name}"


def faults_of_new_version(live: LiveFunction) -> cloudwatch.Metric:
    """Requests that the version of this deployment answers with 5xx. Lambda counts them as successes."""
    return cloudwatch.Metric(
        namespace=namespace(live),
        metric_name="Faults",
        dimensions_map={
            "service": SERVICE,
            "function_name": live.function.function_name,
            "function_version": live.function.current_version.version,
        },
        statistic="sum",
        period=cdk.Duration.minutes(1),
    )
