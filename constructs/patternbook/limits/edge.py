"""What CloudFront and Lambda ask of functions at the edge, as plain numbers and names.

Nothing here starts the CDK, so that a check of a template can use it. Sizes are in bytes, a KB being 1,024 of them, as
AWS counts packages and responses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RESTRICTIONS_URL: Final = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html"
)
"""Restrictions on Lambda@Edge: which features of Lambda a function at the edge cannot have."""
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
    """What a function may be at one kind of event; source: :data:`LAMBDA_QUOTAS_URL`."""

    memory_mib: int
    """Memory at most, in MiB."""
    timeout_seconds: int
    """Timeout at most, in seconds."""
    package_bytes: int
    """The compressed package at most, with all that it brings along, in bytes."""
    response_bytes: int
    """A response that the function makes, headers and body, at most, in bytes."""


VIEWER: Final = EventLimits(memory_mib=128, timeout_seconds=5, package_bytes=MIB, response_bytes=40 * KIB)
# Memory as of any Lambda function: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ORIGIN: Final = EventLimits(memory_mib=10240, timeout_seconds=30, package_bytes=50 * MIB, response_bytes=MIB)

EVENTS: Final[Mapping[str, EventLimits]] = {
    "viewer-request": VIEWER,
    "origin-request": ORIGIN,
    "origin-response": ORIGIN,
    "viewer-response": VIEWER,
}
"""The events of CloudFront, in the order in which they come. A cache behavior has one function an event at most, and
not at one viewer event a CloudFront Function and at the other a Lambda function: :data:`ALL_RESTRICTIONS_URL`."""

MIN_MEMORY_MIB: Final = 128
"""Of any Lambda function: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

# Source of the following, where no other is named: RESTRICTIONS_URL.
REGION: Final = "us-east-1"
"""Where functions, their versions and the certificate of a distribution have to be; for the last see
:data:`CERTIFICATE_URL`."""
ARCHITECTURE: Final = "x86_64"
PRINCIPALS: Final = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
"""Services that the role of a function has to trust."""
RUNTIME_FAMILIES: Final = ("nodejs", "python")
"""How the names of runtimes begin that there are at the edge."""
EPHEMERAL_STORAGE_MIB: Final = 512
"""Disk of a function at most, in MiB."""
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
"""Properties of ``AWS::Lambda::Function`` that a function at the edge cannot have, in words. Nor can it be a container
image (``PackageType: Image``), and no version of it can have provisioned concurrency."""

ALIASES_PER_DISTRIBUTION: Final = 100
"""Alternate domain names of a distribution, by default: :data:`QUOTAS_URL`."""
URI_CHARACTERS: Final = 8192
"""A URI with its query string is shorter than this: :data:`LAMBDA_QUOTAS_URL`."""

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
DISALLOWED_HEADERS: Final = (
    *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("trailer", "upgrade", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect"),
    *("x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype", "x-amzn-fle-profile"),
    *("x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag", "x-amzn-requestid", "x-cache"),
    *("x-forwarded-proto", "x-real-ip"),
)
"""Headers that no function sees, and with which CloudFront answers 502 where a function adds one. In lower case."""
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
"""Headers that a function may read, and with which CloudFront answers 502 where it adds, changes or removes one."""


def is_disallowed(header: str) -> bool:
    """Whether no function may have a header, by its name in lower case."""
    return header in DISALLOWED_HEADERS or header.startswith(DISALLOWED_PREFIXES)
