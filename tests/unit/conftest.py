"""The stack of a test module: ``PATTERN``, as it comes in each posture and with the settings of each of its
``VARIANTS`` (a mapping from a name to settings). Each is synthesized once.
"""

from collections.abc import Callable
from functools import cache

import aws_cdk as cdk
import pytest

from patternbook.testing.reading import Reading
from tests.book import POSTURES, Book, variant


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_stack" in metafunc.fixturenames:
        names = [*POSTURES, *getattr(metafunc.module, "VARIANTS", ())]
        metafunc.parametrize("any_stack", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def read(
    request: pytest.FixtureRequest, books: Callable[[str], Book], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Reading]:
    """The stack as it comes in a posture, or one of the variants."""
    pattern, variants = request.module.PATTERN, request.module.VARIANTS

    @cache
    def reading(name: str) -> Reading:
        if name in POSTURES:
            return Reading(books(name).stack(pattern.__name__))
        stack = variant(pattern, tmp_path_factory.mktemp(name), **variants[name]).node.find_child(pattern.__name__)
        assert isinstance(stack, cdk.Stack)
        return Reading(stack)

    return reading


@pytest.fixture(scope="module", params=POSTURES)
def stack(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """As it comes, in each posture."""
    return read(request.param)


@pytest.fixture(scope="module")
def any_stack(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """As it comes in each posture, and each variant."""
    return read(request.param)


@pytest.fixture(scope="module")
def sandbox(read: Callable[[str], Reading]) -> Reading:
    return read("sandbox")


@pytest.fixture(scope="module")
def production(read: Callable[[str], Reading]) -> Reading:
    return read("production")


@pytest.fixture(scope="module")
def full(read: Callable[[str], Reading]) -> Reading:
    """The variant with everything that can be set."""
    return read("full")


@pytest.fixture(scope="module")
def own(read: Callable[[str], Reading]) -> Reading:
    """The variant with things of the user's own."""
    return read("own")


@pytest.fixture(scope="module")
def bare(read: Callable[[str], Reading]) -> Reading:
    """The variant without what can be left out."""
    return read("bare")
