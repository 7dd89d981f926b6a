"""Fixtures that read the pattern of a test module.

A test module has a ``PATTERN``, and may have ``VARIANTS``: a mapping from a name to settings, with a ``posture`` where
it is not sandbox. The pattern is synthesized once in each posture, with its default settings, and once a variant.

They are loaded as a plugin, ``pytest -p patternbook.testing.fixtures``, before a test module imports what pytest must
rewrite. Fixtures import the CDK themselves, because that starts Node, which the checks of deployed stacks do without.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from patternbook.testing.reading import Reading

pytest.register_assert_rewrite(
    *(f"patternbook.testing.{name}" for name in ("drawings.promises", "drills.cases", "eks", "security_groups")),
)

POSTURES: Final = ("sandbox", "production")
"""The names of :data:`patternbook.posture.POSTURES`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_stack" in metafunc.fixturenames:
        names = [*POSTURES, *getattr(metafunc.module, "VARIANTS", ())]
        metafunc.parametrize("any_stack", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], "Reading"]:
    """Reads the stack with its default settings in a posture, or one of the variants."""
    from patternbook.testing.reading import Reading
    from patternbook.testing.synthesis import variant

    choices = {**{name: {"posture": name} for name in POSTURES}, **getattr(request.module, "VARIANTS", {})}
    return cache(lambda name: Reading(variant(request.module.PATTERN, tmp_path_factory.mktemp(name), **choices[name])))


@pytest.fixture(scope="module", params=POSTURES)
def stack(request: pytest.FixtureRequest, read: Callable[[str], "Reading"]) -> "Reading":
    """The stack with its default settings, in each posture."""
    return read(request.param)


@pytest.fixture(scope="module")
def any_stack(request: pytest.FixtureRequest, read: Callable[[str], "Reading"]) -> "Reading":
    """The stack with its default settings in each posture, and each variant."""
    return read(request.param)


@pytest.fixture(scope="module")
def sandbox(read: Callable[[str], "Reading"]) -> "Reading":
    return read("sandbox")


@pytest.fixture(scope="module")
def production(read: Callable[[str], "Reading"]) -> "Reading":
    return read("production")


@pytest.fixture(scope="module")
def full(read: Callable[[str], "Reading"]) -> "Reading":
    """The variant with everything that can be set."""
    return read("full")


@pytest.fixture(scope="module")
def own(read: Callable[[str], "Reading"]) -> "Reading":
    """The variant with resources of the user's own."""
    return read("own")


@pytest.fixture(scope="module")
def bare(read: Callable[[str], "Reading"]) -> "Reading":
    """The variant without everything that can be left out."""
    return read("bare")


@pytest.fixture(scope="module")
def drilled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """The templates that a drill of a pattern is for: the defaults in sandbox, and every option in production.

    The options are ``EVERY_OPTION`` of the unit tests: of ``tests.unit.test_x`` for ``tests.drills.test_x``.
    """
    from patternbook.testing.options import opt_outs
    from patternbook.testing.synthesis import template_of

    pattern = request.module.PATTERN
    options = import_module(request.module.__name__.replace(".drills.", ".unit.")).EVERY_OPTION
    production = {**options, **opt_outs(pattern, options)}
    return [
        template_of(pattern, tmp_path_factory.mktemp("sandbox")).to_json(),
        template_of(pattern, tmp_path_factory.mktemp("production"), posture="production", **production).to_json(),
    ]
