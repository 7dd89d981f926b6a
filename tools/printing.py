"""Prints a long text, which the reader may close early."""

import os
import sys


def show(text: str) -> None:
    """Prints a text. If the reader has closed the pipe, as ``| head`` does, it ends without a message."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
