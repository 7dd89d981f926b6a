"""The list of expected failures accepts what it names, and nothing else."""

from collections.abc import Sequence

import pytest

import app
from tests import expected_failures
from tests.expected_failures import EXPECTED_FAILURES, ExpectedFailure, differences, is_expected


@pytest.fixture(autouse=True)
def one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ExpectedFailure("order", "EcrStack", "a known finding", "mended later")
    monkeypatch.setattr(expected_failures, "EXPECTED_FAILURES", (entry,))


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (["a known finding"], []),
        ([], ["EcrStack: remove the stale entry from tests.expected_failures: a known finding"]),
        (["a known finding", "a new finding"], ["EcrStack: a new finding"]),
    ],
)
def test_new_findings_and_stale_entries_are_differences(findings: Sequence[str], expected: Sequence[str]) -> None:
    assert differences("order", "EcrStack", findings) == expected


def test_an_entry_belongs_to_one_check_and_one_pattern() -> None:
    assert is_expected("order", "EcrStack", "a known finding")
    assert not is_expected("drill", "EcrStack", "a known finding")
    assert not is_expected("order", "AppRunnerStack", "a known finding")
    assert differences("drill", "EcrStack", []) == []


def test_every_entry_names_a_pattern_of_the_book_and_a_reason() -> None:
    names = {pattern.__name__ for pattern in app.PATTERNS}
    for each in EXPECTED_FAILURES:
        assert each.pattern in names
        assert each.reason
    assert len(set(EXPECTED_FAILURES)) == len(EXPECTED_FAILURES)
