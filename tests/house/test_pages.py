"""The pages of the patterns have one shape, so that a reader finds the same thing at the same place."""

import re
import sys
from pathlib import Path

import pytest

from app import PATTERNS
from patternbook import PatternStack

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=PATTERNS, ids=lambda pattern: pattern.__name__)
def pattern(request: pytest.FixtureRequest) -> type[PatternStack]:
    return request.param


@pytest.fixture
def promises(pattern: type[PatternStack]) -> list[str]:
    """The lines of the docstring that lists the promises of a pattern."""
    return (sys.modules[pattern.__module__.rpartition(".")[0]].__doc__ or "").strip().splitlines()


@pytest.fixture
def page(promises: list[str]) -> str:
    return (ROOT / promises[-1].removeprefix("Page: ")).read_text(encoding="utf-8")


def test_a_sentence_the_promises_and_the_page(promises: list[str]) -> None:
    sentence, blank, *items, last_blank, link = promises
    assert sentence.endswith(".")
    assert (blank, last_blank) == ("", "")
    assert all(item.startswith(("- ", "  ")) for item in items)
    assert re.fullmatch(r"Page: docs/[\w-]+\.md", link)
    assert len(promises) <= 15


def test_it_says_what_it_creates_then_three_commands_then_the_cost(pattern: type[PatternStack], page: str) -> None:
    name = pattern.__name__
    before, commands, after = BLOCK.split(page, maxsplit=1)
    assert "**This creates:**" in before
    look, deploy, destroy = (re.split(r" +#", line)[0] for line in commands.strip().splitlines())
    assert look in ("make synth", f"cdk synth {name}")
    assert (deploy, destroy) == (f"cdk deploy {name}", f"cdk destroy {name}")
    cost = next(line for line in after.splitlines() if line.startswith("> "))
    assert cost.startswith("> **This costs money ")
    assert "USD" in cost


def test_production_is_a_stage(pattern: type[PatternStack], page: str) -> None:
    assert f"cdk deploy production/{pattern.__name__} -c stages=production" in page
    assert "posture=" not in page


def test_it_says_what_to_do_after_a_failed_deployment(page: str) -> None:
    assert "If the *first* deployment fails" in page
    assert "(failed-deployments.md)" in page


def test_it_says_what_is_left(pattern: type[PatternStack], page: str) -> None:
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    [left] = [each for each in sections if re.match(r"(Before|After) `cdk destroy`\n", each)]
    assert re.search(r"[Ss]andbox", left)
    assert "update-termination-protection" in left or "turn the protection off first" in left
    assert re.search(r"remain|stay", left), f"the page of {pattern.__name__} names what production keeps"
