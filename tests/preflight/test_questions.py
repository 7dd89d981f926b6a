"""Every question, in accounts where the answer is yes, no, and not known."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from patternbook.preflight.account import CouldNotAskError
from patternbook.preflight.catalogue import QUESTIONS
from patternbook.preflight.questions import Answer, Question, Verdict, unknown
from tests.preflight.cases import CASES, SILENT
from tests.preflight.cases.network import UPDATE
from tests.preflight.world import DENIED, Case, Refused, World, ask, resource, world

READING = re.compile(r"(Get|List|Describe|BatchGet|Head)[A-Z]\w*")
"""Names of operations that only read."""
BY_QUESTION: dict[str, list[Case]] = defaultdict(list)
for each in CASES:
    BY_QUESTION[each.question].append(each)


def name_of(case: Case) -> str:
    return f"{case.question}-{case.verdict}-{re.sub('[^a-z0-9]+', '-', case.says.lower())[:40]}"


def worst(answers: Sequence[Answer]) -> str:
    order = list(Verdict)
    assert answers, "The question says nothing."
    return min((each.verdict for each in answers), key=order.index).value


def answers_in(case: Case, where: World) -> list[Answer]:
    """The answers in a case. A call that AWS refuses makes them unknown, as in the command."""
    try:
        return ask(case, where)
    except CouldNotAskError as error:
        return [unknown(str(error))]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_question(case: Case) -> None:
    with world(case.given, moto=bool(case.before)) as where:
        answers = answers_in(case, where)
        assert not {action for _, action in where.calls if not READING.fullmatch(action)}
    said = [each.message for each in answers if each.verdict.value == case.verdict]
    assert any(case.says in message for message in said), answers
    assert worst(answers) == case.verdict, answers


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_each_question_is_seen_to_fail(each: Question) -> None:
    verdicts = {case.verdict for case in BY_QUESTION[each.id]}
    assert verdicts - {"fine"}, "No case has another answer than fine."
    assert "fine" in verdicts or each.id == "whole-template", "No case has the answer fine."


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_the_permissions_of_a_question_are_those_of_its_calls(each: Question) -> None:
    called = set[str]()
    for case in BY_QUESTION[each.id]:
        with world(case.given, moto=bool(case.before)) as where:
            answers_in(case, where)
            called |= where.actions
    # Questions about quotas share the call for one that nobody has changed. It is enough that some of them make it.
    shared = {"servicequotas:GetAWSDefaultServiceQuota"} if each.id.startswith("quota-") else set()
    # What reads the stack, before any question, makes these calls. The questions name them, because they need them.
    before = {"stack-state", "parameters"}
    assert called <= set(each.permissions)
    assert each.id in before or set(each.permissions) - called <= shared


@pytest.mark.parametrize("each", [each for each in QUESTIONS if each.permissions], ids=lambda each: each.id)
def test_without_permission_a_question_says_which_one_it_needs(each: Question) -> None:
    if each.id in ("stack-state", "parameters"):
        pytest.skip("cases of these questions have the refusal, because the stack is read before")
    [case, *_] = BY_QUESTION[each.id]
    with world(everything=DENIED) as where:
        answers = answers_in(replace(case, before=None), where)
    assert all(answer.verdict is not Verdict.FINE for answer in answers), answers
    message = " ".join(answer.message for answer in answers)
    assert any(f"could not ask: needs {action}" in message for action in each.permissions), message


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_a_question_has_a_summary_a_fix_and_a_source(each: Question) -> None:
    assert each.summary.endswith("?")
    assert each.fix.endswith(".")
    assert re.fullmatch(r"https://\S+", each.source)
    assert len(each.id) <= 30
    assert re.fullmatch(r"[a-z0-9-]+", each.id)


def test_question_ids_are_unique() -> None:
    assert len({each.id for each in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_a_template_without_the_resources_asks_nothing(each: Question) -> None:
    """Only the questions about the account and the stack itself concern every template."""
    case = Case(each.id, "", "", {"Handle": resource("AWS::CloudFormation::WaitConditionHandle")}, stack_name="Web")
    with world({"cloudformation.describe_stacks": Refused("ValidationError")}) as where:
        answers = ask(case, where)
        assert where.calls == []
    assert bool(answers) == (each.id in ("account", "stack-state"))


@pytest.mark.parametrize("case", SILENT, ids=lambda case: case.question)
def test_what_the_template_itself_answers_is_not_asked(case: Case) -> None:
    with world(case.given) as where:
        assert ask(case, where) == []
        assert where.calls == []


def test_what_a_stack_has_already_is_not_added() -> None:
    with world(UPDATE.given) as where:
        assert ask(UPDATE, where) == []
    with world(UPDATE.given) as where:
        [answer] = ask(replace(UPDATE, stack_name=""), where)
        assert answer.verdict is Verdict.STOPS
