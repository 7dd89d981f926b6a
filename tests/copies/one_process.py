"""Synthesizes copies and runs their tests, one copy after the other: ``python tests/copies/one_process.py FOLDER…``.

A process of its own for each copy would load the CDK again, which costs more than the tests. This one forgets the
modules of a copy before the next. It prints the exit status and the output of each as JSON.
"""

import contextlib
import io
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

import pytest

OF_A_COPY = ("app", "stacks", "tests")
"""A copy has these at its top. Nothing else in the path of this process has modules of these names."""


def finish(folder: Path) -> tuple[int, str]:
    """Synthesizes a copy, into a folder for temporary files, and runs its tests.

    :return: the exit status, which is that of pytest if the synth succeeds, and the output.
    """
    os.chdir(folder)
    sys.path[0] = str(folder)
    for module in [name for name in sys.modules if name.partition(".")[0] in OF_A_COPY]:
        del sys.modules[module]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            runpy.run_path("app.py", run_name="__main__")
            status = int(pytest.main(["-x", "-p", "no:cacheprovider"]))
        except (Exception, SystemExit):
            traceback.print_exc()
            status = 1
    return status, said.getvalue()


if __name__ == "__main__":
    print(json.dumps({name: finish(Path(name)) for name in sys.argv[1:]}))
