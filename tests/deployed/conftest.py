"""Selects the deployed stack that the checks look at.

``--stack`` names one in an account. Otherwise no check asks AWS, even if the environment has credentials, and each
looks at recordings of its stack.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from tests.deployed.account import Account, LiveAccount, RecordingAccount
from tests.deployed.recording import recorded_stack, recordings_of, write
from tests.deployed.stack import DeployedStack, NotDeployedError


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", action="append", help="a deployed stack to check, such as FargateEfsStack")
    parser.addoption("--stage", help="the stage that it is in, such as production; the sandbox where none is named")
    parser.addoption("--record", metavar="NAME", help="record the answers, as those of sandbox, for instance")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the checks of other stacks, and skips what an emulated account cannot show."""
    named = config.getoption("--stack", default=None)
    if named is None:
        return
    checks = {item: item.module.STACK for item in items if isinstance(item, pytest.Function) and _is_check(item)}
    unknown = sorted(set(named) - set(checks.values()))
    if unknown:
        known = ", ".join(sorted(set(checks.values())))
        raise pytest.UsageError(f"--stack: no checks of {', '.join(unknown)}; there are {known}")
    items[:] = [item for item, stack in checks.items() if stack in named]
    missing = _missing()
    if missing:
        pytest.exit(missing, returncode=1)
    if os.environ.get("AWS_ENDPOINT_URL"):
        for item in items:
            if item.get_closest_marker("real_account"):
                item.add_marker(pytest.mark.skip(reason="only a real account can show this"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each check on all recordings of its stack, unless ``--stack`` names a deployed one."""
    if "stack" in metafunc.fixturenames and not metafunc.config.getoption("--stack"):
        assert metafunc.module
        metafunc.parametrize("stack", recordings_of(metafunc.module), indirect=True, scope="module")


def _is_check(item: pytest.Function) -> bool:
    return item.path.parent == Path(__file__).parent and "stack" in item.fixturenames


def _session() -> boto3.Session:
    """The account of the environment: a rehearsal's, or the user's. Like the CDK CLI, and unlike boto3, it knows
    ``AWS_REGION``."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION"))


def _missing() -> str:
    """The message about what the environment lacks to look at an account; empty where nothing is missing."""
    try:
        session = _session()
        if session.get_credentials() is None:
            return (
                "There are no AWS credentials, so no stack can be looked at. Log in with `aws sso login`, or set "
                "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        if session.region_name is None:
            return "There is no Region. Set AWS_REGION to the one that the stack is deployed in."
    except BotoCoreError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def account() -> LiveAccount:
    return LiveAccount(_session())


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[DeployedStack]:
    """The stack that the module names as its ``STACK``. If it is not deployed, the run ends at once."""
    if recording := getattr(request, "param", None):
        yield recorded_stack(request.module, recording)
        return
    account: Account = request.getfixturevalue("account")
    recording = request.config.getoption("--record")
    if recording:
        account = RecordingAccount(account)
    stage = request.config.getoption("--stage")
    name = f"{stage}-{request.module.STACK}" if stage else request.module.STACK
    try:
        yield DeployedStack.find(name, account)
    except NotDeployedError as error:
        pytest.exit(str(error), returncode=1)
    if isinstance(account, RecordingAccount):
        write(request.module, recording, account, name)
