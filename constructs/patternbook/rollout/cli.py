"""The commands of a rollout: ``patternbook gate CHANGE_SET…`` and ``patternbook permissions TEMPLATE…``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from patternbook.rollout.changes import ChangeSetError, Judged, Kind, judge, unknown
from patternbook.rollout.permissions import policies_for
from patternbook.rollout.report import as_markdown, as_text
from patternbook.rollout.schemas import NoSchemasError
from patternbook.rules.reading import TemplateError, read

PASSED, STOPPED, WRONG = 0, 1, 2
STANDARD_INPUT: Final = "-"
_STOPPED: Final = {Kind.DATA: "would lose", Kind.UNSEEN: "does not say what changes in"}


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands to those of ``patternbook``, see :mod:`patternbook.cli`."""
    gate = commands.add_parser(
        "gate",
        help="say what change sets replace, and stop where stored data goes",
        description=(
            "Reads change sets, and stops if they replace or remove a resource that holds data. Exit status: 0 if "
            "nothing stops, 1 if something does, 2 if a file is no change set."
        ),
    )
    gate.set_defaults(run=_gate)
    gate.add_argument(
        "files",
        nargs="+",
        metavar="CHANGE_SET",
        help="JSON of aws cloudformation describe-change-set, without property values; - reads standard input",
    )
    gate.add_argument(
        "--allow", action="append", default=[], metavar="LOGICAL_ID", help="accept the loss of this resource"
    )
    gate.add_argument("--format", choices=("text", "markdown"), default="text", help="output format (default: text)")
    permissions = commands.add_parser(
        "permissions",
        help="print the policies with which CloudFormation can deploy templates",
        description=(
            "Prints managed policies for cdk bootstrap --cloudformation-execution-policies: the actions that the "
            "handlers of the resource types need. Exit status: 0, or 2 if a file is not a template."
        ),
    )
    permissions.set_defaults(run=_permissions)
    permissions.add_argument("templates", nargs="+", metavar="TEMPLATE", help="template in JSON or YAML")
    permissions.add_argument(
        "--prefix", default="", help="beginning of the names of the stacks, such as production-; limits what IAM allows"
    )
    permissions.add_argument("--output", metavar="FOLDER", type=Path, help="write each policy to a file of its own")


def _gate(given: argparse.Namespace) -> int:
    documents: dict[str, Any] = {}
    judged: list[Judged] = []
    mistakes = []
    for path in given.files:
        try:
            documents[path] = _document(path)
        except ChangeSetError as error:
            mistakes.append(f"{path}: {error}")
    ids = {each.get("ChangeSetId") for each in documents.values() if isinstance(each, dict)} - {None}
    for path, document in documents.items():
        try:
            judged.append(judge(document, allowed=given.allow, others=ids))
        except ChangeSetError as error:
            mistakes.append(f"{path}: {error}")
    if mistakes:
        print("\n".join(mistakes), file=sys.stderr)
        return WRONG
    print((as_markdown if given.format == "markdown" else as_text)(judged))
    for name in unknown(given.allow, judged):
        print(f"--allow {name} allows nothing: no change set loses this resource. Remove it.", file=sys.stderr)
    stopping = [finding for each in judged for finding in each.findings if finding.stops]
    for finding in stopping:
        print(
            f"Stopped: {finding.stack} {_STOPPED[finding.kind]} {finding.logical_id}. If that is intended, save the "
            f"data and give --allow {finding.logical_id}.",
            file=sys.stderr,
        )
    return STOPPED if stopping else PASSED


def _document(path: str) -> Any:
    try:
        text = sys.stdin.read() if path == STANDARD_INPUT else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ChangeSetError(f"cannot be read as JSON: {error}") from None


def _permissions(given: argparse.Namespace) -> int:
    documents = []
    mistakes = []
    for path in given.templates:
        try:
            documents.append(read(Path(path)).document)
        except TemplateError as error:
            mistakes.append(f"{path}: not a template: {error}")
    if mistakes:
        print("\n".join(mistakes), file=sys.stderr)
        return WRONG
    try:
        derived = policies_for(documents, prefix=given.prefix)
    except NoSchemasError as error:
        print(error, file=sys.stderr)
        return WRONG
    for sentence in derived.unknown:
        print(sentence, file=sys.stderr)
    if given.output is None:
        print(json.dumps(derived.policies, indent=2))
        return PASSED
    try:
        given.output.mkdir(parents=True, exist_ok=True)
        for number, policy in enumerate(derived.policies, start=1):
            path = given.output / f"execution-{number}.json"
            path.write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")
            print(path)
    except OSError as error:
        print(f"--output {given.output} cannot be written: {error}", file=sys.stderr)
        return WRONG
    return PASSED
