"""The command ``patternbook``. Each of its commands stands in the package that it belongs to."""

import argparse
import io
import sys
from collections.abc import Sequence
from datetime import date, datetime, timezone
from importlib import metadata
from typing import Final

from patternbook.copying import cli as copying
from patternbook.cost import cli as cost
from patternbook.leftovers import cli as leftovers
from patternbook.preflight import cli as preflight
from patternbook.rollout import cli as rollout
from patternbook.rules import cli as rules
from patternbook.settings import cli as settings

COMMANDS: Final = (rules, preflight, rollout, cost, leftovers, copying, settings)
"""Modules that have ``add_commands``. It adds parsers, each of which sets ``run`` to a function: it takes what
the parser has read and returns the exit status."""

READER_GONE: Final = 1


def main(arguments: Sequence[str] | None = None, *, today: date | None = None) -> int:
    """Runs the command.

    :param arguments: defaults to those of the process.
    :param today: the date in UTC; defaults to the current one.
    :returns: the exit status. Bad arguments end the process with 2.
    """
    parser = argparse.ArgumentParser(
        prog="patternbook",
        description="Checks and prices templates, judges change sets, asks an account, and copies patterns.",
    )
    parser.add_argument("--version", action="version", version=f"patternbook {metadata.version('patternbook')}")
    commands = parser.add_subparsers(dest="command", required=True)
    for module in COMMANDS:
        module.add_commands(commands)
    now = argparse.Namespace(today=today or datetime.now(timezone.utc).date())
    given = parser.parse_args(arguments, now)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has closed the pipe, such as head
        sys.stdout = None
        return READER_GONE


if __name__ == "__main__":
    sys.exit(main())
