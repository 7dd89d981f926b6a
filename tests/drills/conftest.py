"""The templates of the book, synthesized once for all drills."""

import pytest

from tests.drills.book import Templates, synthesized


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> list[Templates]:
    """The templates in each posture, by the names of the stacks."""
    return synthesized(tmp_path_factory.mktemp("book"))
