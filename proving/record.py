"""The record of a proof: a JSON file in ``docs/proven/``.

The file is replaced as a whole after each step, and says "interrupted" until the proof has ended. So it is true even if
the process is killed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "docs" / "proven"
FORMAT: Final = 1
PROVEN: Final = "proven"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"
OUTCOMES: Final = (PROVEN, FAILED, INTERRUPTED)
STEPS: Final = (
    "preflight",
    "deploy",
    "verify",
    "break",
    "put right",
    "fail a change late",
    "deploy the change",
    "verify the change",
    "deploy again",
    "destroy",
    "list leftovers",
)
"""The steps of a proof, in their order."""
CALLER: Final = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d{12}:(?:user|assumed-role|federated-user)/[^\s\"'\\,;]+")
"""The ARN of a caller, with the name or the address of a person, as it is in messages of AWS about permissions."""
ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")


class RecordError(Exception):
    """A file is no record. The message names the file and the reason."""


@dataclass
class Step:
    """A step, and what came of it."""

    name: str
    began: str
    seconds: float = 0.0
    outcome: str = INTERRUPTED
    details: list[str] = field(default_factory=list)


@dataclass
class Record:
    """What a proof did, when, and what came of it. It has no id of an account, and no name of a caller."""

    pattern: str
    stage: str
    posture: str
    region: str
    versions: Mapping[str, str]
    """The versions of this book and of its tools, the commit, and the fingerprint of the template."""
    began: str
    emulated: bool = False
    outcome: str = INTERRUPTED
    ended: str = ""
    steps: list[Step] = field(default_factory=list)
    alarm: dict[str, Any] = field(default_factory=dict)
    """The alarm, the minutes that the drill promises, and the minutes until it rang and until it was over."""
    left: list[str] = field(default_factory=list)
    cost: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.pattern}-{self.stage}-{re.sub('[^0-9TZ]', '', self.began)}.json"

    def write(self, folder: Path) -> Path:
        """Writes the file as a whole, or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path, whole = folder / self.name, folder / f".{self.name}.new"
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        whole.write_text(ACCOUNT.sub("<account>", CALLER.sub("<caller>", text)) + "\n", encoding="utf-8")
        whole.replace(path)
        return path


def now() -> str:
    """The time in UTC, to the second."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def read(path: Path) -> Record:
    """:raises RecordError: if the file is no record of a real account."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**found)
        record.steps = [Step(**each) for each in found["steps"]]
        steps = {each.name: each for each in record.steps}
        wrong = _wrong(record, steps)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecordError(f"{path.name} is no record of make prove: {error}") from None
    if wrong or path.name != record.name:
        raise RecordError(f"{path.name}: {wrong or f'its name must be {record.name}'}")
    return record


def _wrong(record: Record, steps: Mapping[str, Step]) -> str:
    if record.format != FORMAT:
        return f"its format must be {FORMAT}, got {record.format}"
    if record.emulated:
        return "an emulated account proves nothing about AWS"
    if record.outcome not in OUTCOMES:
        return f"its outcome must be one of {', '.join(OUTCOMES)}, got {record.outcome!r}"
    unknown = steps.keys() - set(STEPS)
    if unknown:
        return f"it has unknown steps: {', '.join(sorted(unknown))}"
    not_done = [name for name in STEPS if name not in steps or steps[name].outcome != PROVEN]
    if record.outcome == PROVEN and not_done:
        return f"it says {PROVEN}, but these steps are not: {', '.join(not_done)}"
    return ""


def records(folder: Path = FOLDER) -> list[Record]:
    """All records, the oldest first.

    :raises RecordError: if a file in the folder is none.
    """
    return sorted((read(path) for path in folder.glob("*.json")), key=lambda each: each.began)
