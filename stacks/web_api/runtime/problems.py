"""Errors of the API in the form of RFC 9457: https://www.rfc-editor.org/rfc/rfc9457"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any


class ProblemError(Exception):
    """A request that cannot be answered as asked.

    :param status: status of the answer.
    :param detail: the cause, and how to correct it. It is logged, so it must not repeat what the request contains.
    :param errors: each mistake in the body, with a JSON pointer to it. They are not logged.
    :param headers: headers of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """The problem, with the id of its request in the access log and in the logs of the functions.

        The type ``about:blank`` says that the status has its usual meaning.
        """
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "request_id": request_id,
        }
        return {**problem, "errors": list(self.errors)} if self.errors else problem


def bad_request(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, detail)


def not_found() -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, "There is no such item.")


def retry_later(status: HTTPStatus, detail: str) -> ProblemError:
    """A problem that changed nothing and passes by itself."""
    return ProblemError(status, detail, headers={"retry-after": "1"})
