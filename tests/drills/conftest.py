"""The templates of the book, synthesized once for all drills."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.book import Books
from tests.drills.book import Templates, synthesized


@pytest.fixture(scope="session")
def book(books: Books) -> list[Templates]:
    """The templates in each posture, by the names of the stacks."""
    return synthesized(books)


@pytest.fixture(scope="module")
def drilled(book: list[Templates], request: pytest.FixtureRequest) -> list[Mapping[str, Any]]:
    """The templates of the module's pattern, in place of the fixture of the package, which synthesizes one pattern."""
    return [templates[request.module.PATTERN.__name__] for templates in book]
