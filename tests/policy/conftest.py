"""The book in each posture and with each choice of options, synthesized once for all tests of policies."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks
from hypothesis import settings

from tests.book import book_app, settings_of, stage_of, templates_in

# For `make nightly`. On CI, hypothesis would take the same examples each night.
settings.register_profile("nightly", max_examples=4 * settings().max_examples, derandomize=False)

Book = Callable[[str, str], cdk.App]
Templates = Callable[[str, str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The app in a posture, with defaults or options, checked by CDK's validation, cdk-nag and our own rules."""

    @cache
    def make(posture: str, options: str) -> cdk.App:
        book = book_app(stage_of(posture, settings_of(posture, options)), tmp_path_factory.mktemp("book"))
        cdk.Validations.of(book).add_plugins(AwsSolutionsChecks(book))
        book.synth()  # raises for a finding that is not acknowledged
        return book

    return make


@pytest.fixture(scope="session")
def templates(synthesized: Book) -> Templates:
    """The templates of the book in a posture, with defaults or options, by the names of the stacks. No test changes
    one, because all share them.
    """

    @cache
    def read(posture: str, options: str) -> dict[str, dict[str, Any]]:
        return templates_in(Path(synthesized(posture, options).outdir))

    return read
