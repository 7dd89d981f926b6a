"""Writes what ``make prove`` has found into the pages of the patterns and the README: ``python -m tools.proven``."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import app
from proving.breaks import BREAKS, Break, promise_of
from proving.fingerprint import fingerprint
from proving.record import PROVEN, Record, records
from tools.drills import page_of
from tools.pages import with_text
from tools.pattern_costs import END as END_OF_COSTS

README: Final = Path(__file__).parents[1] / "README.md"
COLUMN: Final = "On AWS"
BEGIN: Final = "<!-- make prove has found this: python -m tools.proven -->"
END: Final = "<!-- The end of what make prove has found -->"
AFTER: Final = re.compile(rf"^{re.escape(END_OF_COSTS)}\n(?:\n[^<\n].*\n)?|^> \*\*This costs nothing.*\n", re.MULTILINE)
"""The part of a page that the block follows: its costs, and the paragraph about them, if there is one."""
BLOCK: Final = re.compile(rf"\n{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)
NEVER: Final = "**Never run on AWS.** [Prove it](proving.md) in an account of yours."

PROVING: Final = README.with_name("docs") / "proving.md"
BREAKS_BEGIN: Final = "<!-- tools.proven writes this table: python -m tools.proven -->"
BREAKS_END: Final = "<!-- The end of the table -->"

Fingerprint = Callable[[str, str], str]
"""The fingerprint of a pattern in a posture, as it is now."""


def latest(found: Sequence[Record]) -> list[Record]:
    """The last successful record of each posture, or the last record at all if none was successful."""
    proven = {each.posture: each for each in found if each.outcome == PROVEN}
    return list(proven.values()) or list(found[-1:])


def statement(found: Sequence[Record], current: Fingerprint) -> str:
    """What a page says about the records of its pattern, as Markdown."""
    return "\n\n".join(_sentence(each, current) for each in latest(found)) or NEVER


def _sentence(record: Record, current: Fingerprint) -> str:
    link = f"[Record](proven/{record.name})"
    where = f"{record.began[:10]} in {record.region} ({record.posture}), version {record.versions['patternbook']}"
    where += f" (commit {record.versions['commit']})"
    if record.outcome != PROVEN:
        step = next((each.name for each in record.steps if each.outcome != PROVEN), "its end")
        return (
            f"**Not proven on AWS.** The last attempt, of {where}, was {record.outcome} at the step *{step}*. {link}."
        )
    alarm = ""
    if record.alarm:
        alarm = f" `{record.alarm['name']}` rang after {record.alarm['rang_after_minutes']:g} minutes."
    old = ""
    if current(record.pattern, record.posture) != record.versions["fingerprint"]:
        old = " **The template has changed since.**"
    return f"**Run on AWS** on {where}: every step succeeded.{alarm}{old} {link}."


def with_statement(page: str, said: str) -> str:
    """A page with the statement below its costs.

    :raises ValueError: if the page says nothing about its costs.
    """
    page = BLOCK.sub("", page)
    cost = AFTER.search(page)
    if cost is None:
        raise ValueError(f'The page must have "{END_OF_COSTS}", or a line that begins with "> **This costs nothing".')
    return f"{page[: cost.end()]}\n{BEGIN}\n\n{said}\n\n{END}\n{page[cost.end() :]}"


def cell(found: Sequence[Record]) -> str:
    """What the table of the README says."""
    proven = [each for each in latest(found) if each.outcome == PROVEN]
    runs = ", ".join(f"[{each.began[:10]}](docs/proven/{each.name})" for each in proven)
    return runs or ("never proven" if found else "never run")


def with_cells(readme: str, cells: Callable[[str], str]) -> str:
    """The README with the column of its table of patterns.

    :raises ValueError: if it has no such column.
    """
    lines = readme.split("\n")
    column = None
    for number, line in enumerate(lines):
        row = line.split("|")
        if line.startswith("| Stack |") and f" {COLUMN} " in row:
            column = row.index(f" {COLUMN} ")
        named = re.match(r"\| `(\w+Stack)` \|", line)
        if named and column is not None:
            row[column] = f" {cells(named[1])} "
            lines[number] = "|".join(row)
        elif not line.startswith("|") and column is not None:
            break
    if column is None:
        raise ValueError(f'The table of patterns in the README must have the column "{COLUMN}".')
    return "\n".join(lines)


def breaks_table() -> str:
    """What is broken of each pattern, and what must ring then, as a table in Markdown."""
    rows = ["| pattern | what make prove does | what must ring | within minutes |", "|---|---|---|---|"]
    for name, broken in BREAKS.items():
        if isinstance(broken, Break):
            minutes = promise_of(name, broken).minutes + broken.begins_after
            rows.append(f"| `{name}` | {broken.says} | `{broken.rings}` | {minutes} |")
        else:
            rows.append(f"| `{name}` | Nothing. {broken.reason} | | |")
    return "\n".join(rows)


def with_breaks(page: str) -> str:
    """The page about ``make prove`` with the table."""
    return with_text(page, breaks_table(), begin=BREAKS_BEGIN, end=BREAKS_END)


def current_fingerprint(pattern: str, posture: str) -> str:
    """The fingerprint of a pattern as it is now, for which it is synthesized."""
    with tempfile.TemporaryDirectory(prefix="patternbook-proven-") as folder:
        return fingerprint(pattern, posture, Path(folder) / "app")


def pages() -> dict[Path, str]:
    """The pages and the README, as they must be."""
    every = records()
    by_pattern = {
        pattern.__name__: [each for each in every if each.pattern == pattern.__name__] for pattern in app.PATTERNS
    }
    made = {
        page_of(name): with_statement(page_of(name).read_text(encoding="utf-8"), statement(found, current_fingerprint))
        for name, found in by_pattern.items()
    }
    readme = README.read_text(encoding="utf-8")
    made[PROVING] = with_breaks(PROVING.read_text(encoding="utf-8"))
    return {**made, README: with_cells(readme, lambda name: cell(by_pattern[name]))}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
