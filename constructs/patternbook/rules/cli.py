"""The commands of the rules: ``patternbook check TEMPLATE…`` and ``patternbook rules``."""

import argparse
import sys
from datetime import date
from pathlib import Path

from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES, check, rewriting_macros
from patternbook.rules.reading import TemplateError, read, read_standard_input
from patternbook.rules.report import Checked, as_json, as_sarif, as_text

STANDARD_INPUT = "-"
CLEAN, FINDINGS, NOT_A_TEMPLATE = 0, 1, 2


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands to those of ``patternbook``, see :mod:`patternbook.cli`."""
    checking = commands.add_parser(
        "check",
        help="check templates by all rules",
        description="Checks CloudFormation templates. "
        "Exit status: 0 without findings, 1 with findings, 2 if a file is not a template.",
    )
    checking.set_defaults(run=_check)
    checking.add_argument(
        "templates", nargs="+", metavar="TEMPLATE", help="file in JSON or YAML; - reads standard input"
    )
    checking.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="output format (default: text)"
    )
    checking.add_argument("--region", help="Region of the deployment, which some rules depend on")
    commands.add_parser("rules", help="list all rules").set_defaults(run=_rules)


def _check(given: argparse.Namespace) -> int:
    checked = [_checked(path, given.today, given.region) for path in given.templates]
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


def _rules(_: argparse.Namespace) -> int:
    for family, rules in {**FAMILIES, "Acknowledgements": ACKNOWLEDGEMENT_RULES}.items():
        print(f"{family}\n")
        for rule in rules:
            print(f"  {rule.id} ({rule.severity.value})\n    {rule.summary}\n    {rule.fix}\n    {rule.source}\n")
    return CLEAN
