"""Requests and answers of an HTTP API, with the logs, metrics and traces of its functions."""

import base64
import json
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError
from problems import ProblemError, bad_request

MAX_BODY_BYTES = 16_384
ADMINS = "admins"
"""Group of the user pool whose members may read everybody's items."""
OWNER = re.compile(r"[!-~]{1,128}")
"""Form of an owner: Cognito's ``sub`` is a UUID for a user, and the client id for a client."""

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


@dataclass(frozen=True)
class Answer:
    status: HTTPStatus
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def event(self) -> dict[str, Any]:
        """The answer in payload format 2.0. Items are private, so nobody may store an answer.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        """
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", **self.headers}
        if self.body is None:
            return {"statusCode": self.status.value, "headers": headers}
        return {
            "statusCode": self.status.value,
            "headers": {"content-type": self.content_type, **headers},
            "body": json.dumps(self.body, separators=(",", ":")),
        }


class Request:
    """A request that API Gateway has authorized, in payload format 2.0."""

    def __init__(self, event: dict[str, Any]) -> None:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        # The access token of a client has no user: its `sub` is the client id. Fail closed if Cognito leaves it out.
        self.caller: str = claims.get("sub") or claims.get("client_id") or ""
        if not OWNER.fullmatch(self.caller):
            raise ProblemError(HTTPStatus.FORBIDDEN, "The token names no user and no client.")
        # API Gateway passes a list on as a text: "[admins editors]". Names of groups contain no white space.
        self.groups = claims.get("cognito:groups", "").removeprefix("[").removesuffix("]").split()
        self.headers: dict[str, str] = event.get("headers") or {}
        self.query: dict[str, str] = event.get("queryStringParameters") or {}
        self.path: dict[str, str] = event.get("pathParameters") or {}
        self._body: str = event.get("body") or ""
        self._base64: bool = event.get("isBase64Encoded", False)

    def accept_query(self, *names: str) -> None:
        """Refuses other query parameters, because a misspelled one would have no effect."""
        if set(self.query) - set(names):
            known = ", ".join(names) or "none"
            raise bad_request(f"There is an unknown query parameter. The parameters of this operation: {known}.")

    def read_owner(self) -> str:
        """The owner whose items to read: the caller, or for an admin another one."""
        owner = self.query.get("owner", self.caller)
        if not OWNER.fullmatch(owner):
            raise bad_request("owner must be the id of a user or a client: 1 to 128 visible ASCII characters.")
        if owner != self.caller and ADMINS not in self.groups:
            raise ProblemError(HTTPStatus.FORBIDDEN, f"Only members of the group {ADMINS} read the items of others.")
        return owner

    def json(self) -> Any:
        """The body.

        :raises ProblemError: if it is too large, is not JSON, or names a member twice, where readers differ in which of
            the two they see.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json.")
        try:
            raw = base64.b64decode(self._body) if self._base64 else self._body.encode()
            if len(raw) > MAX_BODY_BYTES:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body must have at most {MAX_BODY_BYTES:,} bytes."
                )
            return json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise bad_request("The body must be JSON in UTF-8, without duplicate names and without NaN.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate names")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def serve(routes: Mapping[str, Callable[[Request], Answer]]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of a function.

    :param routes: what answers each route, by its key in the HTTP API, such as ``GET /items``.
    """

    # Traces must not contain items. An error is in no trace, because the handler answers it and does not raise it.
    @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        route, request_id = event["routeKey"], event["requestContext"]["requestId"]
        logger.append_keys(route=route)
        try:
            return routes[route](Request(event)).event()
        except ProblemError as error:
            problem, cause = error, error.__cause__
            log = logger.warning if cause else logger.info
            log("refused", status=problem.status.value, detail=problem.detail, **(_described(cause) if cause else {}))
        except Exception as error:
            problem = ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed. Report its request_id if it fails again."
            )
            logger.error("failed", **_described(error))
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _count_fault(context)
        return Answer(problem.status, problem.body(request_id), problem.headers, "application/problem+json").event()

    return handler


def _described(error: BaseException) -> dict[str, Any]:
    """What to log of an error. Its text can repeat a part of the request, so only that of AWS's refusals is logged."""
    described: dict[str, Any] = {"error": type(error).__name__, "frames": traceback.format_tb(error.__traceback__)}
    if isinstance(error, ClientError):
        described |= {"operation": error.operation_name, "code": error.response["Error"]["Code"]}
        if described["code"] != "ValidationException":
            described["reason"] = error.response["Error"].get("Message")
    return described


def _count_fault(context: Any) -> None:
    """Counts an answer above 499. Lambda's own metric of errors misses it, because the function has returned.

    A deployment compares versions, so the version is a dimension.
    """
    with single_metric(name="Faults", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="function_name", value=context.function_name)
        metric.add_dimension(name="function_version", value=context.function_version)
