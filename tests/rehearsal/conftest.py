"""An emulated account that tests share, and stacks to deploy into it. Each test leaves the account as it was."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account import ACCOUNT_ID, BIN, REGION, EmulatedAccount
from rehearsal.commands import synthesize
from rehearsal.cycle import Cycle
from rehearsal.emulated import BOOTSTRAP_BUCKET
from rehearsal.plan import STAGES
from rehearsal.plans import PLANS
from rehearsal.report import Report
from tests.rehearsal.templates import Stack
from tools.assembly import copy_assembly

DEPLOYED = (
    *("AuroraServerlessStack", "DataStreamStack", "EcrStack", "EcsEc2Stack", "EcsExpressStack", "FargateEfsStack"),
    *("LambdaConcurrencyStack", "WebApiStack"),
)
"""The patterns that the tests deploy. ``make rehearse`` deploys all of them."""


class Accounts:
    """The account that tests share, and the one that replaces it if a test leaves something in it."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._shared: EmulatedAccount | None = None

    @property
    def shared(self) -> EmulatedAccount:
        """A bootstrapped account."""
        if self._shared is None:
            self._shared = self._running.enter_context(EmulatedAccount())
            bootstrapped = self._shared.run("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
            assert bootstrapped.status == 0, bootstrapped.output
        return self._shared

    def end(self) -> None:
        self._shared = None
        self._running.close()


def state(account: EmulatedAccount) -> object:
    """The records of the account, and its stacks, of which a failed one may have no records."""
    stacks = account.session.client("cloudformation").describe_stacks()["Stacks"]
    records = {(store, key) for store, keys in account.inventory().items() for key in keys}
    # The CLI leaves the assets of deployed stacks in the bucket of the bootstrap stack.
    return (
        {(store, key) for store, key in records if BOOTSTRAP_BUCKET not in key},
        {stack["StackName"]: stack["StackStatus"] for stack in stacks},
    )


@pytest.fixture(scope="session")
def accounts() -> Iterator[Accounts]:
    if not (BIN / "cdk").exists():
        pytest.skip("the CDK CLI is not installed here: run make setup")
    accounts = Accounts()
    yield accounts
    accounts.end()


@pytest.fixture
def account(accounts: Accounts) -> Iterator[EmulatedAccount]:
    """The account that tests share. If a test fails and leaves something in it, the next test gets another one."""
    account = accounts.shared
    before = state(account)
    yield account
    try:
        is_clean = state(account) == before
    except (OSError, BotoCoreError):  # the test has ended the account
        is_clean = False
    if not is_clean:
        accounts.end()


@pytest.fixture(scope="session")
def assemblies(accounts: Accounts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The patterns that are deployed, in both stages, as configured and with the changed settings."""
    folder = tmp_path_factory.mktemp("assemblies")
    synthesize(accounts.shared, folder, DEPLOYED, STAGES)
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
        assert pattern in DEPLOYED, f"Add {pattern} to DEPLOYED in {__file__}."
        made.append(Cycle(account, copied, stage, [pattern], Report(io.StringIO())))
        return made[-1]

    before = account.inventory()
    yield cycle_of
    cloudformation = account.session.client("cloudformation")
    retained = []
    for each in made:
        with suppress(ClientError):  # a test may have deleted the stack, or have deployed none
            for stack in each.stacks:
                stack.pin()
            if each.production:
                each.lift_protection()
        for stack in each.stacks:
            cloudformation.delete_stack(StackName=stack.name)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
            )
            plan = PLANS[stack.pattern]
            planned = plan.always_retained | (plan.retained_in_production if each.production else set())
            retained += [one for one in stack.retained() if one.path in planned]
    each.check_nothing_left(before, retained)
