"""An account in this process, whose answers a test chooses."""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import botocore.session
from botocore import xform_name
from botocore.httpsession import URLLib3Session

from patternbook.preflight.account import Account, action_of
from patternbook.preflight.catalogue import QUESTIONS
from patternbook.preflight.questions import Answer, Question
from patternbook.preflight.stack import Assembly, Stack, Target, stack_in
from tests.deployed.answers import mistakes
from tests.in_memory import DESCRIPTIONS, account_in_memory

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
TODAY = date(2026, 11, 29)
SECONDS = 20.0
"""The time limit in tests. No answer takes longer, except for those that a test makes hang."""

Given = Mapping[str, Any]
"""The answers by operation, such as ``ec2.describe_vpcs``. A function gets the parameters of the call."""


@dataclass(frozen=True)
class Refused:
    """The answer that a call may not be made, or that there is no such thing."""

    code: str
    message: str = "no"


DENIED = Refused("AccessDeniedException", "User is not authorized")


@dataclass
class World:
    """An account, and the calls that it got."""

    given: Given
    everything: Any
    session: boto3.Session
    clients: dict[tuple[str, str], Any]
    calls: list[tuple[str, str]] = field(default_factory=list)
    """The service and the operation of each call, such as ``("ec2", "DescribeVpcs")``."""

    @property
    def actions(self) -> set[str]:
        """The IAM actions that the calls need."""
        return {action for each in self.calls if (action := action_of(*each))}

    def account(self, region: str = REGION, seconds: float = SECONDS) -> Account:
        found = Account(self.session, region, seconds=seconds)
        found._clients = self.clients
        return found

    def answer(self, service: str, name: str, parameters: Any) -> Any:
        """What botocore gets in place of a call."""
        operation = f"{service}.{xform_name(name)}"
        self.calls.append((service, name))
        value = self.given.get(operation, self.everything)
        if callable(value):
            value = value(parameters)
        if isinstance(value, Refused):
            error = {"Code": value.code, "Message": value.message}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
        if value is None:
            return None
        wrong = mistakes(operation, value)
        assert not wrong, f"AWS cannot answer this to {operation}: {wrong}"
        return SimpleNamespace(status_code=200), {**value, "ResponseMetadata": {}}


_worlds: list[World] = []
"""The account that answers, if there is one."""


def _note(params: Any, context: Any, **_: Any) -> None:
    context["preflight_parameters"] = params


def _answer(model: Any, context: Any, **_: Any) -> Any:
    return _worlds[-1].answer(model.service_model.service_name, model.name, context.get("preflight_parameters", {}))


def _listen(session: boto3.Session) -> boto3.Session:
    session.events.register("before-parameter-build", _note)
    session.events.register("before-call", _answer)
    return session


@cache
def _session() -> boto3.Session:
    """One session for all accounts without moto, because making a client takes longer than a test."""
    core = botocore.session.Session()
    core.register_component("data_loader", DESCRIPTIONS)
    return _listen(boto3.Session("testing", "testing", region_name=REGION, botocore_session=core))


_clients: dict[tuple[str, str], Any] = {}


@contextmanager
def world(given: Given | None = None, *, everything: Any = None, moto: bool = False) -> Generator[World, None, None]:
    """An account that gives these answers. AWS must be able to give them, and nothing leaves this machine.

    :param everything: the answer to every other call.
    :param moto: whether moto answers the other calls.
    """
    with ExitStack() as stack:
        stack.enter_context(patch.object(URLLib3Session, "send", _refuse))
        session = _listen(stack.enter_context(account_in_memory(REGION))) if moto else _session()
        found = World(given or {}, everything, session, {} if moto else _clients)
        _worlds.append(found)
        stack.callback(_worlds.remove, found)
        yield found


def _refuse(*_: object) -> None:
    raise AssertionError("No answer is given to this call.")


def question(question_id: str) -> Question:
    """The question of this id."""
    return next(each for each in QUESTIONS if each.id == question_id)


@dataclass(frozen=True)
class Case:
    """A template, the answers of an account, and what the question says then."""

    question: str
    verdict: str
    says: str
    resources: Mapping[str, Any]
    given: Given = field(default_factory=dict)
    before: Callable[[boto3.Session], object] | None = None
    """Fills the account of moto."""
    region: str = REGION
    stack_name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    assembly: Assembly = field(default_factory=Assembly)
    earlier: Mapping[str, Any] = field(default_factory=dict)
    """The resources of a template before it."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """Further sections of the template."""


def stack_of(case: Case, account: Account, resources: Mapping[str, Any], earlier: tuple[Stack, ...] = ()) -> Stack:
    """The stack that a case is about."""
    partition = _session().get_partition_for_region(case.region)
    return stack_in(
        account,
        "template.json",
        {"Resources": dict(resources), "Parameters": dict(case.parameters), **case.document},
        target=Target(ACCOUNT_ID, partition, "amazonaws.com", case.region, case.stack_name),
        assembly=case.assembly,
        given={},
        today=TODAY,
        earlier=earlier,
    )


def ask(case: Case, where: World) -> list[Answer]:
    """The answers in a case. Only the calls of the question count, not those that read the stack."""
    account = where.account(case.region)
    if case.before:
        case.before(where.session)
    earlier = (stack_of(case, account, case.earlier),) if case.earlier else ()
    stack = stack_of(case, account, case.resources, earlier)
    where.calls.clear()
    return list(question(case.question).ask(stack, where.account(case.region)))


def resource(resource_type: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": resource_type, "Properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def az(index: int) -> dict[str, Any]:
    """The Availability Zone as the CDK writes it."""
    return {"Fn::Select": [index, {"Fn::GetAZs": ""}]}
