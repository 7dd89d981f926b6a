"""The fixtures that each test module of a pattern uses."""

from patternbook.testing.fixtures import (
    any_stack,
    bare,
    full,
    own,
    production,
    pytest_generate_tests,
    read,
    sandbox,
    stack,
)

__all__ = ["any_stack", "bare", "full", "own", "production", "pytest_generate_tests", "read", "sandbox", "stack"]
