"""Patternbook: AWS container and serverless patterns, as CDK constructs. Start at :mod:`patternbook.app`.

What ``__init__.pyi`` lists is imported when it is first asked for: that starts Node, which :mod:`patternbook.rules`
does without.
"""

import lazy_loader

from patternbook import _cdk as _cdk  # says what to install, where the CDK is missing
from patternbook import _node as _node  # first: it sets up Node before aws_cdk starts it

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
