"""What the unit tests of a pattern need, inside this repository and outside of it.

:mod:`patternbook.testing.synthesis` makes one pattern, :mod:`patternbook.testing.reading` reads its template, and
:mod:`patternbook.testing.fixtures` is a pytest plugin that does both for the variants of a test module.
"""
