"""Limits of AWS Lambda, as AWS documents them. Nothing but numbers: no part of the CDK is needed to read them.

In Lambda's documents, and so here, a KB has 1,024 bytes and an MB 1,024 KB.
"""

import json
from collections.abc import Mapping
from typing import Final

from patternbook.limits.limit import Limit

QUOTAS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
ASYNCHRONOUS: Final = "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"
RESERVED: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"
PROVISIONED: Final = "https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"
VARIABLES: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"

KB: Final = 1024
MB: Final = 1024 * KB


# A function's configuration. The API takes more memory, storage and time, which are for Lambda Managed Instances.

MEMORY: Final = Limit("function memory allocation", 128, 10_240, "MB", QUOTAS)
TIMEOUT: Final = Limit("function timeout", 1, 900, "seconds", QUOTAS)
EPHEMERAL_STORAGE: Final = Limit("/tmp directory storage", 512, 10_240, "MB", QUOTAS)
ENVIRONMENT: Final = Limit("environment variables, in aggregate", 0, 4 * KB, "bytes", QUOTAS)
LAYERS: Final = Limit("function layers", 0, 5, "layers", QUOTAS)

# Its code.

PACKAGE_ZIPPED: Final = Limit("deployment package, zipped, in a direct upload", 0, 50 * MB, "bytes", QUOTAS)
"""By the API or the console; a package that is uploaded by way of S3 has no such limit."""
PACKAGE_UNZIPPED: Final = Limit("deployment package, unzipped, with its layers", 0, 250 * MB, "bytes", QUOTAS)

# Asynchronous invocation.

EVENT_AGE: Final = Limit("maximum event age", 60, 21_600, "seconds", ASYNCHRONOUS)
RETRY_ATTEMPTS: Final = Limit("maximum retry attempts", 0, 2, "attempts", ASYNCHRONOUS)

# Concurrency, of an account in a Region.

ACCOUNT_CONCURRENCY: Final = 1_000
"""Concurrent executions by default, which AWS raises on request: :data:`QUOTAS`."""
NEW_ACCOUNT_CONCURRENCY: Final = 10
"""What many new accounts have instead, until AWS has seen them used. The same document says that it is less, and not
how much; errors that users report name this number: https://github.com/awslabs/fhir-works-on-aws-deployment/issues/691
"""
UNRESERVED_CONCURRENCY: Final = 100
"""What has to be left for functions that reserve nothing: :data:`RESERVED`. Where an account has less in all, it can
neither reserve nor provision: https://github.com/aws-samples/one-observability-demo/issues/278,
https://github.com/anomalyco/sst/issues/5829
"""

# Names.

RESERVED_VARIABLES: Final = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
"""Environment variables that Lambda sets itself: :data:`VARIABLES`."""


def environment_bytes(variables: Mapping[str, str]) -> int:
    """How much of :data:`ENVIRONMENT` variables take: Lambda's own error message shows that it measures their JSON."""
    return len(json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def reservable(account_concurrency: int) -> int:
    """The most that functions of an account may reserve and provision together; nothing where it has too little."""
    return max(0, account_concurrency - UNRESERVED_CONCURRENCY)
