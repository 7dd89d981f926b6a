"""Recorded answers in files, one for each pattern and posture; ``python -m tests.deployed.record`` makes them."""

import json
import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.deployed.account import RecordedAccount, RecordingAccount
from tests.deployed.answers import Question, parameters_key
from tests.deployed.proving import ChangedAccount
from tests.deployed.stack import DeployedStack

FOLDER = Path(__file__).parent / "recorded"
WIDTH = 240

PASSING = {
    re.compile(r"\b20\d\d-\d\d-\d\d(T\d\d:\d\d:\d\d)?(\.\d+)?"): "2026-01-01",
    re.compile(r"\b1[78]\d{8}(\d{3})?\b"): r"1767225600\1",
    re.compile(r"127\.0\.0\.1:\d+"): "127.0.0.1:4566",
    # The numbers of service revisions differ in length, too.
    re.compile(r"(service-revision/[^/\"]+/[^/\"]+/)\d*(\d{16})\b"): r"\1\2",
}
"""Patterns of times, addresses and numbers, and the text that replaces each."""
IDS = (
    r"()\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b",
    # Ids such as subnet-0a1b2c3d4e5f67890. Digests are longer, and stay.
    r"()(?<![0-9A-Za-z])([0-9a-f]{16,40})(?![0-9A-Za-z])",
    # Ids of load balancers and of their parts.
    r"(/)([0-9a-z]{16})(?![0-9A-Za-z-])",
    r"(-)([0-9a-z]{8})(?=\.us-east-1\.elb)",
    # Ends of names that CloudFormation generates, and ids of VPC endpoints.
    r"(-)([0-9A-F]{12,13}|[0-9a-f]{12,13})(?![0-9A-Za-z])",
    r"(-)([0-9a-f]{8})(?![0-9A-Za-z])",
    # Names of buckets that are cut to the 63 characters that S3 allows.
    r"(?<![\w-])([a-z][a-z0-9-]{49})([0-9a-f]{13})(?![0-9a-z])",
    # Ids of App Runner, CloudFront, IAM roles, function URLs and Elastic IPs.
    r"(//|\")([0-9a-f]{10})(?=\.)",
    r"(\bE)([0-9A-Z]{13})\b",
    r"(\bd)([0-9a-z]{13})(?=\.cloudfront)",
    r"(AROA|AIPA)([0-9A-F]{17})",
    r"(//)([0-9a-z]{32})(?=\.lambda-url)",
    r"(\b52\.)((?:\d{1,3}\.){2}\d{1,3})\b",
)
"""Patterns of random ids, each after the text that comes before it."""
UNORDERED = ("eks.list_pod_identity_associations",)
"""The operations whose items an emulated account lists in the order of random ids."""


def path_of(module: ModuleType, recording: str) -> Path:
    return FOLDER / f"{module.__name__.rpartition('.test_')[2]}.{recording}.json"


def recordings_of(module: ModuleType) -> list[str]:
    """Names of recordings: the postures first."""
    found = [path.name.split(".")[1] for path in FOLDER.glob(path_of(module, "*").name)]
    return sorted(found, key=lambda name: (name not in ("sandbox", "production"), name))


def write(module: ModuleType, recording: str, account: RecordingAccount, stack: str) -> None:
    """Writes the answers to a file. Ids and times are the same each time, so that a diff shows what has changed.

    Answers that the module has by hand are left out.
    """
    by_hand = getattr(module, "BY_HAND", {})
    answers: list[dict[str, Any]] = [
        {"asked": operation, "with": json.loads(parameters), **answer}
        for (operation, parameters), answer in account.answers.items()
        if operation not in by_hand
    ]
    asked = list(dict.fromkeys(answer["asked"] for answer in answers))
    for answer in answers:
        if answer["asked"] in UNORDERED:
            answer["answer"] = {name: sorted(items, key=_without_ids) for name, items in answer["answer"].items()}
    answers.sort(key=lambda answer: (asked.index(answer["asked"]), _without_ids(answer)))
    answers = json.loads(same_each_time(json.dumps(answers)))
    for answer in answers:
        answer["with"] = json.loads(parameters_key(answer["with"]))
    head = f'"stack": {json.dumps(stack)}, "region": {json.dumps(account.region)}, "answers":'
    lines = ",\n".join(_laid_out(answer, 0) for answer in answers)
    FOLDER.mkdir(exist_ok=True)
    path_of(module, recording).write_text(f"{{{head} [\n{lines}\n]}}\n", encoding="utf-8")


def _without_ids(value: Any) -> str:
    written = json.dumps(value)
    for pattern in IDS:
        written = re.sub(pattern, r"\1", written)
    return written


def _laid_out(value: Any, indent: int) -> str:
    """JSON in which each value that fits into a line has one line."""
    line = json.dumps(value)
    if len(line) + indent <= WIDTH or not isinstance(value, (dict, list)):
        return line
    margin = "\n" + " " * (indent + 1)
    if isinstance(value, list):
        return "[" + ",".join(margin + _laid_out(each, indent + 1) for each in value) + "]"
    return "{" + ",".join(f"{margin}{json.dumps(k)}: {_laid_out(v, indent + 1)}" for k, v in value.items()) + "}"


def same_each_time(written: str) -> str:
    """Numbers ids in the order in which they come, and sets all clocks back."""
    for pattern, instead in PASSING.items():
        written = pattern.sub(instead, written)
    for pattern in IDS:
        numbers: dict[str, int] = {}
        written = re.sub(pattern, partial(_numbered, numbers), written)
    return written


def _numbered(numbers: dict[str, int], found: re.Match[str]) -> str:
    before, number = found[1], numbers.setdefault(found[2].lower(), len(numbers) + 1)
    digits = iter(str(number).zfill(len(re.sub(r"\W", "", found[2]))))
    return before + ("0.0." + str(number) if "." in found[2] else re.sub(r"\w", lambda _: next(digits), found[2]))


@cache
def read(path: Path) -> tuple[str, str, Mapping[Question, Any]]:
    """The name of the stack, its Region, and the answers."""
    written = json.loads(path.read_text(encoding="utf-8"))
    answers = {(each["asked"], parameters_key(each["with"])): each for each in written["answers"]}
    return written["stack"], written["region"], answers


def answers_of(module: ModuleType, recording: str) -> Mapping[Question, Any]:
    return read(path_of(module, recording))[2]


def recorded_account(module: ModuleType, recording: str) -> tuple[str, ChangedAccount]:
    """The name of the stack, and the account that it was recorded in, with the answers written by hand.

    A module has these as ``BY_HAND``, by place as in a proof, such as ``ec2.describe_images``, or, for one recording,
    ``ec2.describe_images@everything``.
    """
    stack, region, answers = read(path_of(module, recording))
    places = {tuple(place.partition(" ")): answer for place, answer in getattr(module, "BY_HAND", {}).items()}
    by_hand = {
        operation.partition("@")[0] + space + path: answer
        for (operation, space, path), answer in places.items()
        if operation.partition("@")[2] in ("", recording)
    }
    return stack, ChangedAccount(RecordedAccount(region, answers), by_hand)


def recorded_stack(module: ModuleType, recording: str) -> DeployedStack:
    return DeployedStack.find(*recorded_account(module, recording))
