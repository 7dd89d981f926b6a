"""Fixtures for all tests: one synthesized app per posture."""

from collections.abc import Callable
from functools import cache

import pytest

import app  # noqa: F401 - before aws_cdk: it points jsii at the Node of this environment
from tests.book import Book


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Book]:
    """The book in a posture."""
    return cache(lambda posture: Book(posture, tmp_path_factory.mktemp(f"cdk.out.{posture}")))
