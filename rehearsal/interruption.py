"""Ctrl-C and its like, when it suits.

A signal only leaves a note here. Whatever waits looks at it, and ends as it does for other reasons: so nothing is cut
off between starting a process and remembering it, and nothing while it cleans up.
"""

import signal


class StopRequestError(Exception):
    """The person, or the machine, wants this to end."""


class Interruption:
    """Whether there was a signal to end, and which."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @classmethod
    def of_this_process(cls) -> "Interruption":
        """From now on, but for signals that whoever started this wants ignored, such as ``nohup``."""
        interruption = cls()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, interruption._note)
        return interruption

    def _note(self, number: int, _frame: object) -> None:
        self.signal = self.signal or number

    def heed(self) -> None:
        """:raises StopRequestError: where there was one."""
        if self.signal:
            raise StopRequestError

    @property
    def exit_status(self) -> int:
        """As shells say it."""
        return 128 + (self.signal or 0)
