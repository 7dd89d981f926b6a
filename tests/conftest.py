"""The state of the process that tests start from."""

import signal

import patternbook  # noqa: F401 - before aws_cdk: it points jsii at the Node of this environment

# A shell without job control starts its background jobs with SIGINT ignored, and commands that a test starts would
# inherit that. The tests of Ctrl-C need commands that heed it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
