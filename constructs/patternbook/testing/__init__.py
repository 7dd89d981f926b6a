"""Helpers for unit tests of patterns, in this repository and in others.

:mod:`patternbook.testing.synthesis` makes one pattern, :mod:`patternbook.testing.reading` reads its template, and
:mod:`patternbook.testing.fixtures` is a pytest plugin that does both for the variants of a test module.
"""
