"""The state of the process that tests start from."""

import signal

import patternbook  # noqa: F401 - before aws_cdk: it points jsii at the Node of this environment

# A shell without job control starts its background jobs with SIGINT ignored, and commands that a test starts would
# inherit that. The tests of Ctrl-C need commands that heed it. Until the tests start, Ctrl-C ends the process at once.
signal.signal(signal.SIGINT, signal.SIG_DFL)


def pytest_sessionstart() -> None:
    """From now on pytest answers Ctrl-C: it cleans up, and lists what has failed so far."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
