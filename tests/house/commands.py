"""Runs commands as a person does."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(command: Sequence[str], *, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as after ``source .venv/bin/activate``, without credentials."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={
            "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "CI": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
