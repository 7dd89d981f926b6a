"""Writes the tables "What rings, and when" into the pages of the patterns: ``python -m tools.drills``."""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import app
from patternbook.testing.drills.drilling import Stack
from patternbook.testing.drills.promises import Drill, Promise
from patternbook.testing.drills.scenarios import Scenario
from tests.book import books_in
from tests.drills.book import DRILLS, Templates, synthesized
from tools.pages import with_text

ROOT: Final = Path(__file__).parents[1]
BEGIN: Final = "<!-- The drills write this table: python -m tools.drills -->"
END: Final = "<!-- The end of the table -->"


def page_of(pattern: str) -> Path:
    """The page that the last line of a pattern's docstring names."""
    [found] = [each for each in app.PATTERNS if each.__name__ == pattern]
    promises = sys.modules[found.__module__.rpartition(".")[0]].__doc__ or ""
    return ROOT / promises.strip().rpartition("Page: ")[2]


def stacks_of(pattern: str, book: Iterable[Templates]) -> list[Stack]:
    """The stacks of a pattern in each posture."""
    return list({Stack(templates[pattern]): None for templates in book})


def table(drill: Drill, stacks: Sequence[Stack]) -> str:
    """The events as a table in Markdown, and what does not ring."""
    rows = [_row(promise, stacks) for promise in drill.rings]
    silent = dict.fromkeys(each.title for each in drill.silent if _can(each, stacks))
    return "\n".join(
        [
            "| event | what rings | within minutes | what to do |",
            "|---|---|---|---|",
            *rows,
            "",
            f"These do not ring: {'; '.join(silent)}.",
        ]
    )


def _row(promise: Promise, stacks: Sequence[Stack]) -> str:
    soonest: dict[str, int] = {}
    for stack in stacks:
        if stack.can(promise.event):
            for ring in stack.rings(promise.event, minutes=promise.minutes):
                if ring.minutes <= promise.minutes:
                    soonest[ring.name] = min(ring.minutes, soonest.get(ring.name, ring.minutes))
    names = ", ".join(f"`{name}`" for name in sorted(soonest, key=lambda name: (soonest[name], name)))
    return f"| {promise.event.title} | {names} | {promise.minutes} | {promise.remedy} |"


def _can(scenario: Scenario, stacks: Sequence[Stack]) -> bool:
    return any(stack.can(scenario) for stack in stacks)


def with_table(page: str, made: str) -> str:
    """A page with the table between the two comments.

    :raises ValueError: if the page lacks them.
    """
    return with_text(page, made, begin=BEGIN, end=END)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = synthesized(books_in(Path(folder)))
        for pattern, drill in DRILLS.items():
            path = page_of(pattern)
            page = path.read_text(encoding="utf-8")
            path.write_text(with_table(page, table(drill, stacks_of(pattern, book))), encoding="utf-8")


if __name__ == "__main__":
    main()
