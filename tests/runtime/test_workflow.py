"""Every way through the workflow: its real definition and functions, with steps that fail."""

import json
from pathlib import Path
from typing import Any

import pytest

import stacks
from tests.runtime.workflow import DONE, SCRIPT, Workflow, large, order

STEPS = ["take", "reserve", "charge", "ship", "confirm"]
UNDOING = ["close", "recall", "refund", "release"]
UNDONE_BY = {"reserve": ["release"], "charge": ["refund", "release"], "ship": ["recall", "refund", "release"]}
UNDONE_BY["confirm"] = ["close", *UNDONE_BY["ship"]]
ENTRY = {"reserve": "RESERVATION", "charge": "CHARGE", "ship": "SHIPMENT", "confirm": "ORDER"}
STATE_OF = {"close": "Close", "recall": "Recall", "refund": "Refund", "release": "Release"}
BY_HAND = [("orders", "close"), ("shipments", "recall"), ("payments", "refund"), ("stock", "release")]
"""The steps by which a person undoes an order, each with its function."""
ALWAYS = 50
"""More attempts than any step has."""
LARGE = {"lines": large("")["lines"]}


class TestGoodOrders:
    def test_an_order_takes_each_step_once(self, orders: Workflow) -> None:
        result = orders.take("o-1")
        assert (result.status, result.output) == ("SUCCEEDED", {"order_id": "o-1", "outcome": "confirmed"})
        assert orders.invoked == STEPS
        assert orders.books("o-1") == DONE
        assert not orders.messages

    def test_the_charge_is_the_amount_of_the_document(self, orders: Workflow) -> None:
        orders.take("o-1")
        [entry] = [each for each in orders.entries() if each["pk"]["S"] == "CHARGE#o-1"]
        assert (entry["amount"], entry["currency"]) == ({"N": "3000"}, {"S": "EUR"})

    def test_all_steps_read_the_version_that_was_taken(self, orders: Workflow) -> None:
        given = orders.put("o-1")
        first = given["document"].pop("version_id")
        pack = orders.pack

        def change_the_document(environment: dict[str, str]) -> None:
            orders.put("o-1", content=b"changed")
            assert pack is not None
            pack(environment)
            assert json.loads(orders.read_document(environment)) == order("o-1")

        orders.pack = change_the_document
        assert orders.take("o-1", given).outcome == "confirmed"
        assert orders.tasks[0]["DOCUMENT_VERSION"] == first

    def test_a_document_may_be_larger_than_the_input_of_an_execution(self, orders: Workflow) -> None:
        lines = [{"sku": f"{number:0100}", "quantity": 1, "unit_price": 1} for number in range(9_000)]
        assert len(json.dumps(lines)) > 1 << 20
        assert orders.take("o-1", lines=lines).outcome == "confirmed"

    @pytest.mark.parametrize("ship_to", ["1 Main Street", "Łódź, ul. 東京 🚚", "a'b\"c$(x)`y`\\n"])
    def test_texts_may_have_any_characters(self, orders: Workflow, ship_to: str) -> None:
        assert orders.take("o-1", ship_to=ship_to, payment=ship_to).outcome == "confirmed"


class TestRepeatedOrders:
    def test_an_order_that_is_taken_again_changes_nothing(self, orders: Workflow) -> None:
        orders.take("o-1")
        before = orders.entries()
        assert orders.take("o-1").outcome == "confirmed"
        assert orders.entries() == before

    @pytest.mark.parametrize("changes", [{"payment": "declined"}, LARGE], ids=["declined", "expired"])
    def test_an_order_that_was_confirmed_stays_so(self, orders: Workflow, changes: dict[str, Any]) -> None:
        """Step Functions forgets the name of an execution after 90 days. The document may say something else then."""
        orders.take("o-1")
        before = orders.entries()
        assert orders.take("o-1", **changes).outcome == "confirmed"
        assert orders.entries() == before

    def test_an_order_that_was_undone_stays_so(self, orders: Workflow) -> None:
        orders.faults = {"ship": ["before"] * ALWAYS}
        orders.take("o-1")
        orders.faults = {}
        result = orders.take("o-1")
        assert (result.status, result.outcome) == ("SUCCEEDED", "closed")
        assert orders.balance("o-1") == set()

    @pytest.mark.parametrize("step", STEPS)
    def test_a_step_that_is_asked_twice_is_done_once(self, orders: Workflow, step: str) -> None:
        orders.faults = {step: ["twice"]}
        assert orders.take("o-1").outcome == "confirmed"
        assert orders.books("o-1") == DONE


class TestFailures:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("fault", ["before", "after", "soon", "late", "States.HeartbeatTimeout"])
    def test_a_step_is_tried_again(self, orders: Workflow, step: str, fault: str) -> None:
        orders.faults = {step: [fault, fault]}
        assert orders.take("o-1").outcome == "confirmed"
        assert orders.books("o-1") == DONE
        assert orders.invoked.count(step) == 3

    @pytest.mark.parametrize("step", UNDONE_BY)
    @pytest.mark.parametrize("fault", ["before", "after", "soon", "late", "States.DataLimitExceeded"])
    def test_a_step_that_keeps_failing_is_undone_with_all_before_it(
        self, orders: Workflow, step: str, fault: str
    ) -> None:
        orders.faults = {step: [fault] * ALWAYS}
        result = orders.take("o-1")
        if step == "confirm" and fault in ("after", "soon"):  # It took place, and the answer was lost.
            assert result.outcome == "confirmed"
            assert orders.books("o-1") == DONE
            return
        assert (result.status, result.error) == ("FAILED", "OrderUndone")
        assert orders.invoked[-len(UNDONE_BY[step]) :] == UNDONE_BY[step]
        assert orders.balance("o-1") == set()
        assert len(result.cause or "") < 2_500

    def test_a_charge_is_refunded_once(self, orders: Workflow) -> None:
        orders.faults = {"ship": ["before"] * ALWAYS, "refund": ["after", "soon", "twice"]}
        orders.take("o-1")
        refunds = [each["was_done"] for each in orders.logged() if each.get("action") == "refund"]
        assert (len(refunds), sum(refunds)) == (4, 1)

    def test_an_order_that_cannot_be_read_fails_before_anything_is_written(self, orders: Workflow) -> None:
        orders.faults = {"take": ["before"] * 7}
        result = orders.take("o-1")
        assert (result.status, result.error, orders.invoked) == ("FAILED", "Lambda.Unknown", ["take"] * 7)
        assert orders.books("o-1") == {}
        assert orders.redrive("o-1").outcome == "confirmed"

    @pytest.mark.parametrize("step", STEPS)
    def test_an_error_that_nothing_catches_ends_the_execution_where_a_redrive_continues(
        self, orders: Workflow, step: str
    ) -> None:
        orders.faults = {step: ["States.Runtime"]}
        result = orders.take("o-1")
        assert (result.status, result.error) == ("FAILED", "States.Runtime")
        assert orders.invoked == STEPS[: STEPS.index(step) + 1]
        result = orders.redrive("o-1")
        assert (result.outcome, orders.books("o-1")) == ("confirmed", DONE)
        assert orders.invoked.count("take") == (2 if step == "take" else 1)


class TestApprovals:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [(True, "confirmed"), (False, "denied"), (None, "denied"), ("true", "failed"), ({"approved": True}, "denied")],
    )
    def test_only_true_approves(self, orders: Workflow, answer: Any, outcome: str) -> None:
        orders.answers = [answer]
        result = orders.take("o-1", **LARGE)
        assert (result.outcome or "failed") == outcome
        assert orders.balance("o-1") == (set(ENTRY.values()) if outcome == "confirmed" else set())
        assert ("charge" in orders.invoked) == (outcome == "confirmed")

    def test_the_message_has_the_commands(self, orders: Workflow) -> None:
        orders.answers = [True]
        orders.take("o-1", **LARGE)
        [message] = orders.messages
        assert (message["queue"], message["order_id"], message["amount"]) == ("approvals", "o-1", 10_001)
        for name, word in (("to_approve", "true"), ("to_deny", "false")):
            command = message[name].split()
            assert command[:4] == ["aws", "stepfunctions", "send-task-success", "--task-token"]
            assert command[5:] == ["--task-output", word]

    def test_an_order_expires(self, orders: Workflow) -> None:
        result = orders.take("o-1", **LARGE)
        assert (result.status, result.outcome) == ("SUCCEEDED", "expired")
        assert orders.balance("o-1") == set()

    def test_a_message_that_cannot_be_sent_undoes_the_order(self, orders: Workflow) -> None:
        orders.answers = ["SQS.AmazonSQSException"] * 7
        assert orders.take("o-1", **LARGE).error == "OrderUndone"
        assert orders.answers == []
        assert orders.balance("o-1") == set()

    def test_an_order_of_the_amount_needs_none(self, orders: Workflow) -> None:
        lines = [{"sku": "car", "quantity": 1, "unit_price": 10_000}]
        assert orders.take("o-1", lines=lines).outcome == "confirmed"
        assert orders.messages == []


class TestDeclined:
    def test_a_declined_charge_is_no_failure(self, orders: Workflow) -> None:
        result = orders.take("o-1", payment="declined")
        assert (result.status, result.outcome) == ("SUCCEEDED", "declined")
        assert orders.balance("o-1") == set()
        assert [each for each in orders.logged() if each["level"] == "ERROR"] == []


class TestHelp:
    """A step that cannot be undone."""

    @pytest.mark.parametrize("undoing", UNDOING)
    @pytest.mark.parametrize("fault", ["before", "States.DataLimitExceeded"])
    def test_a_person_is_asked_and_then_it_goes_on(self, orders: Workflow, undoing: str, fault: str) -> None:
        orders.faults = {"confirm": ["before"] * ALWAYS, undoing: [fault] * 13}

        def repair() -> bool:
            orders.faults[undoing] = []
            return True

        orders.answers = [repair]
        result = orders.take("o-1")
        [message] = orders.messages
        assert (message["queue"], message["order_id"], message["step"]) == ("attention", "o-1", STATE_OF[undoing])
        assert len(message["cause"]) <= 2_000
        assert message["to_try_again"].endswith(" --task-output true")
        assert result.error == "OrderUndone"
        assert orders.balance("o-1") == set()

    def test_a_person_is_asked_again_if_it_fails_again(self, orders: Workflow) -> None:
        orders.faults = {"ship": ["before"] * ALWAYS, "refund": ["before"] * 26}
        orders.answers = [True, True]
        assert orders.take("o-1").error == "OrderUndone"
        assert [each["step"] for each in orders.messages] == ["Refund", "Refund"]
        assert orders.balance("o-1") == set()

    def test_without_help_the_execution_fails_and_a_redrive_asks_again(self, orders: Workflow) -> None:
        orders.faults = {"ship": ["after"] * ALWAYS, "recall": ["before"] * 13}
        result = orders.take("o-1")
        assert (result.status, result.error) == ("FAILED", "States.Timeout")
        assert orders.balance("o-1") == {"RESERVATION", "CHARGE", "SHIPMENT"}
        orders.answers = [True]
        result = orders.redrive("o-1")
        assert (result.error, orders.balance("o-1")) == ("OrderUndone", set())
        assert [each["step"] for each in orders.messages] == ["Recall", "Recall"]

    def test_a_confirmation_that_is_found_is_not_undone(self, orders: Workflow) -> None:
        orders.faults = {"confirm": ["after"] * ALWAYS, "close": ["before"] * 13}
        orders.answers = [True]
        assert orders.take("o-1").outcome == "confirmed"
        assert orders.books("o-1") == DONE

    def test_an_order_that_a_redrive_cannot_save_is_undone_by_hand(self, orders: Workflow) -> None:
        """As with a mistake in the definition, which a redrive repeats."""
        orders.faults = {"confirm": ["States.Runtime"]}
        assert orders.take("o-1").status == "FAILED"
        assert orders.balance("o-1") == {"RESERVATION", "CHARGE", "SHIPMENT"}
        for module, action in BY_HAND:
            orders._call(module, {"action": action, "order_id": "o-1"})
        assert orders.balance("o-1") == set()
        assert orders.redrive("o-1").error == "OrderUndone"

    def test_the_page_has_these_steps(self) -> None:
        page = (Path(stacks.__file__).parents[1] / "docs" / "workflow.md").read_text(encoding="utf-8")
        steps = [page.index(f'`{{"action": "{action}", "order_id": "ORDER_ID"}}`') for _, action in BY_HAND]
        assert steps == sorted(steps)


def test_the_script_is_short_enough_for_a_command() -> None:
    assert len(SCRIPT.read_bytes()) < 8_192
