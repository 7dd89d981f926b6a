"""Asks an AWS account. Nothing in the preflight calls AWS in another way."""

import contextlib
import json
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import boto3

DENIED: Final = (
    *("AccessDenied", "AccessDeniedException", "AccessDeniedError", "UnauthorizedOperation", "AuthorizationError"),
    *("NotAuthorized", "NotAuthorizedException", "UnauthorizedException", "AuthorizationErrorException", "403"),
)
"""Error codes of a call that the credentials may not make."""
THROTTLED: Final = (
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
    *(
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "SlowDown",
        "EC2ThrottledException",
    ),
    *("LimitExceededException", "PriorRequestNotComplete", "TransactionInProgressException"),
)
"""Error codes of a call that AWS still refused after all retries:
https://docs.aws.amazon.com/boto3/latest/guide/retries.html"""
ATTEMPTS: Final = 5
"""Attempts of each call. botocore waits longer before each, up to 20 seconds, on the same page."""
CONNECT_SECONDS: Final = 5
GLOBAL_REGIONS: Final = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
"""The Region of each partition that has the quotas of services without a Region, such as CloudFront.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
"""
SLOW_SERVICES: Final = {"service-quotas": 2}
"""The calls that run at the same time, for a service that throttles early."""

_PREFIXES: Final = {
    "apigateway": "apigateway",
    "cognito-idp": "cognito-idp",
    "elbv2": "elasticloadbalancing",
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
}
"""The IAM prefix of a client, where it is not the client's name:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""
_ACTIONS: Final = {
    "apigateway.GetAccount": "apigateway:GET",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
}
"""The IAM action of an operation, where it is not the operation's name."""
WITHOUT_PERMISSION: Final = ("sts.GetCallerIdentity", "s3.HeadBucket")
"""Operations that need no permission. A bucket of somebody else answers 403, which is an answer, too.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""


class CouldNotAskError(Exception):
    """AWS gave no answer. The message says why, in a sentence without a capital letter and a full stop."""

    def __init__(self, reason: str, code: str = "") -> None:
        """:param code: the error code of AWS."""
        super().__init__(reason)
        self.code = code


def action_of(service: str, operation: str) -> str:
    """The IAM action that a call needs, such as ``ec2:DescribeVpcs``. Empty if it needs none.

    :param operation: the name of the API, such as ``DescribeVpcs``.
    """
    name = f"{service}.{operation}"
    if name in WITHOUT_PERMISSION:
        return ""
    return _ACTIONS.get(name) or f"{_PREFIXES.get(service, service)}:{operation}"


class Account:
    """An AWS account in a Region. It answers each question once, however many threads ask it."""

    def __init__(self, session: "boto3.Session", region: str, *, seconds: float) -> None:
        """:param seconds: the time limit for an answer. One that comes later is of no use."""
        self.region = region
        partition = session.get_partition_for_region(region)
        self.global_region = GLOBAL_REGIONS.get(partition, region)
        """The Region of services without one."""
        self._session = session
        self._seconds = seconds
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._answers: dict[str, Future[Any]] = {}
        self._slots = {service: threading.BoundedSemaphore(calls) for service, calls in SLOW_SERVICES.items()}

    def ask(
        self,
        operation: str,
        *,
        region: str = "",
        absent: Collection[str] = (),
        taken: Collection[str] = (),
        **parameters: Any,
    ) -> Any:
        """Calls an operation of boto3.

        :param operation: the client and its method, such as ``ec2.describe_vpcs``.
        :param region: another Region than the account's.
        :param absent: error codes that mean that there is no such thing.
        :param taken: error codes that mean that there is one, of which AWS says nothing else.
        :returns: the answer, or None if there is no such thing.
        :raises CouldNotAskError: if AWS does not answer.
        """
        try:
            return self._once("ask", operation, region, absent, parameters, lambda method, _: method(**parameters))
        except CouldNotAskError as error:
            if error.code in taken:
                return {}
            raise

    def all(
        self, operation: str, member: str, *, region: str = "", absent: Collection[str] = (), **parameters: Any
    ) -> list[Any]:
        """The elements of a list, on all pages of the answer.

        :param member: the list, as a path of JMESPath.
        """

        def collect(method: Any, paginator: Any) -> list[Any]:
            import jmespath

            if paginator is not None:
                return [each for each in paginator.paginate(**parameters).search(f"{member}[]") if each is not None]
            return jmespath.search(f"{member}[]", method(**parameters)) or []

        return self._once(f"all {member}", operation, region, absent, parameters, collect) or []

    def _once(
        self,
        kind: str,
        operation: str,
        region: str,
        absent: Collection[str],
        parameters: Any,
        call: Callable[[Any, Any], Any],
    ) -> Any:
        key = json.dumps([kind, operation, region, parameters], default=str, sort_keys=True)
        with self._lock:
            future = self._answers.get(key)
            is_first = future is None
            if future is None:
                future = self._answers[key] = Future()
        if is_first:
            try:
                future.set_result(self._call(operation, region or self.region, call))
            except BaseException as error:  # whoever waits for the answer must get it
                future.set_exception(error)
        try:
            return future.result()
        except CouldNotAskError as error:
            if error.code and error.code in absent:
                return None
            raise CouldNotAskError(str(error), error.code) from None  # several threads raise it

    def _call(self, operation: str, region: str, call: Callable[[Any, Any], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        service, _, method = operation.partition(".")
        try:
            client = self._client(service, region)
            paginator = client.get_paginator(method) if client.can_paginate(method) else None
            with self._slots.get(service, contextlib.nullcontext()):
                return call(getattr(client, method), paginator)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise CouldNotAskError(_reason(service, code, error), code) from None
        except BotoCoreError as error:
            raise CouldNotAskError(f"{service} in {region} does not answer: {_one_line(error)}") from None

    def _client(self, service: str, region: str) -> Any:
        from botocore.config import Config

        with self._lock:  # a session makes one client at a time
            if (service, region) not in self._clients:
                config = Config(
                    connect_timeout=min(CONNECT_SECONDS, self._seconds),
                    read_timeout=self._seconds,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                    max_pool_connections=50,
                )
                self._clients[service, region] = self._session.client(service, region_name=region, config=config)
            return self._clients[service, region]


def _reason(service: str, code: str, error: Any) -> str:
    action = action_of(service, error.operation_name) or f"{service} {error.operation_name}"
    if code.rpartition(".")[2] in DENIED:
        return f"could not ask: needs {action}"
    if code in THROTTLED:
        return f"could not ask: AWS throttled {action} {ATTEMPTS} times. Try again later"
    return f"could not ask: {action} answers {_one_line(error.response.get('Error', {}).get('Message') or code)}"


def _one_line(text: object) -> str:
    return " ".join(str(text).split()).rstrip(".")
