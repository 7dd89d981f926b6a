"""Compares the tools on templates that other projects keep for their own tests.

Prints the tables in ``tools/fixtures.md``, which is part of the page of the rules. Nobody chose these templates for
these rules: the bad fixtures of cfn-lint, and the test templates of checkov and of cfn_nag. This repository has no copy
of them. FOLDER is a checkout, or a part of one::

    python -m tools.fixtures --others /tmp/others/bin/python FOLDER… > tools/fixtures.md

See ``tools/compare.py`` for ``--others``. A place is a resource of the services that these rules are about.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from patternbook.rules import RULES
from patternbook.rules.engine import check
from patternbook.rules.expanding import rewriting_macros
from patternbook.rules.paths import find
from patternbook.rules.reading import Source, TemplateError, read
from patternbook.rules.rule import ADVICE
from tests.rules.cases.base import TODAY
from tools.compare import Reports, cdk, cfn_lint, checkov

FIELD: Final = (
    *("AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::AppRunner::", "AWS::CloudFront::", "AWS::Cognito::"),
    *("AWS::DynamoDB::", "AWS::ECR::", "AWS::ECS::", "AWS::EFS::", "AWS::EKS::", "AWS::ElasticLoadBalancingV2::"),
    *("AWS::KinesisFirehose::", "AWS::Lambda::", "AWS::RDS::DBCluster", "AWS::S3::", "AWS::SNS::", "AWS::SQS::"),
    *("AWS::Serverless::Function", "AWS::StepFunctions::"),
)
"""The types of resources, by their prefixes, that the services of this book have."""
FEW: Final = 8
"""Kinds with fewer places than this share a row."""


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", default=sys.executable, help="interpreter with checkov and cloudformation-validate")
    parser.add_argument("folders", nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = _write(Path(folder), given.folders)
        reports = {
            "cfn-lint": cfn_lint(Path(folder)),
            "CDK": cdk(given.others, Path(folder)),
            "checkov": checkov(given.others, Path(folder)),
            "patternbook": _patternbook(sources),
        }
    print(tables(sources, reports))


def _write(folder: Path, given: Iterable[str]) -> dict[str, Source]:
    """Copies each template that has a resource of the field."""
    sources: dict[str, Source] = {}
    for path in (each.path for one in given for each in find(one) if not each.problem):
        try:
            source = read(Path(path))
        except TemplateError:
            continue
        types = [body.get("Type") for body in source.document["Resources"].values() if isinstance(body, dict)]
        if any(str(each).startswith(FIELD) for each in types) and not rewriting_macros(source.document):
            name = f"{len(sources):04}-{Path(path).stem}{Path(path).suffix}"
            (folder / name).write_bytes(Path(path).read_bytes())
            sources[name] = source
    return sources


def _patternbook(sources: Mapping[str, Source]) -> Reports:
    return {
        name: {
            (each.rule.id, each.origin)
            for each in check(source.document, RULES, today=TODAY)
            if each.severity is not ADVICE
        }
        for name, source in sources.items()
    }


def tables(sources: Mapping[str, Source], reports: Mapping[str, Reports]) -> str:
    """What cfn-lint and the CDK's validation call an error, and what these rules report, each with who notices it."""
    places = {
        tool: {
            (rule, name, resource)
            for name, found in of_tool.items()
            for rule, resource in found
            if _type(sources[name], resource).startswith(FIELD)
        }
        for tool, of_tool in reports.items()
    }
    others = {each for tool in ("cfn-lint", "CDK") for each in places[tool] if each[0].startswith(("E", "F"))}
    noticed = {tool: {(name, resource) for _, name, resource in found} for tool, found in places.items()}
    return "\n\n".join(
        (
            f"{len(sources)} templates.",
            _table("Error of cfn-lint or of the CDK", others, noticed),
            _table("Rule of this book", places["patternbook"], noticed),
        )
    )


def _type(source: Source, resource: str) -> str:
    body = source.document["Resources"].get(resource)
    return str(body.get("Type")) if isinstance(body, dict) else ""


def _table(title: str, found: Iterable[tuple[str, str, str]], noticed: Mapping[str, set[tuple[str, str]]]) -> str:
    """A row for each kind, with the number of its places, and of those at which each tool reports something."""
    kinds: dict[str, set[tuple[str, str]]] = {}
    for rule, name, resource in found:
        kinds.setdefault(rule, set()).add((name, resource))
    rows = {f"`{kind}`": places for kind, places in kinds.items() if len(places) >= FEW}
    rows = dict(sorted(rows.items(), key=lambda each: (-len(each[1]), each[0])))
    rare = [kind for kind, places in kinds.items() if len(places) < FEW]
    if rare:
        title_of_rare = f"{len(rare)} other {'kind' if len(rare) == 1 else 'kinds'}"
        rows[title_of_rare] = set[tuple[str, str]]().union(*(kinds[kind] for kind in rare))
    rows["**All**"] = set[tuple[str, str]]().union(*kinds.values())
    lines = [f"| {title} | Places | {' | '.join(noticed)} |", f"|---|{'---:|' * (len(noticed) + 1)}"]
    for kind, places in rows.items():
        counts = [str(len(places & of_tool) or "") for of_tool in noticed.values()]
        lines.append(f"| {kind} | {len(places)} | {' | '.join(counts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
