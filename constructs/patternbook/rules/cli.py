"""The commands of the rules: ``patternbook check TEMPLATE…`` and ``patternbook rules``."""

import argparse
import sys
from datetime import date
from typing import Final

from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES, check
from patternbook.rules.expanding import expand, rewriting_macros
from patternbook.rules.options import OptionError, Options, options_of
from patternbook.rules.paths import Found, find
from patternbook.rules.reading import TemplateError
from patternbook.rules.reading.given import STANDARD_INPUT, read_given
from patternbook.rules.report import Checked, as_json, as_sarif, as_text
from patternbook.rules.rule import Severity

CLEAN, FINDINGS, NOT_A_TEMPLATE, UNCHECKED = 0, 1, 2, 3
STATUSES: Final = (
    "Exit status: 0 without findings, 1 with findings, 2 if a file is not a template or an argument is wrong, 3 if a "
    "template cannot be checked because a macro may rewrite it."
)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands to those of ``patternbook``, see :mod:`patternbook.cli`."""
    checking = commands.add_parser(
        "check",
        help="check templates by the rules",
        description=f"Checks CloudFormation templates. {STATUSES}",
        epilog="The section [tool.patternbook] of pyproject.toml takes the same options, such as fail-on and ignore.",
    )
    checking.set_defaults(run=_check)
    checking.add_argument(
        "templates",
        nargs="+",
        metavar="TEMPLATE",
        help="file in JSON or YAML, folder with such files, or pattern such as '**/*.yaml'; - reads standard input",
    )
    checking.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="output format (default: text)"
    )
    checking.add_argument("--region", help="Region of the deployment, which some rules depend on")
    severities = [each.value for each in Severity]
    checking.add_argument("--severity", choices=severities, help="lowest severity to report (default: advice)")
    checking.add_argument(
        "--fail-on", choices=[*severities, "never"], help="lowest severity that fails the command (default: warning)"
    )
    checking.add_argument("--rule", action="append", metavar="ID", help="run this rule only; can be repeated")
    checking.add_argument("--ignore", action="append", metavar="ID", help="leave this rule out; can be repeated")
    checking.add_argument(
        "--allow-unchecked", action="store_true", default=None, help="accept templates that cannot be checked"
    )
    checking.add_argument("--only-templates", action="store_true", help="pass over files that are not templates")
    commands.add_parser("rules", help="list all rules").set_defaults(run=_rules)


def _check(given: argparse.Namespace) -> int:
    try:
        options = options_of(given, [rule.id for rule in EVERY_RULE])
    except OptionError as error:
        print(f"patternbook: {error}", file=sys.stderr)
        return NOT_A_TEMPLATE
    checked = [
        each
        for path in given.templates
        for found in _found(path, given.only_templates)
        if (each := _checked(found, given.today, options)) is not None
    ]
    for each in checked:
        _tell(each)
    written = {
        "text": lambda: as_text(checked),
        "json": lambda: as_json(checked),
        "sarif": lambda: as_sarif(checked, EVERY_RULE),
    }[given.format]()
    print(written)
    if any(each.refused for each in checked):
        return NOT_A_TEMPLATE
    if any(options.fails(finding.severity) for each in checked for finding in each.findings):
        return FINDINGS
    return UNCHECKED if any(each.unchecked for each in checked) and not options.allow_unchecked else CLEAN


def _found(path: str, only_templates: bool) -> list[Found]:
    found = [Found(path)] if path == STANDARD_INPUT else find(path)
    return [Found(each.path, each.in_folder or only_templates, each.problem) for each in found]


def _checked(found: Found, today: date, options: Options) -> Checked | None:
    """A file and its findings. None if a file of a folder is not a template."""
    if found.problem:
        return Checked(found.path, refused=found.problem)
    try:
        source = read_given(found.path)
    except TemplateError as error:
        if found.in_folder and not error.is_broken_template:
            return None
        return Checked(found.path, refused=str(error))
    macros = rewriting_macros(source.document)
    if macros:
        names = " and ".join(map(repr, macros))
        return Checked(found.path, unchecked=f"the macro {names} may rewrite the whole template")
    findings = check(source.document, RULES, today=today, region=options.region)
    shown = [each for each in findings if options.shows(each.rule.id, each.severity)]
    notices = (*source.notices, *expand(source.document).unchecked)
    return Checked(found.path, shown, source.lines, notices=notices)


def _tell(checked: Checked) -> None:
    if checked.refused:
        print(f"{checked.path}: not a template: {checked.refused}", file=sys.stderr)
    if checked.unchecked:
        print(f"{checked.path}: not checked, because {checked.unchecked}", file=sys.stderr)
    for notice in checked.notices:
        print(f"{checked.path}: warning: {notice}", file=sys.stderr)


def _rules(_: argparse.Namespace) -> int:
    for family, rules in {**FAMILIES, "Acknowledgements": ACKNOWLEDGEMENT_RULES}.items():
        print(f"{family}\n")
        for rule in rules:
            print(f"  {rule.id} ({rule.severity.value})\n    {rule.summary}\n    {rule.fix}\n    {rule.source}\n")
    return CLEAN
