"""One line a step, while it runs: a tick or a cross, what it was, how long it took, and what came of it."""

import contextlib
import sys
import time
from collections.abc import Generator
from typing import TextIO


class Report:
    """Writes to a stream; on a terminal a step shows from its beginning, elsewhere when it is over."""

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
        """A step; what is appended to the list it yields is said after its seconds."""
        live = self._stream.isatty()
        if live:
            print(f"  {self._running} {name}", end="", file=self._stream, flush=True)
        start, remarks, mark = time.monotonic(), list[str](), self._cross
        try:
            yield remarks
            mark = self._tick
        finally:
            seconds = f"{time.monotonic() - start:.1f} s"
            text = f"  {mark} {name:<22} {seconds:>7}  {', '.join(remarks)}".rstrip()
            self.line(f"\r\033[K{text}" if live else text)
