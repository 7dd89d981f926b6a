"""The templates of the book, synthesized once for all drills."""

import pytest

from tests.drills.book import CHOICES, Templates, templates


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> list[Templates]:
    """The templates in each posture, and in production with every option, by the names of the stacks."""
    return [templates(posture, options, tmp_path_factory.mktemp("book")) for posture, options in CHOICES]
