"""An emulated account for tests that leave it as it was, and what can be deployed into one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.account import ACCOUNT_ID, BIN, REGION, EmulatedAccount
from rehearsal.commands import synthesize
from rehearsal.plans import PLANS, STAGES
from tests.rehearsal.templates import Stack

CUSTOM_RESOURCE_SECONDS = 2


@pytest.fixture(scope="session")
def account() -> Iterator[EmulatedAccount]:
    """One account, bootstrapped."""
    if not (BIN / "cdk").exists():
        pytest.skip("the CDK CLI is not installed here: run make setup")
    with EmulatedAccount(custom_resource_seconds=CUSTOM_RESOURCE_SECONDS) as account:
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
    """What a test deploys; nothing of it is left afterwards."""
    before = account.inventory()
    made = Stack(account)
    yield made
    if made.status():
        made.delete()
    left = {store: set(keys) - set(before.get(store, ())) for store, keys in account.inventory().items()}
    assert not {store: keys for store, keys in left.items() if keys}
