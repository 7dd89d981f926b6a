"""An emulated account that tests share, and stacks to deploy into it. Each test leaves the account as it was."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.account import ACCOUNT_ID, BIN, REGION, EmulatedAccount
from rehearsal.commands import synthesize
from rehearsal.cycle import Cycle
from rehearsal.plans import PLANS, STAGES
from rehearsal.report import Report
from tests.rehearsal.templates import Stack
from tools.assembly import copy_assembly


@pytest.fixture(scope="session")
def account() -> Iterator[EmulatedAccount]:
    """One bootstrapped account for all tests of the run."""
    if not (BIN / "cdk").exists():
        pytest.skip("the CDK CLI is not installed here: run make setup")
    with EmulatedAccount() as account:
        bootstrapped = account.run("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
        assert bootstrapped.status == 0, bootstrapped.output
        yield account


@pytest.fixture(scope="session")
def assemblies(account: EmulatedAccount) -> Path:
    """The book in both stages, as configured and with the changed settings."""
    folder = account.folder / "assemblies"
    synthesize(account, folder, list(PLANS), STAGES)
    return folder


@pytest.fixture
def stack(account: EmulatedAccount) -> Iterator[Stack]:
    """A stack for the test. It is deleted afterwards, and must leave no record in the account."""
    before = account.inventory()
    stack = Stack(account)
    yield stack
    if stack.status():
        stack.delete()
    left = {store: set(keys) - set(before.get(store, ())) for store, keys in account.inventory().items()}
    assert not {store: keys for store, keys in left.items() if keys}


@pytest.fixture
def steps(account: EmulatedAccount, assemblies: Path, tmp_path: Path) -> Iterator[Callable[..., Cycle]]:
    """Makes cycles whose assemblies a test may change. Their stacks are deleted after the test."""
    copied = tmp_path / "assemblies"
    copy_assembly(assemblies, copied)
    made: list[Cycle] = []

    def cycle_of(pattern: str, stage: str = "sandbox") -> Cycle:
        made.append(Cycle(account, copied, stage, [pattern], Report(io.StringIO())))
        return made[-1]

    before = account.inventory()
    yield cycle_of
    cloudformation = account.session.client("cloudformation")
    for each in made:
        for stack in each.stacks:
            cloudformation.delete_stack(StackName=stack.name)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
            )
    stacks = [stack for each in made for stack in each.stacks]
    always_retained = [
        one for stack in stacks for one in stack.retained() if one.path in PLANS[stack.pattern].always_retained
    ]
    each.check_nothing_left(before, always_retained)
