"""Which deployed stack the checks look at.

A check asks AWS only where ``--stack`` names what to look at: an account whose credentials happen to be in the
environment is left alone.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from tests.deployed.stack import DeployedStack, NotDeployedError, ThriftySession


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", action="append", help="a deployed stack to check, such as FargateEfsStack")
    parser.addoption("--stage", help="the stage that it is in, such as production; the sandbox where none is named")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the checks of other stacks, and skips those that have no account to look at."""
    named = config.getoption("--stack", default=None)
    here = [item for item in items if isinstance(item, pytest.Function) and item.path.parent == Path(__file__).parent]
    checks = {item: item.module.STACK for item in here}
    if named is None:
        _skip(checks, "checks of a deployed stack: make rehearse runs them, or make verify STACK=… in your account")
        return
    unknown = sorted(set(named) - set(checks.values()))
    if unknown:
        known = ", ".join(sorted(set(checks.values())))
        raise pytest.UsageError(f"--stack: no checks of {', '.join(unknown)}; there are {known}")
    items[:] = [item for item, stack in checks.items() if stack in named]
    try:
        session = _session()
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise pytest.UsageError(str(error)) from error
    if credentials is None:
        _skip(items, "no AWS credentials: these checks look at a stack in your account")
    elif session.region_name is None:
        _skip(items, "no Region: set AWS_REGION to where the stack is")
    elif os.environ.get("AWS_ENDPOINT_URL"):
        _skip((item for item in items if item.get_closest_marker("real_account")), "only a real account can show this")


def _session() -> ThriftySession:
    """The account of the environment: a rehearsal's, or the user's. Like the CDK CLI, and unlike boto3, it knows
    ``AWS_REGION``."""
    return ThriftySession(region_name=os.environ.get("AWS_REGION"))


def _skip(items: Iterable[pytest.Item], reason: str) -> None:
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def session() -> ThriftySession:
    return _session()


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, session: ThriftySession) -> DeployedStack:
    """The stack that the module is about, its ``STACK``. Without it, all ends at once."""
    try:
        stage = request.config.getoption("--stage")
        return DeployedStack.find(f"{stage}-{request.module.STACK}" if stage else request.module.STACK, session)
    except NotDeployedError as error:
        pytest.exit(str(error), returncode=1)
