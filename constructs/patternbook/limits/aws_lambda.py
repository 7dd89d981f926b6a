"""Limits of AWS Lambda, each with its source, and checks of them. They work without the CDK.

A MB of Lambda's documents has 1,024 KB of 1,024 bytes each, so it is a MiB.
"""

import json
from collections.abc import Mapping
from typing import Final, Literal

from patternbook.limits.limit import Limit

QUOTAS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
ASYNCHRONOUS: Final = "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"
RESERVED: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"
PROVISIONED: Final = "https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"
SNAP_START: Final = "https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html"
VARIABLES: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"

KB: Final = 1024
MB: Final = 1024 * KB


# Configuration of a function. The API takes more memory, storage and time, but only for Lambda Managed Instances.

MEMORY: Final = Limit("function memory allocation", 128, 10_240, "MiB", QUOTAS)
TIMEOUT: Final = Limit("function timeout", 1, 900, "seconds", QUOTAS)
EPHEMERAL_STORAGE: Final = Limit("/tmp directory storage", 512, 10_240, "MiB", QUOTAS)
ENVIRONMENT: Final = Limit("environment variables, in aggregate", 0, 4 * KB, "bytes", QUOTAS)
LAYERS: Final = Limit("function layers", 0, 5, "layers", QUOTAS)

# Code.

PACKAGE_ZIPPED: Final = Limit("deployment package, zipped, in a direct upload", 0, 50 * MB, "bytes", QUOTAS)
"""Limit for an upload by the API or the console. There is no such limit for an upload by way of S3."""
PACKAGE_UNZIPPED: Final = Limit("deployment package, unzipped, with its layers", 0, 250 * MB, "bytes", QUOTAS)

POWERTOOLS_LAYER_BYTES: Final = 40 * MB
"""More than the unzipped size of the layer of Powertools for AWS Lambda. AWS does not document it. The library with all
its extras has 31 MB, without boto3, which the layer leaves to Lambda.
"""

# Asynchronous invocation.

EVENT_AGE: Final = Limit("maximum event age", 60, 21_600, "seconds", ASYNCHRONOUS)
RETRY_ATTEMPTS: Final = Limit("maximum retry attempts", 0, 2, "attempts", ASYNCHRONOUS)

# Concurrency of an account in a Region.

ACCOUNT_CONCURRENCY: Final = 1_000
"""Default quota of concurrent executions. AWS raises it on request (:data:`QUOTAS`)."""
NEW_ACCOUNT_CONCURRENCY: Final = 10
"""Quota of many new accounts, until AWS has seen them used. The same document says that it is lower, but not how low.
Errors that users report name this number: https://github.com/awslabs/fhir-works-on-aws-deployment/issues/691
"""
UNRESERVED_CONCURRENCY: Final = 100
"""Concurrency that must stay unreserved (:data:`RESERVED`). An account with a lower quota can neither reserve nor
provision: https://github.com/aws-samples/one-observability-demo/issues/278,
https://github.com/anomalyco/sst/issues/5829
"""

LogLevel = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
"""Levels of the logs of an application.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

TrafficShift = Literal[
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
]
"""CodeDeploy's predefined deployment configurations for Lambda.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
"""

RESERVED_VARIABLES: Final = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
"""Environment variables that Lambda sets itself (:data:`VARIABLES`)."""


def environment_bytes(variables: Mapping[str, str]) -> int:
    """The size that counts for :data:`ENVIRONMENT`. Lambda's error message shows that it measures the JSON."""
    return len(json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def reservable(account_concurrency: int) -> int:
    """The maximum concurrency that all functions of an account together can reserve and provision."""
    return max(0, account_concurrency - UNRESERVED_CONCURRENCY)


def check_environment(variables: Mapping[str, str], *, others: Mapping[str, str] | None = None) -> None:
    """:param others: variables that the function has beside them, with the longest values that they can have.
    :raises ValueError: for names that Lambda reserves, and for too many bytes.
    """
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise ValueError(
            f"environment must not contain variables that Lambda sets itself, got {', '.join(reserved)}. "
            f"Rename them ({VARIABLES})."
        )
    beside = f", with the variables of the pattern ({', '.join(others)})," if others else ""
    ENVIRONMENT.check(f"environment as JSON{beside}", environment_bytes({**(others or {}), **variables}))


def check_reserved(reserved: int, *, account_concurrency: int, functions: int = 1) -> None:
    """:param functions: number of functions that each reserve it.
    :raises ValueError: for reserved concurrency that Lambda refuses, or that stops the function."""
    if reserved == 0:
        raise ValueError(
            f"reserved_concurrency must be at least 1, got 0. With 0, Lambda never invokes the function ({RESERVED})."
        )
    maximum = reservable(account_concurrency) // functions
    if not 1 <= reserved <= maximum:
        each = f" for each of {functions} functions" if functions > 1 else ""
        raise ValueError(
            f"reserved_concurrency must be at most {maximum:,}{each}, got {reserved:,}. Lambda keeps "
            f"{UNRESERVED_CONCURRENCY} of account_concurrency ({account_concurrency:,}) unreserved ({RESERVED}). "
            "Lower it, or request a higher quota."
        )


def check_provisioned(argument: str, provisioned: int, *, reserved: int | None, account_concurrency: int) -> None:
    """:raises ValueError: if the value of ``argument`` is more provisioned concurrency than a function can have."""
    maximum = reservable(account_concurrency) if reserved is None else reserved
    if provisioned > maximum:
        reason = (
            f"Lambda keeps {UNRESERVED_CONCURRENCY} of account_concurrency ({account_concurrency:,}) unreserved"
            if reserved is None
            else f"Provisioned concurrency is a part of reserved_concurrency ({reserved:,})"
        )
        raise ValueError(f"{argument} must be at most {maximum:,}, got {provisioned:,}. {reason} ({PROVISIONED}).")


def check_snap_start(*, provisioned: bool, ephemeral_storage_mib: int) -> None:
    """:raises ValueError: for what a function cannot have beside SnapStart (:data:`SNAP_START`)."""
    if provisioned:
        raise ValueError(
            "snap_start must be false with provisioned concurrency, got true. Lambda offers one of them for a function "
            f"({SNAP_START})."
        )
    if ephemeral_storage_mib > EPHEMERAL_STORAGE.minimum:
        raise ValueError(
            f"ephemeral_storage_mib must be {EPHEMERAL_STORAGE.minimum} MiB with snap_start, got "
            f"{ephemeral_storage_mib:,} ({SNAP_START})."
        )
