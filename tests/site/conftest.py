"""The site, built once for all tests."""

from pathlib import Path

import pytest

from tools.site.build import Site, write
from tools.site.patterns import Pattern, patterns


@pytest.fixture(scope="session")
def book() -> list[Pattern]:
    """Every pattern in both postures."""
    return list(patterns())


@pytest.fixture(scope="session")
def site(book: list[Pattern], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site. Its path has a space, and the site works all the same."""
    folder = tmp_path_factory.mktemp("a site") / "under a path"
    write(Site(book), folder)
    return folder
