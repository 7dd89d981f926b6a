"""The command ``patternbook``: ``patternbook check TEMPLATE…``, ``patternbook rules`` and ``patternbook preflight``."""

import argparse
import io
import sys
from collections.abc import Sequence
from datetime import date, datetime, timezone
from pathlib import Path

from patternbook.preflight import cli as preflight
from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES, check, rewriting_macros
from patternbook.rules.reading import TemplateError, read, read_standard_input
from patternbook.rules.report import Checked, as_json, as_sarif, as_text

STANDARD_INPUT = "-"
CLEAN, FINDINGS, NOT_A_TEMPLATE = 0, 1, 2


def main(arguments: Sequence[str] | None = None, *, today: date | None = None) -> int:
    """Runs the command.

    :param today: the date in UTC; defaults to the current one.
    :returns: the exit status: 0 without findings, 1 with findings, 2 if a file is not a template.
    """
    given = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        if given.command == "preflight":
            status = given.run(given)
        else:
            status = _rules() if given.command == "rules" else _check(given, today or datetime.now(timezone.utc).date())
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has closed the pipe, such as head
        sys.stdout = None
        return FINDINGS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="patternbook", description="Checks CloudFormation templates by rules.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser(
        "check",
        help="check templates by all rules",
        description="Checks CloudFormation templates. "
        "Exit status: 0 without findings, 1 with findings, 2 if a file is not a template.",
    )
    checking.add_argument(
        "templates", nargs="+", metavar="TEMPLATE", help="file in JSON or YAML; - reads standard input"
    )
    checking.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="output format (default: text)"
    )
    checking.add_argument("--region", help="Region of the deployment, which some rules depend on")
    commands.add_parser("rules", help="list all rules")
    preflight.add_commands(commands)
    return parser


def _check(given: argparse.Namespace, today: date) -> int:
    checked = [_checked(path, today, given.region) for path in given.templates]
    written = {
        "text": lambda: as_text(checked),
        "json": lambda: as_json(checked),
        "sarif": lambda: as_sarif(checked, EVERY_RULE),
    }[given.format]()
    print(written)
    if any(each.refused for each in checked):
        return NOT_A_TEMPLATE
    return FINDINGS if any(each.findings for each in checked) else CLEAN


def _checked(path: str, today: date, region: str | None) -> Checked:
    try:
        source = read_standard_input() if path == STANDARD_INPUT else read(Path(path))
    except TemplateError as error:
        message = str(error)
        print(f"{path}: not a template: {message}", file=sys.stderr)
        return Checked(path, refused=message)
    macros = rewriting_macros(source.document)
    if macros:
        names = " and ".join(map(repr, macros))
        print(f"{path}: not checked, because the macro {names} may rewrite the whole template", file=sys.stderr)
    return Checked(path, check(source.document, RULES, today=today, region=region), source.lines)


def _rules() -> int:
    for family, rules in {**FAMILIES, "Acknowledgements": ACKNOWLEDGEMENT_RULES}.items():
        print(f"{family}\n")
        for rule in rules:
            print(f"  {rule.id} ({rule.severity.value})\n    {rule.summary}\n    {rule.fix}\n    {rule.source}\n")
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
