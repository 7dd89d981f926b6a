"""Handles Ctrl-C and other signals to end, at moments when it is safe to stop.

The signal handler only notes the signal. Everything that waits checks the note and raises an exception. So a signal
never interrupts the code between starting a process and remembering it, or the code that cleans up.
"""

import signal


class StopRequestError(Exception):
    """A signal asked the process to end."""


class Interruption:
    """The first signal to end that the process received, if any."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @classmethod
    def install(cls) -> "Interruption":
        """Installs handlers for this process. A signal that is ignored, as under ``nohup``, stays ignored."""
        interruption = cls()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, interruption._note)
        return interruption

    def _note(self, number: int, _frame: object) -> None:
        self.signal = self.signal or number

    def raise_if_set(self) -> None:
        """:raises StopRequestError: after a signal."""
        if self.signal:
            raise StopRequestError

    @property
    def exit_status(self) -> int:
        """The exit status of a process that ended by this signal, by the convention of shells."""
        return 128 + (self.signal or 0)
