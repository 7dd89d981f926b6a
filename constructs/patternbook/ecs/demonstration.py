"""The web page that patterns serve while their user has given no image."""

from pathlib import Path
from typing import Final

WEB_SCRIPT: Final = Path(__file__).with_name("runtime") / "web.sh"
"""The script that writes the page and serves it."""
