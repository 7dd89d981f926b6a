"""What the unit tests of a pattern need, inside this repository and outside of it.

:mod:`patternbook.testing.synthesis` makes one pattern, and :mod:`patternbook.testing.reading` reads its template.
"""
