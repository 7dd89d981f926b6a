"""Drawings of architectures that are checked against the templates they show.

A drawing is written in D2 (https://d2lang.com/tour/intro-to-d2), by hand. Two kinds of comment say what it means:

- ``# stands for: AWS::EFS::FileSystem in Files`` in a node names the resources that it stands for: their type, and the
  path of the construct that they are in. A node that stands for nothing has the class ``outside``.
- ``# because: tcp 2049`` in an arrow names the cause that makes it true. It has to be found in the template, see
  :mod:`patternbook.testing.drawings.claims`.

What only production has is in the class ``production``.
:class:`patternbook.testing.drawings.promises.DrawingPromises` is the test that each pattern inherits.
"""
