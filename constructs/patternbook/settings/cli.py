"""The command ``patternbook settings``, for a project with patterns in its folder ``stacks``."""

import argparse
import sys
from importlib import import_module
from pathlib import Path


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to those of ``patternbook``, see :mod:`patternbook.cli`."""
    listing = commands.add_parser(
        "settings",
        help="list the settings of a pattern in the current folder",
        description="Lists the settings of a pattern: what each does, its unit, its default and what it accepts. The "
        "current folder must have the pattern in stacks. Exit status: 0, or 1 if it does not.",
    )
    listing.add_argument("pattern", metavar="PATTERN", help="the name of its stack, such as FargateEfsStack")
    listing.set_defaults(run=_list)


def _list(given: argparse.Namespace) -> int:
    from patternbook.copying.book import patterns

    known = patterns(Path.cwd())
    if given.pattern not in known:
        there = f"has {', '.join(known)}" if known else "has no patterns. Go to the folder with app.py and stacks"
        print(f"PATTERN must be a stack of this folder, got {given.pattern!r}. {Path.cwd()} {there}.", file=sys.stderr)
        return 1
    try:
        from patternbook.settings.listing import settings_of  # here, because it needs the CDK
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    sys.path.insert(0, str(Path.cwd()))
    stack = getattr(import_module(f"stacks.{known[given.pattern].folder}"), given.pattern)
    print(settings_of(given.pattern, stack.title, stack.settings_type))
    return 0
