"""The state of the process that tests start from, and its end by Ctrl-C."""

import atexit
import os
import signal
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

import patternbook  # noqa: F401 - before aws_cdk: it points jsii at the Node of this environment

if TYPE_CHECKING:
    from tests.book import Books

# A shell without job control starts its background jobs with SIGINT ignored, and commands that a test starts would
# inherit that. The tests of Ctrl-C need commands that heed it. Until the tests start, Ctrl-C ends the process at once.
signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart() -> Generator[None]:
    """From now on pytest answers Ctrl-C: it cleans up, and lists what has failed so far.

    The processes of pytest-xdist start meanwhile. They ignore Ctrl-C until they have imported this module, and end by
    it at once from then on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    signal.signal(signal.SIGINT, signal.default_int_handler if alone else signal.SIG_DFL)


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Ends the process when pytest has cleaned up, or by another Ctrl-C at once.

    The first Ctrl-C has also ended the Node of jsii. When Python exits, jsii would write to it and print a traceback.
    """
    if excinfo.errisinstance(KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        atexit.register(_end_at_once)


def _end_at_once() -> None:
    sys.stdout.flush()
    os._exit(pytest.ExitCode.INTERRUPTED)


def pytest_unconfigure() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> "Books":
    """The book in each scenario, without checks, synthesized once for all tests."""
    from tests.book import books_in  # here, because few tests need the CDK, which it imports

    return books_in(tmp_path_factory.mktemp("books"))
