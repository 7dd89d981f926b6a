"""The definition of the workflow as a document: what a validator says, and what only AWS would notice."""

import copy
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from rehearsal.account import BIN
from stacks.workflow.definition import HELP_SECONDS, RETRY_SECONDS
from tests.runtime.workflow import definition

VALIDATOR: Final = BIN.parents[1] / "node_modules/.bin/asl-validator"
DEFINITION: Final = definition()
STATES: Final = DEFINITION["States"]
TASKS: Final = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
UNDOING: Final = ("Close", "Recall", "Refund", "Release")
VARIABLE: Final = re.compile(r"\$([A-Za-z_]\w*)(?!\w*\s*\()")
PREDEFINED: Final = {"states"}


def validate(document: Any, folder: Path) -> str:
    """What the validator says of a definition. Empty if it is valid."""
    path = folder / "definition.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    finished = subprocess.run(
        [str(BIN / "node"), str(VALIDATOR), "--json-path", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


def changed(path: str, value: Any) -> dict[str, Any]:
    """The definition with another value at a path of its states."""
    document = copy.deepcopy(DEFINITION)
    here: Any = document["States"]
    *keys, last = path.split("/")
    for key in keys:
        here = here[int(key) if isinstance(here, list) else key]
    here[int(last) if isinstance(here, list) else last] = value
    return document


class TestValidator:
    def test_the_definition_is_valid(self, tmp_path: Path) -> None:
        assert validate(DEFINITION, tmp_path) == ""

    @pytest.mark.parametrize(
        ("path", "value", "reason"),
        [
            ("Reserve/Next", "Nowhere", "MISSING_TRANSITION"),
            ("Charge/Catch/1/Next", "Nowhere", "MISSING_TRANSITION"),
            ("Approved?/Default", "Nowhere", "MISSING_TRANSITION"),
            ("Take order/Arguments/Payload/order_id", "{% $states.context. %}", "SCHEMA|JSONATA"),
            ("Ship/Type", "Job", "SCHEMA"),
            ("Confirmed/Output", "{% $states.( %}", "SCHEMA|JSONATA"),
        ],
        ids=lambda value: None if isinstance(value, dict) else value,
    )
    def test_it_notices_mistakes(self, tmp_path: Path, path: str, value: Any, reason: str) -> None:
        assert re.search(reason, validate(changed(path, value), tmp_path))


class TestVariables:
    """The validator knows no variables."""

    def test_each_is_assigned_on_every_way_to_its_use(self) -> None:
        assert undefined_variables(DEFINITION) == set()

    @pytest.mark.parametrize(
        ("path", "value", "name"),
        [
            ("Take order/Assign", {"outcome": "accepted", "failure": {}}, "order"),
            ("Refund/Catch/1/Assign", {"problem": "{% $states.errorOutput %}"}, "stuck"),
            ("Reserved?/Choices/0/Condition", "{% $outcom = 'reserved' %}", "outcom"),
        ],
    )
    def test_mistakes_are_noticed(self, path: str, value: Any, name: str) -> None:
        assert name in {each for _, each in undefined_variables(changed(path, value))}


class TestTime:
    @pytest.mark.parametrize("name", TASKS)
    def test_each_task_has_a_timeout(self, name: str) -> None:
        assert TASKS[name]["TimeoutSeconds"] > 0

    def test_a_dead_job_is_noticed_before_its_timeout(self) -> None:
        """The heartbeat covers the start of a task, which takes a minute or two. MiniStack ignores heartbeats."""
        assert 120 < STATES["Ship"]["HeartbeatSeconds"] < STATES["Ship"]["TimeoutSeconds"] / 4
        environment = STATES["Ship"]["Arguments"]["Overrides"]["ContainerOverrides"][0]["Environment"]
        assert {"Name": "TASK_TOKEN", "Value": "{% $states.context.Task.Token %}"} in environment

    def test_the_execution_times_out_after_all_retries_only(self) -> None:
        """Nothing can catch a timeout of the execution, so nothing would be undone."""
        seconds = sum(
            longest(state) for name, state in TASKS.items() if name not in ("Wait for approval", "Ask for help")
        )
        assert seconds < RETRY_SECONDS
        assert DEFINITION["TimeoutSeconds"] == 3_600 + HELP_SECONDS + RETRY_SECONDS

    def test_a_year_is_the_longest_that_an_execution_may_run(self) -> None:
        """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
        assert definition(approval_seconds=14 * 86_400)["TimeoutSeconds"] < 365 * 86_400

    def test_the_setting_reaches_the_state(self) -> None:
        assert definition(approval_seconds=77)["States"]["Wait for approval"]["TimeoutSeconds"] == 77


class TestErrors:
    @pytest.mark.parametrize("name", [*TASKS])
    def test_retries_have_jitter_and_a_maximum_delay(self, name: str) -> None:
        tried = [each for each in TASKS[name]["Retry"] if each.get("MaxAttempts") != 0]
        assert tried
        for each in tried:
            assert (each["JitterStrategy"], each["BackoffRate"]) == ("FULL", 2)
            assert each["IntervalSeconds"] < each["MaxDelaySeconds"] <= 600

    @pytest.mark.parametrize("name", UNDOING)
    def test_undoing_is_tried_for_more_than_half_an_hour(self, name: str) -> None:
        """Jitter makes the delays half as long on average."""
        [each] = STATES[name]["Retry"]
        assert sum(delays(each)) / 2 > 1_800

    @pytest.mark.parametrize("name", [name for name in TASKS if name not in ("Take order", "Ask for help")])
    def test_everything_is_caught_that_can_be(self, name: str) -> None:
        """States.ALL does not match States.DataLimitExceeded. It stands alone, in the last catcher.

        https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
        """
        *_, limit, last = TASKS[name]["Catch"]
        assert (limit["ErrorEquals"], last["ErrorEquals"]) == (["States.DataLimitExceeded"], ["States.ALL"])
        assert limit["Next"] == last["Next"]

    def test_a_business_outcome_is_no_failure(self) -> None:
        [choice] = STATES["A business reason?"]["Choices"]
        assert set(re.findall(r"'(\w+)'", choice["Condition"])) == {"closed", "declined", "denied", "expired"}
        assert STATES["A business reason?"]["Default"] == "Undone"


class TestData:
    @pytest.mark.parametrize("name", TASKS)
    def test_no_result_is_carried_on(self, name: str) -> None:
        """Only variables are, so that no result exceeds the maximum of 256 KiB."""
        assert TASKS[name]["Output"] == {}

    def test_texts_of_errors_are_cut(self) -> None:
        uses = [text for text in texts(DEFINITION) if ".Cause" in text]
        assert len(uses) == 2
        assert all(re.search(r"\$substring\(\$string\(\$\w+\.Cause\), 0, 2000\)", text) for text in uses)

    def test_the_shipment_is_named_by_its_family(self) -> None:
        """A revision would be gone when an execution of an old version asks for it."""
        assert STATES["Ship"]["Arguments"]["TaskDefinition"] == "packing"


def longest(state: dict[str, Any]) -> float:
    """The longest time that a task and its retries take together."""
    retries = [each for each in state["Retry"] if each.get("MaxAttempts") != 0]
    waits = [delay for each in retries for delay in delays(each)]
    return sum(waits) + (len(waits) + 1) * state["TimeoutSeconds"]


def delays(retrier: dict[str, Any]) -> list[float]:
    growing = [retrier["IntervalSeconds"] * retrier["BackoffRate"] ** each for each in range(retrier["MaxAttempts"])]
    return [min(each, retrier["MaxDelaySeconds"]) for each in growing]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


def used(value: Any) -> set[str]:
    """The variables of the expressions in a value. Texts within an expression have none."""
    expressions = [re.sub(r"'[^']*'", "", text) for text in texts(value) if text.startswith("{%")]
    return {name for text in expressions for name in VARIABLE.findall(text)} - PREDEFINED


def undefined_variables(document: dict[str, Any]) -> set[tuple[str, str]]:
    """The states that use a variable which is not assigned on each way there, and its name."""
    states = document["States"]
    everything = {name for state in states.values() for name in _assigned(state)}
    known: dict[str, set[str]] = {name: set(everything) for name in states}
    known[document["StartAt"]] = set()
    changed = True
    while changed:
        changed = False
        for name, state in states.items():
            for following, assigned in _transitions(state):
                left = known[following] & (known[name] | assigned)
                changed |= left != known[following]
                known[following] = left
    return {(name, variable) for name, state in states.items() for variable in used(state) - known[name]}


def _assigned(state: dict[str, Any]) -> set[str]:
    return {name for each in (state, *state.get("Catch", [])) for name in each.get("Assign", {})}


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for name in (state.get("Next"), state.get("Default")):
        if name:
            yield name, set(state.get("Assign", {}))
    for each in (*state.get("Choices", []), *state.get("Catch", [])):
        yield each["Next"], set(each.get("Assign", {}))
