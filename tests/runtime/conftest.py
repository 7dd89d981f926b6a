"""PostgreSQL for the functions of ``AuroraServerlessStack``, the functions of the web API, and the workflow."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.runtime.aurora import Account, CloudFormation, Postgres, migrate, postgres
from tests.runtime.web_api import Functions, functions
from tests.runtime.workflow import Workflow, workflow


@pytest.fixture(scope="session")
def server() -> Generator[Postgres]:
    with postgres() as running:
        yield running


@contextmanager
def empty_account(server: Postgres) -> Generator[Account]:
    server.empty()
    with Account(server).connected() as connected:
        yield connected


@pytest.fixture
def account(server: Postgres) -> Generator[Account]:
    """An account with an empty database."""
    with empty_account(server) as connected:
        yield connected


@pytest.fixture(scope="module")
def migrated_account(server: Postgres, cloudformation_of_session: CloudFormation) -> Generator[Account]:
    """An account whose database has the latest schema, for all tests of a module."""
    with empty_account(server) as connected:
        connected.call(migrate, cloudformation_of_session.request("Create"))
        assert cloudformation_of_session.responses[-1]["Status"] == "SUCCESS"
        yield connected


@pytest.fixture(scope="session")
def cloudformation_of_session() -> Generator[CloudFormation]:
    listening = CloudFormation()
    yield listening
    listening.stop()


@pytest.fixture
def cloudformation(cloudformation_of_session: CloudFormation) -> CloudFormation:
    """CloudFormation, which has got no response yet."""
    cloudformation_of_session.responses.clear()
    cloudformation_of_session.sizes.clear()
    cloudformation_of_session.refuse = 0
    return cloudformation_of_session


@pytest.fixture(scope="module")
def web_api() -> Iterator[Functions]:
    with functions() as loaded:
        yield loaded


@pytest.fixture
def api(web_api: Functions) -> Functions:
    web_api.reset()
    return web_api


@pytest.fixture(scope="module")
def workflow_of_module() -> Iterator[Workflow]:
    with workflow() as loaded:
        yield loaded


@pytest.fixture
def orders(workflow_of_module: Workflow) -> Workflow:
    """The workflow, which has taken no order yet."""
    workflow_of_module.reset()
    return workflow_of_module
