"""The parts of a pattern's unit tests that several patterns share. They need no file of this repository.

:mod:`patternbook.testing.synthesis` makes one pattern, :mod:`patternbook.testing.reading` reads its template, and
:mod:`patternbook.testing.fixtures` has the pytest fixtures that do both for a test module. It needs pytest, which
``patternbook`` itself does not install.
"""
