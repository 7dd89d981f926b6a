"""The page of the preflight agrees with the questions."""

import re
from pathlib import Path

from patternbook.preflight.catalogue import QUESTIONS
from tools.questions import page

PAGE = Path(__file__).parents[2] / "docs" / "preflight.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Regenerate it: python -m tools.questions > docs/preflight.md"


def test_the_page_lists_each_question_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^- \*\*`([a-z0-9-]+)`\*\*", text, re.MULTILINE) == [each.id for each in QUESTIONS]
