"""What a documented limit of AWS is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A range that AWS documents."""

    name: str
    """What AWS calls it."""
    least: int
    most: int
    unit: str
    source: str
    """The document that says so."""

    def __str__(self) -> str:
        low = f"{self.least:,} to " if self.least else "at most "
        return f"{self.name}: {low}{self.most:,} {self.unit} ({self.source})"

    def check(self, what: str, value: int) -> None:
        """:raises ValueError: for a value outside, which ``what`` names; the message names the limit and its source."""
        if not self.least <= value <= self.most:
            raise ValueError(f"{what}: {value:,} {self.unit} given; {self}")
