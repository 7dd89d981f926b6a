"""The one seam between checks and AWS: what is asked, by the name of the operation, and what is answered.

A live account asks AWS. A recording of it also keeps each answer, and a recorded account gives these answers again,
without AWS. A check cannot tell which of them it looks at.
"""

import ssl
import urllib.request
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol
from urllib.error import HTTPError, URLError

import boto3
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from tests.deployed.answers import HTTP, Answer, Question, from_json, looked_at, parameters_key, to_json


class Account(Protocol):
    """An account that answers the questions of checks."""

    region: str
    patience: float
    """Share of AWS's time limits that a check waits for. It is 0 for recorded answers."""

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """:param operation: such as ``ecs.describe_services``, or :data:`~tests.deployed.answers.HTTP`.
        :raises ClientError: as boto3 does.
        """
        ...


class LiveAccount:
    """The account of a boto3 session: a real one, or that of a rehearsal."""

    patience = 1.0

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self.region: str = session.region_name

    @cache  # noqa: B019 - there are few accounts, and they last as long as the process
    def _client(self, service: str) -> Any:
        """A client takes longer to make than most answers."""
        return self._session.client(service)

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """All pages of an answer are put together."""
        if operation == HTTP:
            return get_page(**parameters)
        service, _, method = operation.partition(".")
        client = self._client(service)
        if client.can_paginate(method):
            answer = client.get_paginator(method).paginate(**parameters).build_full_result()
        else:
            answer = getattr(client, method)(**parameters)
        return {
            name: value.read() if isinstance(value, StreamingBody) else value
            for name, value in answer.items()
            if name != "ResponseMetadata" and value is not None
        }


class RecordingAccount:
    """Asks another account, and keeps its answers, as JSON."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.region, self.patience = account.region, account.patience
        self.answers: dict[Question, Any] = {}

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        question = (operation, parameters_key(parameters))
        try:
            answer = self._account.ask(operation, parameters)
        except ClientError as error:
            self.answers[question] = {"refused": to_json(error.response["Error"])}
            raise
        self.answers[question] = {"answer": to_json(looked_at(operation, answer))}
        return answer


class RecordedAccount:
    """Gives recorded answers."""

    patience = 0.0

    def __init__(self, region: str, answers: Mapping[Question, Any]) -> None:
        self.region = region
        self._answers = answers

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Answer:
        found = self._answers.get((operation, parameters_key(parameters)))
        if found is None:
            raise LookupError(f"No answer is recorded to {operation} with {parameters}: run make record.")
        if "refused" in found:
            raise ClientError({"Error": found["refused"]}, operation)
        return from_json(found["answer"])


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows redirects instead of following them."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def get_page(url: str, headers: Mapping[str, str], named: bool) -> Answer:
    """Status, headers and body. If nobody answers, the status is 0 and the body is the reason.

    :param named: whether the certificate has to be for the name in the URL.
    """
    context = ssl.create_default_context()
    context.check_hostname = named
    opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(urllib.request.Request(url, headers=dict(headers)), timeout=30) as found:
            return _page(found.status, found.headers.items(), found.read())
    except HTTPError as error:
        with error:
            return _page(error.code, error.headers.items(), error.read())
    except OSError as error:  # such as a connection that is refused, or ends too early
        reason = error.reason if isinstance(error, URLError) else error
        untrusted = isinstance(reason, ssl.SSLCertVerificationError)
        return {"status": 0, "headers": {}, "body": str(reason), "untrusted": untrusted}


def _page(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
    lower = {name.lower(): value for name, value in headers}
    return {"status": status, "headers": lower, "body": body.decode(errors="replace")}
