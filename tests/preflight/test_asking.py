"""Questions that hang, fail or may not be asked do not keep the others from being answered."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from patternbook.preflight.account import Account
from patternbook.preflight.asking import Asked, ask_all
from patternbook.preflight.catalogue import QUESTIONS
from patternbook.preflight.questions import Answer, Question, Verdict, fine
from patternbook.preflight.stack import Stack
from tests.preflight.cases.network import VPC, vpc, vpcs
from tests.preflight.world import DENIED, Case, Refused, question, resource, stack_of, world

CASE = Case("", "", "", VPC)


def asked(*questions: Question, given: Any = None, seconds: float = 20, **options: Any) -> list[Asked]:
    with world({**vpc.given, **(given or {})}, **options) as where:
        stack = stack_of(CASE, where.account(), CASE.resources)
        return ask_all(questions, stack, where.account(seconds=seconds), seconds=seconds)


def one(ask: Any) -> Question:
    return Question("one", (), ask)


def test_a_question_that_hangs_is_unknown_and_the_others_are_answered() -> None:
    never = threading.Event()

    def hang(_: Any) -> Any:
        never.wait(30)
        return {"Addresses": []}

    addresses = replace(CASE, resources={**VPC, "Address": resource("AWS::EC2::EIP")})
    with world({**vpc.given, "ec2.describe_addresses": hang}) as where:
        stack = stack_of(addresses, where.account(), addresses.resources)
        list(question("quota-vpcs").ask(stack, where.account()))  # makes the clients, which can take seconds
        start = time.monotonic()
        found = ask_all([question("quota-elastic-ips"), question("quota-vpcs")], stack, where.account(), seconds=3)
        assert time.monotonic() - start < 20
        never.set()
    assert [each.answers[0].verdict for each in found] == [Verdict.UNKNOWN, Verdict.FINE]
    assert found[0].answers[0].message == "AWS gave no answer within 3 seconds."


def test_a_question_that_fails_itself_is_unknown() -> None:
    def broken(_stack: Stack, _account: Account) -> Iterator[Answer]:
        yield fine("first")
        raise KeyError("Vpcs")

    [found] = asked(one(broken))
    assert [each.verdict for each in found.answers] == [Verdict.FINE, Verdict.UNKNOWN]
    assert "KeyError: 'Vpcs'" in found.answers[1].message


def test_a_question_without_permission_names_it_and_the_others_go_on() -> None:
    found = asked(question("quota-vpcs"), question("account"), given={"service-quotas.get_service_quota": DENIED})
    assert [each.answers[0].verdict for each in found] == [Verdict.UNKNOWN, Verdict.FINE]
    assert found[0].answers[0].message == "could not ask: needs servicequotas:GetServiceQuota."


def test_an_account_without_any_permission_is_never_fine() -> None:
    found = asked(*QUESTIONS, given=dict.fromkeys(vpc.given, DENIED), everything=DENIED)
    verdicts = {each.question.id: answer.verdict for each in found for answer in each.answers}
    assert verdicts.pop("account") is Verdict.FINE  # who calls is known before all questions
    assert verdicts
    assert set(verdicts.values()) == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (Refused("ThrottlingException"), "could not ask: AWS throttled ec2:DescribeVpcs 5 times. Try again later."),
        (Refused("InternalError", "We broke it."), "could not ask: ec2:DescribeVpcs answers We broke it."),
        (Refused("UnauthorizedOperation", "You are not."), "could not ask: needs ec2:DescribeVpcs."),
    ],
)
def test_the_reason_of_a_refusal_is_one_sentence(refusal: Refused, message: str) -> None:
    [found] = asked(question("quota-vpcs"), given={"ec2.describe_vpcs": refusal})
    assert [each.message for each in found.answers] == [message]


def test_two_questions_share_an_answer() -> None:
    with world({**vpc.given, **vpcs(1)}) as where:
        stack = stack_of(CASE, where.account(), CASE.resources)
        where.calls.clear()
        both = [question("quota-vpcs"), one(question("quota-vpcs").ask)]
        assert len(ask_all(both, stack, where.account(), seconds=20)) == 2
        assert sorted(where.calls) == [("ec2", "DescribeVpcs"), ("service-quotas", "GetServiceQuota")]


def test_a_question_about_nothing_is_left_out() -> None:
    assert asked(question("quota-eks-clusters")) == []
