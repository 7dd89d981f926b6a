"""Selects the deployed stack that the checks look at.

``--stack`` names one in an account. Otherwise no check asks AWS, even if the environment has credentials, and each
looks at recordings of its stack.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from patternbook.settings.mistakes import SettingsError, did_you_mean
from rehearsal.plans import PLANS
from tests.deployed.account import Account, LiveAccount, RecordingAccount
from tests.deployed.recording import recorded_stack, recordings_of, write
from tests.deployed.stack import DeployedStack, NotAnsweredError, NotDeployedError
from tools.stage import StageError, stage_named

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
"""The end of a stack's name where its setting ``regions`` is set, as in ``EksManagedNodesStack-eu-west-1``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", action="append", help="a deployed stack to check, such as FargateEfsStack")
    parser.addoption("--stage", default="", help="the stage that it is in, such as production; otherwise the sandbox")
    parser.addoption("--record", metavar="NAME", help="record the answers, as those of sandbox, for instance")


def pytest_configure(config: pytest.Config) -> None:
    """Refuses a stack or a stage that does not exist, before pytest prints anything."""
    named = config.getoption("--stack", default=None)
    if named is None:
        return
    for name in named:
        if _pattern_and_region(name)[0] not in PLANS:
            message = f"STACK must be a stack of the book, got {name!r}.{did_you_mean(name, PLANS)}"
            end = "With the setting regions, a name ends with the Region, such as EksManagedNodesStack-eu-west-1."
            raise pytest.UsageError(f"{message} Choose from {', '.join(PLANS)}. {end}")
    try:
        stage_named(config.getoption("--stage"))
    except (StageError, SettingsError) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the checks of other stacks, and skips what an emulated account cannot show."""
    if config.getoption("--stack", default=None) is None:
        return
    checks = {item: item.module for item in items if isinstance(item, pytest.Function) and _is_check(item)}
    items[:] = [item for item, module in checks.items() if _named(config, module)]
    region_known = all(_region(module, name) for module in checks.values() for name in _named(config, module))
    missing = _missing(region_known)
    if missing:
        pytest.exit(missing, returncode=1)
    if os.environ.get("AWS_ENDPOINT_URL"):
        for item in items:
            if item.get_closest_marker("real_account"):
                item.add_marker(pytest.mark.skip(reason="only a real account can show this"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each check looks at all recordings of its stack, or at the deployed stacks that ``--stack`` names."""
    if "stack" in metafunc.fixturenames:
        assert metafunc.module
        asks = metafunc.config.getoption("--stack")
        looked_at = _named(metafunc.config, metafunc.module) if asks else recordings_of(metafunc.module)
        metafunc.parametrize("stack", looked_at, indirect=True, scope="module")


def _is_check(item: pytest.Function) -> bool:
    return item.path.parent == Path(__file__).parent and "stack" in item.fixturenames


def _pattern_and_region(name: str) -> tuple[str, str | None]:
    """The pattern of a stack, and the Region at the end of its name, if any."""
    pattern, _, region = name.partition("-")
    return (pattern, region) if REGION.fullmatch(region) else (name, None)


def _named(config: pytest.Config, module: ModuleType) -> list[str]:
    """The stacks of a module's pattern that ``--stack`` names."""
    return [name for name in config.getoption("--stack") if _pattern_and_region(name)[0] == module.STACK]


def _region(module: ModuleType, name: str) -> str | None:
    """The Region of a stack that does not depend on the environment: AWS or the name of the stack says it."""
    return getattr(module, "PINNED_REGION", None) or _pattern_and_region(name)[1]


def _session(region: str | None = None) -> boto3.Session:
    """The account of the environment: a rehearsal's, or the user's. Like the CDK CLI, and unlike boto3, it knows
    ``AWS_REGION``."""
    return boto3.Session(region_name=region or os.environ.get("AWS_REGION"))


@cache
def _account(region: str | None) -> LiveAccount:
    return LiveAccount(_session(region))


def _missing(region_known: bool) -> str:
    """The message about what the environment lacks to look at an account; empty where nothing is missing."""
    try:
        session = _session()
        if session.get_credentials() is None:
            return (
                "There are no AWS credentials, so no stack can be looked at. Log in with `aws sso login`, or set "
                "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        if session.region_name is None and not region_known:
            return "There is no Region. Set AWS_REGION to the one that the stack is deployed in."
    except BotoCoreError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[DeployedStack]:
    """The stack that the module is about, recorded or deployed. If a deployed one is not there, all ends at once."""
    module: ModuleType = request.module
    if not request.config.getoption("--stack"):
        yield recorded_stack(module, request.param)
        return
    account: Account = _account(_region(module, request.param))
    recording = request.config.getoption("--record")
    if recording:
        account = RecordingAccount(account)
    stage = stage_named(request.config.getoption("--stage"))
    name = f"{stage}-{request.param}" if stage else request.param
    try:
        yield DeployedStack.find(name, account)
    except (NotDeployedError, NotAnsweredError) as error:
        pytest.exit(str(error), returncode=1)
    if isinstance(account, RecordingAccount):
        write(module, recording, account, name)
