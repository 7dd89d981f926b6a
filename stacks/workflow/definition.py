"""The definition of the workflow, with the settings that are numbers in it."""

import json
from pathlib import Path
from typing import Any, Final

DEFINITION: Final = Path(__file__).with_name("runtime") / "order.asl.json"
APPROVAL: Final = "Wait for approval"
HELP: Final = "Ask for help"
HELP_SECONDS: Final = 14 * 86_400
"""How long a person has to help. The message for the person lives as long, because SQS keeps none longer."""
RETRY_SECONDS: Final = 2 * 86_400
"""More than all retries of one way through the workflow take together."""


def order_definition(*, approval_seconds: int) -> dict[str, Any]:
    """The definition in the Amazon States Language, in which names such as ``${StockFunction}`` stand for resources.

    :param approval_seconds: how long an order waits for a person to approve it.
    """
    definition = json.loads(DEFINITION.read_text(encoding="utf-8"))
    definition["States"][APPROVAL]["TimeoutSeconds"] = approval_seconds
    definition["States"][HELP]["TimeoutSeconds"] = HELP_SECONDS
    definition["TimeoutSeconds"] = approval_seconds + HELP_SECONDS + RETRY_SECONDS
    return definition
