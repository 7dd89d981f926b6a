"""Change sets that the emulated account answered, in files, which tests/rehearsal/test_change_sets.py writes.

The account computes them itself, from CloudFormation's schemas. So they show the form of an answer, and not that
CloudFormation would decide the same.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.deployed.recording import same_each_time

FOLDER = Path(__file__).with_name("change_sets")


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


def recorded(name: str) -> dict[str, Any]:
    return json.loads(path_of(name).read_text(encoding="utf-8"))


def as_written(answer: Mapping[str, Any]) -> str:
    """An answer of boto3 as the AWS CLI prints it. Ids and times are the same each time.

    Empty texts are left out, because AWS answers none. The emulated account answers an empty description.
    """
    whole = {name: value for name, value in answer.items() if name != "ResponseMetadata" and value != ""}
    written = same_each_time(json.dumps(whole, indent=1, default=lambda time: f"{time:%Y-%m-%d}"))
    return re.sub(r'(:secret:[^"]*-)\w{6}"', r'\1AbCdEf"', written) + "\n"
