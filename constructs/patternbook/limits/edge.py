"""Limits of CloudFront and Lambda@Edge, each with its source, and checks of them. They work without the CDK.

A KB of AWS's packages and responses has 1,024 bytes.
"""

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from patternbook.limits.given import listed, shown

RESTRICTIONS_URL: Final = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html"
)
"""Features of Lambda that a function at the edge cannot have."""
LAMBDA_QUOTAS_URL: Final = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-lambda-at-edge"
)
QUOTAS_URL: Final = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
CERTIFICATE_URL: Final = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"
)

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True)
class EventLimits:
    """Maximum sizes of a function at one kind of event (:data:`LAMBDA_QUOTAS_URL`)."""

    memory_mib: int
    timeout_seconds: int
    package_bytes: int
    """Size of the compressed package with its libraries."""
    response_bytes: int
    """Size of a response that the function generates, with headers and body."""


VIEWER: Final = EventLimits(memory_mib=128, timeout_seconds=5, package_bytes=MIB, response_bytes=40 * KIB)
# The memory limit is that of any Lambda function: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ORIGIN: Final = EventLimits(memory_mib=10240, timeout_seconds=30, package_bytes=50 * MIB, response_bytes=MIB)

EdgeEvent = Literal["viewer-request", "origin-request", "origin-response", "viewer-response"]
EVENTS: Final[Mapping[str, EventLimits]] = {
    "viewer-request": VIEWER,
    "origin-request": ORIGIN,
    "origin-response": ORIGIN,
    "viewer-response": VIEWER,
}
"""CloudFront's events in the order of a request. A cache behavior has at most one function per event, and cannot have a
CloudFront Function at one viewer event and a Lambda function at the other (:data:`RESTRICTIONS_URL`)."""

MIN_MEMORY_MIB: Final = 128
"""Minimum memory of any Lambda function: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

# The source is RESTRICTIONS_URL unless another one is named.
REGION: Final = "us-east-1"
"""Region of functions, of their versions, and of a distribution's certificate (:data:`CERTIFICATE_URL`)."""
ARCHITECTURE: Final = "x86_64"
PRINCIPALS: Final = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
"""Services that the role of a function must trust."""
RUNTIME_FAMILIES: Final = ("nodejs", "python")
"""Prefixes of the names of runtimes at the edge."""
EPHEMERAL_STORAGE_MIB: Final = 512
"""Maximum ephemeral storage of a function."""
FORBIDDEN_PROPERTIES: Final[Mapping[str, str]] = {
    "Environment": "environment variables",
    "VpcConfig": "a VPC",
    "Layers": "layers",
    "DeadLetterConfig": "a dead letter queue",
    "TracingConfig": "X-Ray",
    "ReservedConcurrentExecutions": "reserved concurrency",
    "FileSystemConfigs": "a file system, which would need a VPC",
    "ImageConfig": "a container image",
}
"""Properties of ``AWS::Lambda::Function`` that a function at the edge cannot have, each in words. It cannot be a
container image (``PackageType: Image``) either, and its versions cannot have provisioned concurrency."""

FUNCTIONS_URL: Final = f"{QUOTAS_URL}#limits-functions"
FUNCTION_BYTES: Final = 10 * KIB
"""Maximum size of the code of a CloudFront Function (:data:`FUNCTIONS_URL`). It has 2 MB of memory."""
KEY_VALUE_STORE_URL: Final = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/kvs-with-functions-create-s3-kvp.html"
)
KEY_VALUE_FILE_BYTES: Final = 5 * MIB
"""Maximum size of a file that a key value store imports (:data:`KEY_VALUE_STORE_URL`)."""
KEY_BYTES: Final = 512
VALUE_BYTES: Final = KIB
"""Maximum sizes of a key and of its value in a key value store (:data:`KEY_VALUE_STORE_URL`)."""

ALIASES_PER_DISTRIBUTION: Final = 100
"""Default quota of alternate domain names per distribution (:data:`QUOTAS_URL`)."""
URI_CHARACTERS: Final = 8192
"""A URI with its query string must be shorter (:data:`LAMBDA_QUOTAS_URL`)."""

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
DISALLOWED_HEADERS: Final = (
    *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("trailer", "upgrade", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect"),
    *("x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype", "x-amzn-fle-profile"),
    *("x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag", "x-amzn-requestid", "x-cache"),
    *("x-forwarded-proto", "x-real-ip"),
)
"""Headers in lower case that no function sees. CloudFront answers 502 if a function adds one."""
DISALLOWED_PREFIXES: Final = ("x-amz-cf-", "x-edge-")
READ_ONLY_HEADERS: Final[Mapping[str, frozenset[str]]] = {
    "viewer-request": frozenset({"content-length", "host", "transfer-encoding", "via"}),
    "origin-request": frozenset(
        {
            *("accept-encoding", "content-length", "if-modified-since", "if-none-match", "if-range"),
            *("if-unmodified-since", "transfer-encoding", "via"),
        }
    ),
    "origin-response": frozenset({"transfer-encoding", "via"}),
    "viewer-response": frozenset({"warning", "via"}),
}
"""Headers that a function may only read. CloudFront answers 502 if a function adds, changes or removes one."""


def is_disallowed(header: str) -> bool:
    """Whether no function may add a header of this name in lower case."""
    return header in DISALLOWED_HEADERS or header.startswith(DISALLOWED_PREFIXES)


def package_bytes(files: Mapping[str, str]) -> int:
    """The size of a package, compressed as the CDK CLI does."""
    import zipfile  # only here: every check of a template would pay for it

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.tell()


def check_package(event: EdgeEvent, files: Mapping[str, str]) -> None:
    """:raises ValueError: if a package is too large for an event."""
    size, maximum = package_bytes(files), EVENTS[event].package_bytes
    if size > maximum:
        raise ValueError(
            f"The package of the {event} function must be at most {maximum:,} bytes compressed, got {size:,} "
            f"({LAMBDA_QUOTAS_URL})."
        )


def check_size(event: EdgeEvent, *, memory_mib: int, timeout_seconds: int) -> None:
    """:raises ValueError: if CloudFront doesn't take this memory or timeout at an event."""
    limits = EVENTS[event]
    for name, value, low, high in (
        ("memory_mib", memory_mib, MIN_MEMORY_MIB, limits.memory_mib),
        ("timeout_seconds", timeout_seconds, 1, limits.timeout_seconds),
    ):
        if not low <= value <= high:
            allowed = f"{low} to {high:,}" if low < high else low
            raise ValueError(f"{name} must be {allowed} at {event}, got {value:,} ({LAMBDA_QUOTAS_URL}).")


def check_function_code(code: str) -> None:
    """:raises ValueError: if the code of a CloudFront Function is too large."""
    size = len(code.encode())
    if size > FUNCTION_BYTES:
        raise ValueError(
            f"The code of a CloudFront Function must be at most {FUNCTION_BYTES:,} bytes, got {size:,} "
            f"({FUNCTIONS_URL}). Move data into a key value store."
        )


def check_pairs(pairs: Mapping[str, str], *, name: str) -> None:
    """:param name: the argument of the pairs.
    :raises ValueError: for a key or a value that is too large for a key value store, and for too many pairs.
    """
    for key, value in pairs.items():
        for kind, text, maximum in (("keys", key, KEY_BYTES), ("values", value, VALUE_BYTES)):
            size = len(text.encode())
            if size > maximum:
                raise ValueError(
                    f"{name} must have {kind} of at most {maximum:,} bytes, got {size:,} for {shown(key)} "
                    f"({KEY_VALUE_STORE_URL})."
                )
    size = len(key_value_file(pairs).encode())
    if size > KEY_VALUE_FILE_BYTES:
        raise ValueError(
            f"{name} must be at most {KEY_VALUE_FILE_BYTES:,} bytes as a file to import, got {size:,} "
            f"({KEY_VALUE_STORE_URL})."
        )


def key_value_file(pairs: Mapping[str, str]) -> str:
    """The text of a file that a key value store imports (:data:`KEY_VALUE_STORE_URL`)."""
    return json.dumps({"data": [{"key": key, "value": value} for key, value in sorted(pairs.items())]})


def check_domain_names(names: Collection[str]) -> None:
    """:raises ValueError: for more alternate domain names than a distribution can have."""
    if len(names) > ALIASES_PER_DISTRIBUTION:
        raise ValueError(
            f"domain_names must list at most {ALIASES_PER_DISTRIBUTION} names, got {len(names)}. That is CloudFront's "
            f"quota of alternate domain names per distribution ({QUOTAS_URL})."
        )


def check_certificate(certificate_arn: str | None, *, domain_names: Collection[str] | None) -> None:
    """:param domain_names: None if they are unknown, because they are wrong themselves.
    :raises ValueError: for a certificate without names, and one in another Region.
    """
    if certificate_arn is None:
        return
    parts = certificate_arn.split(":")
    region = parts[3] if len(parts) > 3 else REGION  # an unresolved token has no parts
    if region != REGION:
        raise ValueError(
            f"certificate_arn must be a certificate in {REGION}, got {region}. CloudFront takes certificates from "
            f"{REGION} only ({CERTIFICATE_URL})."
        )
    if domain_names is not None and not domain_names:
        raise ValueError(
            f"certificate_arn must be unset without domain_names, got {shown(certificate_arn)}. Set domain_names to "
            "its names."
        )


def check_region_of_certificate(region: str) -> None:
    """:param region: Region of a new certificate, or a placeholder of the CDK.
    :raises ValueError: for a Region that CloudFront takes no certificate from.
    """
    if region != REGION and "Token[" not in region:
        raise ValueError(
            f"certificate must be set in a stack in {region}, got none. CloudFront takes certificates from {REGION} "
            f"only ({CERTIFICATE_URL}). Set it to a certificate in {REGION}, or put the stack there."
        )


def check_countries(*, allowed: Collection[str], blocked: Collection[str]) -> None:
    """:raises ValueError: for both allowed and blocked countries."""
    if allowed and blocked:
        raise ValueError(
            f"blocked_countries must be empty with allowed_countries, got {listed(blocked)}. CloudFront takes one "
            "list. Remove one of the two."
        )
