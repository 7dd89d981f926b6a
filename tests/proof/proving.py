"""A check counts only once it was seen to fail: what the proofs of all patterns share.

A proof starts from an account in memory where everything is as the stack leaves it, sees the check pass there, spoils
one thing, and sees the check fail with words that say what is wrong.
"""

import json
import os
import re
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch

import boto3
import botocore.session
import pytest
from botocore.loaders import create_loader
from moto import mock_aws
from moto.events.models import EventPattern

from tests.deployed.stack import DeployedStack


class Check(Protocol):
    """A test of tests/deployed, called by hand."""

    __name__: str

    def __call__(self, stack: DeployedStack) -> None: ...


DESCRIPTIONS = create_loader()
"""Of the services, for all accounts: reading them takes longer than a proof."""


@dataclass(frozen=True)
class Proof:
    """A check, and one thing wrong that it has to notice."""

    check: Check
    spoil: Callable[[DeployedStack], DeployedStack | None]
    """Spoils one thing in the account; or returns another description of the stack, such as with other outputs."""
    says: str
    """What the check then says: a regular expression, for the first line of its message."""
    account: str = "sandbox"
    """Which of the module's sound accounts to spoil."""

    def __str__(self) -> str:
        return f"{self.check.__name__}: {self.says}"

    def run(self, stack: DeployedStack) -> None:
        """:param stack: in a sound account of its own, which is spoilt."""
        assert passes(self.check, stack), f"in the account {self.account} the check has nothing to look at"
        spoilt = self.spoil(stack) or stack
        with pytest.raises(AssertionError) as failure:
            passes(self.check, spoilt)
        said = str(failure.value).partition("\n")[0]
        assert re.search(self.says, said), f"the check fails, but says: {said}"


def passes(check: Check, stack: DeployedStack) -> bool:
    """Whether a check passed; False where it was skipped, which must never look like a pass, nor like a failure.

    :raises AssertionError: where it failed.
    """
    try:
        check(stack)
    except pytest.skip.Exception:
        return False
    return True


def checks_of(module: ModuleType) -> list[Check]:
    """Every check of a module of tests/deployed."""
    return [function for name, function in vars(module).items() if name.startswith("test_")]


def unproven(module: ModuleType, proofs: Iterable[Proof]) -> list[str]:
    """The checks that nobody has seen fail."""
    proven = [proof.check for proof in proofs]
    return [check.__name__ for check in checks_of(module) if check not in proven]


@contextmanager
def account_in_memory(region: str = "us-east-1") -> Generator[boto3.Session, None, None]:
    """An empty account in this process. No variable or file of the user's can point it at another."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    with patch.dict(os.environ, {**others, **nobody, "AWS_EC2_METADATA_DISABLED": "true"}, clear=True), mock_aws():
        session = botocore.session.Session()
        session.register_component("data_loader", DESCRIPTIONS)
        yield boto3.Session("testing", "testing", region_name=region, botocore_session=session)


def hurry(checks: ModuleType, *, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For checks that ask for pages: they wait for nobody, and trust the certificate of the sites."""
    monkeypatch.setattr(checks, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(checks, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # nobody asks for them, and they take long


def tells_which_events_match(stack: DeployedStack) -> None:
    """Moto does not test event patterns by its API. It does match events with them, which is what the API tells."""

    def respond(params: dict[str, Any], **_: Any) -> tuple[SimpleNamespace, dict[str, bool]]:
        request = json.loads(params["body"])
        pattern = EventPattern.load(request["EventPattern"])
        return SimpleNamespace(status_code=200), {"Result": pattern.matches_event(json.loads(request["Event"]))}

    stack.session.events.register("before-call.eventbridge.TestEventPattern", respond)


def answer_instead(client: Any, operation: str, respond: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Puts an answer of the test's own in the place of an operation that moto has not, or half of.

    :param respond: gets the request as botocore would send it, and gives what the client returns, with no other members
        than AWS's API has; or ``{"Error": {"Code": …}}``, which the client raises.
    """

    def answer(params: dict[str, Any], model: Any, **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        answered = respond(params)
        if "Error" in answered:
            return SimpleNamespace(status_code=400), answered
        _only_members(answered, model.output_shape)
        return SimpleNamespace(status_code=200), answered

    # Not of the session: a client that is kept from an account before has events of its own by now.
    service = client.meta.service_model.service_id.hyphenize()
    event = f"before-call.{service}.{operation}"
    client.meta.events.unregister(event, unique_id=event)
    client.meta.events.register(event, answer, unique_id=event)


def _only_members(value: Any, shape: Any) -> None:
    """Nothing in an answer that AWS does not answer."""
    if shape.type_name == "structure":
        assert value.keys() <= shape.members.keys(), f"{value.keys() - shape.members.keys()} is not of {shape.name}"
        for name, inner in value.items():
            _only_members(inner, shape.members[name])
    elif shape.type_name == "list":
        for inner in value:
            _only_members(inner, shape.member)
