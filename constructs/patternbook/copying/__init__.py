"""Copies a pattern out of the book: ``patternbook copy FargateEfsStack DIR``. None of it needs the CDK.

:mod:`patternbook.copying.book` knows where the patterns are, :mod:`patternbook.copying.project` makes the files of an
app with one of them, and :mod:`patternbook.copying.folder` writes a folder whole or not at all.
"""
