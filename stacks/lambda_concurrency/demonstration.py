"""The demonstration, which runs if ``code_path`` is not set: a CPU-bound job."""

from pathlib import Path
from typing import Final

CODE: Final = Path(__file__).with_name("runtime")
DESCRIPTION: Final = "The demonstration of Patternbook"
ITEM: Final = '{"item": "a text", "rounds": 200000}'
"""An event for the job."""
