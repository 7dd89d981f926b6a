"""Fixtures that read the pattern of a test module. Its ``conftest.py`` imports them by name.

A test module has a ``PATTERN``, and may have ``VARIANTS``: a mapping from a name to settings, with a ``posture`` where
it is not sandbox. The pattern is synthesized once in each posture, with its default settings, and once a variant.
"""

from collections.abc import Callable
from functools import cache

import pytest

pytest.register_assert_rewrite("patternbook.testing.eks", "patternbook.testing.security_groups")

from patternbook.posture import POSTURES  # noqa: E402
from patternbook.testing.reading import Reading  # noqa: E402
from patternbook.testing.synthesis import variant  # noqa: E402


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_stack" in metafunc.fixturenames:
        names = [*POSTURES, *getattr(metafunc.module, "VARIANTS", ())]
        metafunc.parametrize("any_stack", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reading]:
    """Reads the stack with its default settings in a posture, or one of the variants."""
    choices = {**{name: {"posture": name} for name in POSTURES}, **getattr(request.module, "VARIANTS", {})}
    return cache(lambda name: Reading(variant(request.module.PATTERN, tmp_path_factory.mktemp(name), **choices[name])))


@pytest.fixture(scope="module", params=POSTURES)
def stack(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """The stack with its default settings, in each posture."""
    return read(request.param)


@pytest.fixture(scope="module")
def any_stack(request: pytest.FixtureRequest, read: Callable[[str], Reading]) -> Reading:
    """The stack with its default settings in each posture, and each variant."""
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
    """The variant with resources of the user's own."""
    return read("own")


@pytest.fixture(scope="module")
def bare(read: Callable[[str], Reading]) -> Reading:
    """The variant without everything that can be left out."""
    return read("bare")
