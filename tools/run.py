"""Runs a module of Python, which Ctrl-C ends without a traceback: ``python tools/run.py MODULE [ARGUMENT…]``.

Otherwise it is ``python -m MODULE``. The Makefile runs everything by it. The scripts that pip writes into an
environment do not work in every folder: a path with a space and a dollar sign breaks their first line.
"""

import signal

# First of all, because imports take a second. A job that a script starts in the background ignores Ctrl-C, and goes on.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())  # as with -m; it was the folder of this file
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
