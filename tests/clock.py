"""A clock that stands still but for the pauses of the code under test."""


class Clock:
    """Takes the place of the module `time` in one module: `monkeypatch.setattr(module, "time", Clock())`.

    To patch `time.sleep` itself would also wake every other thread of the process again and again.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return sum(self.pauses)
