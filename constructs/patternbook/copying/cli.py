"""The command ``patternbook copy``."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

DONE, REFUSED, INTERRUPTED = 0, 1, 130


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to those of ``patternbook``, see :mod:`patternbook.cli`."""
    copying = commands.add_parser(
        "copy",
        help="make a CDK app of your own from one pattern",
        description="Makes a new folder with one pattern of the book as an app of its own: its stack, settings, "
        "runtime files, tests and page. Exit status: 0 if the folder is made, 1 if nothing is written.",
    )
    copying.add_argument("pattern", metavar="PATTERN", help="the name of its stack, such as FargateEfsStack")
    copying.add_argument("target", metavar="DIR", type=Path, help="the new folder; it may exist if it is empty")
    copying.set_defaults(run=_copy)


def _copy(given: argparse.Namespace) -> int:
    # Imported here, because the rules start without them.
    from patternbook.copying.book import BookError, book, patterns
    from patternbook.copying.folder import check_target, write_whole
    from patternbook.copying.project import project

    try:
        root = book()
        known = patterns(root)
        if given.pattern not in known:
            raise BookError(_unknown(given.pattern, known))
        check_target(given.target, outside=root)
        write_whole(given.target, project(root, known[given.pattern]))
    except BookError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{given.target} cannot be written: {error}. Nothing of the copy is left.", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"Interrupted. Nothing of the copy is left in {given.target}.", file=sys.stderr)
        return INTERRUPTED
    else:
        print(f"{given.target} has {given.pattern}. Next: cd there, and type the three commands of its README.md.")
        return DONE
    return REFUSED


def _unknown(name: str, known: Iterable[str]) -> str:
    from patternbook.limits.given import closest

    close = closest(name, known)
    question = f" Did you mean {close}?" if close else ""
    return f"PATTERN must be a stack of the book, got {name!r}.{question} Choose from {', '.join(known)}."
