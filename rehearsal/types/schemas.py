"""CloudFormation's resource schemas, in the copy that cfn-lint brings.

They are read without cfn-lint itself, whose import takes longer than the rest of the server's start.
"""

import functools
import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from rehearsal.account import REGION

FOLDER = Path(str(distribution("cfn-lint").locate_file("cfnlint/data/schemas")))


@functools.cache
def schema_of(resource_type: str) -> dict[str, Any]:
    """The schema of a type. It is empty for one that CloudFormation does not publish."""
    custom = resource_type.startswith("Custom::")
    file = _files().get("AWS::CloudFormation::CustomResource" if custom else resource_type)
    return json.loads((FOLDER / "resources" / f"{file}.json").read_text(encoding="utf-8")) if file else {}


@functools.cache
def _files() -> dict[str, str]:
    """The names of the files, by type."""
    return json.loads((FOLDER / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
