"""Prints one line per step: a tick or a cross, the name of the step, its duration, and details."""

import contextlib
import sys
import time
from collections.abc import Generator
from typing import TextIO


class Report:
    """Writes steps to a stream. On a terminal, a step is also shown while it runs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        try:
            "✓✗…".encode(self._stream.encoding or "utf-8")
            self._tick, self._cross, self._running = "✓", "✗", "…"
        except UnicodeEncodeError:
            self._tick, self._cross, self._running = "ok", "FAILED", "..."

    def line(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[list[str]]:
        """Reports a step. It yields a list, to which the step appends details for the end of its line."""
        live = self._stream.isatty()
        if live:
            print(f"  {self._running} {name}", end="", file=self._stream, flush=True)
        start, details, mark = time.monotonic(), list[str](), self._cross
        try:
            yield details
            mark = self._tick
        finally:
            seconds = f"{time.monotonic() - start:.1f} s"
            text = f"  {mark} {name:<22} {seconds:>7}  {', '.join(details)}".rstrip()
            self.line(f"\r\033[K{text}" if live else text)
