"""The function of the pattern, which adds and lists notes, and what it takes to call it."""

from pathlib import Path
from typing import Final

from patternbook.limits.aurora import RESUME_SECONDS

PACKAGE: Final = Path(__file__).with_name("runtime")
DESCRIPTION: Final = "Adds and lists notes"
TIMEOUT: Final = 2 * RESUME_SECONDS
"""Timeout in seconds: the time to resume, and as much again for the statements."""
NOTE: Final = (
    '{"requestContext": {"http": {"method": "POST"}}, "body": "{\\"title\\": \\"First\\", \\"text\\": \\"A note\\"}"}'
)
"""An event that adds a note."""
