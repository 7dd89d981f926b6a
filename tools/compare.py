"""Compares which tools notice defects in the templates of the patterns.

Prints the table in ``tools/compared.md``, which is part of the page of the rules. FOLDER is a cloud assembly, such as
cdk.out. PYTHON is an interpreter with ``checkov`` and ``cloudformation-validate`` (the engine of the CDK's validation).
They are not dependencies of this project, so install them in an environment of their own::

    python -m venv /tmp/others && /tmp/others/bin/pip install checkov cloudformation-validate
    python -m tools.compare --others /tmp/others/bin/python cdk.out cdk.out.production > tools/compared.md

A tool notices a defect if it reports something for the template with the defect that it does not report without it.

With ``--reported`` it prints ``tools/reported.md``: what each tool reports for templates that were reported.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from patternbook.rules import FAMILIES, RULES
from patternbook.rules.engine import check
from patternbook.rules.reading import read
from tests.rules.cases.base import TODAY
from tests.rules.defects import DEFECTS

REPORTED = Path(__file__).parents[1] / "tests" / "rules" / "cases" / "reported"
Reports = dict[str, set[tuple[str, str]]]
"""The reports of a tool by file name. Each is the id of a broken rule and a resource."""

CDK = """
import json, sys
from pathlib import Path
from cloudformation_validate import CompositeEngine, Severity
engine = CompositeEngine()
print(json.dumps([
    [path.name, each.rule_id, each.entity.logical_id if each.entity else ""]
    for path in sorted(Path(sys.argv[1]).iterdir())
    for each in engine.validate_template(str(path)).diagnostics
    if each.severity.value >= Severity.WARN.value  # the threshold of the CDK
]))
"""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", default=sys.executable, help="interpreter with checkov and cloudformation-validate")
    parser.add_argument("--reported", action="store_true", help="print the table of the templates that were reported")
    parser.add_argument("folders", nargs="*", type=Path)
    given = parser.parse_args()
    if given.reported:
        print(_table_of_reported(given.others))
        return
    with tempfile.TemporaryDirectory() as folder:
        defects = _write(Path(folder), given.folders)
        tools: Mapping[str, Callable[[Path], Reports]] = {
            "cfn-lint": cfn_lint,
            "CDK": lambda path: cdk(given.others, path),
            "checkov": lambda path: checkov(given.others, path),
            "patternbook": _patternbook,
        }
        noticed = {name: _noticed(tool(Path(folder)), defects) for name, tool in tools.items()}
    print(_table(defects, noticed))


def _write(folder: Path, assemblies: Iterable[Path]) -> dict[str, tuple[str, str]]:
    """Writes each defect into the smallest template that has a place for it.

    :returns: by the name of each file with a defect, the rule that it breaks and the file without the defect.
    """
    originals = {
        f"clean-{number}-{path.name}": json.loads(path.read_text(encoding="utf-8"))
        for number, assembly in enumerate(assemblies)
        for path in sorted(assembly.glob("*.template.json"))
    }
    defects = {}
    for number, defect in enumerate(DEFECTS):
        for name, document in sorted(originals.items(), key=lambda each: len(str(each[1]))):
            mutant = deepcopy(document)
            # A defect that depends on the date or the Region does not change the template.
            if defect.apply(mutant) and mutant != document:
                file = f"defect-{number}.template.json"
                (folder / file).write_text(json.dumps(mutant), encoding="utf-8")
                (folder / name).write_text(json.dumps(document), encoding="utf-8")
                defects[file] = (defect.rule, name)
                break
    return defects


def _noticed(reports: Reports, defects: Mapping[str, tuple[str, str]]) -> set[str]:
    return {file for file, (_, original) in defects.items() if reports.get(file, set()) - reports.get(original, set())}


def _patternbook(folder: Path) -> Reports:
    return {
        path.name: {
            (finding.rule.id, finding.problem.resource) for finding in check(read(path).document, RULES, today=TODAY)
        }
        for path in folder.iterdir()
    }


def cfn_lint(folder: Path) -> Reports:
    """What cfn-lint reports for the files in a folder."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--format", "json", *map(str, sorted(folder.iterdir()))]
    reports: Reports = {}
    for each in json.loads(_output(command)):
        path = each["Location"]["Path"] or []
        resource = str(path[1]) if len(path) > 1 else ""
        reports.setdefault(Path(each["Filename"]).name, set()).add((each["Rule"]["Id"], resource))
    return reports


def cdk(python: str, folder: Path) -> Reports:
    """What the CDK's validation reports.

    :param python: an interpreter that has it.
    """
    reports: Reports = {}
    for file, rule, resource in json.loads(_output([python, "-c", CDK, str(folder)])):
        reports.setdefault(file, set()).add((rule, resource))
    return reports


def checkov(python: str, folder: Path) -> Reports:
    """What checkov reports, see :func:`cdk`."""
    command = [python, "-m", "checkov.main", "--framework", "cloudformation", "--directory", str(folder)]
    report: Any = json.loads(_output([*command, "--output", "json", "--quiet", "--compact"]))
    reports: Reports = {}
    for each in (report if isinstance(report, list) else [report])[0]["results"]["failed_checks"]:
        resource = str(each["resource"]).rpartition(".")[2]
        # checkov reports something for every resource that a defect adds, whatever the defect is.
        if not resource.startswith("Mutant"):
            reports.setdefault(Path(each["file_path"]).name, set()).add((each["check_id"], resource))
    return reports


def _table_of_reported(python: str) -> str:
    """A row for each template that was reported, with the ids of what each tool reports."""
    with tempfile.TemporaryDirectory() as folder:
        for path in REPORTED.glob("*/*.yaml"):
            (Path(folder) / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
        files = sorted(each.name for each in Path(folder).iterdir())
        tools = {
            "cfn-lint": cfn_lint(Path(folder)),
            "CDK": cdk(python, Path(folder)),
            "checkov": checkov(python, Path(folder)),
            "patternbook": _patternbook(Path(folder)),
        }
    lines = [f"| Template | {' | '.join(tools)} |", f"|---|{'---|' * len(tools)}"]
    for file in files:
        cells = [" ".join(sorted({f"`{rule}`" for rule, _ in reports.get(file, set())})) for reports in tools.values()]
        lines.append(f"| {file.removesuffix('.yaml').replace('-', ': ', 1)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _table(defects: Mapping[str, tuple[str, str]], noticed: Mapping[str, set[str]]) -> str:
    """A row for each rule with the number of its defects that each tool notices, and a sum for each family."""
    of_rule: dict[str, list[str]] = {}
    for file, (rule, _) in defects.items():
        of_rule.setdefault(rule, []).append(file)

    def row(title: str, files: list[str]) -> str:
        counts = [str(len(found & set(files)) or "") for found in noticed.values()]
        return f"| {title} | {len(files)} | {' | '.join(counts)} |"

    lines = [f"| Defect | Seeded | {' | '.join(noticed)} |", f"|---|{'---:|' * (len(noticed) + 1)}"]
    for family, rules in FAMILIES.items():
        files = [file for rule in rules for file in of_rule.get(rule.id, [])]
        lines.append(row(f"**{family}**", files))
        lines.extend(row(f"`{rule.id}`", of_rule[rule.id]) for rule in rules if rule.id in of_rule)
    lines.append(row("**All**", list(defects)))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
