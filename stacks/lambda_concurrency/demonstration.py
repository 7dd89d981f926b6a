"""The demonstration, which runs if ``code_path`` is not set: a CPU-bound job. And the variables of any code."""

from pathlib import Path
from typing import Final

CODE: Final = Path(__file__).with_name("runtime")
DESCRIPTION: Final = "The demonstration of Patternbook"
ITEM: Final = '{"item": "a text", "rounds": 200000}'
"""An event for the job."""
SERVICE: Final = "lambda-concurrency"
"""The name of the service in logs and metrics."""


def variables(*, table: str, stack_name: str) -> dict[str, str]:
    """The variables that the pattern sets.

    :param table: name of the table in which the function remembers what was done.
    """
    return {
        "IDEMPOTENCY_TABLE": table,
        "POWERTOOLS_METRICS_NAMESPACE": f"Patternbook/{stack_name}",
        "POWERTOOLS_SERVICE_NAME": SERVICE,
    }


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
LONGEST_VARIABLES: Final = variables(table="x" * 255, stack_name="x" * 128)
