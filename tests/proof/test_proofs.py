"""Each check fails if one thing is changed in the recorded answers of its stack."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tests.deployed
from tests.deployed.answers import from_json, mistakes
from tests.deployed.proving import Check, Proof, checks_of, flaw, outcome_of
from tests.deployed.recording import answers_of, recorded_account, recorded_stack, recordings_of
from tests.deployed.stack import DeployedStack

CHECKED = Path(tests.deployed.__file__).parent.glob("test_*.py")
PATTERNS = [import_module(f"tests.deployed.{path.stem}") for path in sorted(CHECKED)]
RECORDINGS = [
    pytest.param(module, recording, id=f"{module.STACK}-{recording}")
    for module in PATTERNS
    for recording in recordings_of(module)
]


@pytest.mark.parametrize(
    ("module", "check", "proofs"),
    [
        pytest.param(module, check, proofs, id=f"{module.STACK}-{name}")
        for module in PATTERNS
        for name, check, proofs in checks_of(module)
    ],
)
def test_a_check_fails_where_its_promise_is_broken(module: ModuleType, check: Check, proofs: list[Proof]) -> None:
    shown, flaws = set[Proof](), list[str]()
    for recording in recordings_of(module):
        name, account = recorded_account(module, recording)
        stack = recorded_stack(module, recording)
        if outcome_of(check, stack)[0] == "skipped":
            continue
        for proof in proofs:
            if proof.is_about(recording, stack.posture):
                shown.add(proof)
                if said := flaw(proof, check, name, account):
                    flaws.append(f"{recording}: {proof}\n    but {said}")
    flaws += [f"in no recording: {proof}" for proof in proofs if proof not in shown]
    assert not flaws, "\n".join(flaws)
    assert any(proof.outcome == "failed" for proof in proofs), "nobody has seen this check fail"


@pytest.mark.parametrize(("module", "recording"), RECORDINGS)
def test_what_is_recorded_is_what_aws_can_answer(module: ModuleType, recording: str) -> None:
    for (operation, _), found in answers_of(module, recording).items():
        assert "refused" in found or mistakes(operation, from_json(found["answer"])) == ""


@pytest.mark.parametrize(("module", "recording"), RECORDINGS)
def test_checks_ask_for_all_that_is_recorded(module: ModuleType, recording: str) -> None:
    name, account = recorded_account(module, recording)
    stack = DeployedStack.find(name, account)
    for _, check, _ in checks_of(module):
        outcome_of(check, stack)
    unused = answers_of(module, recording).keys() - account.asked
    assert not unused, "no check asks for this any more: run make record"
