"""The command ``patternbook``. Each of its commands stands in the package that it belongs to."""

import argparse
import io
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from importlib import import_module
from typing import Any, Final

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "rules": ("check", "rules"),
    "preflight": ("preflight",),
    "rollout": ("gate", "permissions"),
    "cost": ("cost", "prices"),
    "leftovers": ("leftovers",),
    "copying": ("copy",),
    "settings": ("settings",),
}
"""The packages whose module ``cli`` has ``add_commands``, and the commands that it adds. It adds parsers, each of which
sets ``run`` to a function: it takes what the parser has read and returns the exit status."""

PROGRAM: Final = "patternbook"
READER_GONE: Final = 1


def main(arguments: Sequence[str] | None = None, *, today: date | None = None) -> int:
    """Runs the command.

    :param arguments: defaults to those of the process.
    :param today: the date in UTC; defaults to the current one.
    :returns: the exit status. Bad arguments end the process with 2.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Checks and prices templates, judges change sets, asks an account, and copies patterns.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    words = sys.argv[1:] if arguments is None else arguments
    packages = _packages(words)
    every = ",".join(name for names in COMMANDS.values() for name in names)
    shown = None if len(packages) == len(COMMANDS) else f"{{{every}}}"  # a message names the others, too
    commands = parser.add_subparsers(dest="command", required=True, prog=PROGRAM, metavar=shown)
    for package in packages:
        import_module(f"patternbook.{package}.cli").add_commands(commands)
    now = argparse.Namespace(today=today or datetime.now(timezone.utc).date())
    given = parser.parse_args(words, now)
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


def _packages(words: Sequence[str]) -> list[str]:
    """The package of the command, or all of them without one. An import of all takes longer than a check."""
    return [package for package, names in COMMANDS.items() if words and words[0] in names] or list(COMMANDS)


class _Version(argparse.Action):
    """Prints the version, which takes long to find, only where somebody asks for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib import metadata

        print(f"{PROGRAM} {metadata.version(PROGRAM)}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
