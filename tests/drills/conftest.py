"""The templates of the book, synthesized once for all drills."""

import aws_cdk as cdk
import pytest

from tests.drills.book import Templates, synthesized


@pytest.fixture(scope="session")
def book(sandbox_book: cdk.App, tmp_path_factory: pytest.TempPathFactory) -> list[Templates]:
    """The templates in each posture, by the names of the stacks."""
    return synthesized(tmp_path_factory.mktemp("book"), sandbox_book)
