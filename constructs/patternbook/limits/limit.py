"""A documented limit of AWS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A range of whole numbers that AWS documents."""

    name: str
    """AWS's name for the limit."""
    minimum: int
    maximum: int
    unit: str
    source: str
    """URL of AWS's document."""

    @property
    def range(self) -> str:
        """The range with its unit, such as ``128 to 10,240 MiB``."""
        low = f"{self.minimum:,} to " if self.minimum else "at most "
        return f"{low}{self.maximum:,} {self.unit}"

    def check(self, argument: str, value: int) -> None:
        """:raises ValueError: if the value of ``argument`` is outside of the range."""
        if not self.minimum <= value <= self.maximum:
            raise self.exceeded(argument, f"{value:,}")

    def exceeded(self, argument: str, got: str) -> ValueError:
        """The error for a value outside of the range."""
        return ValueError(f"{argument} must be {self.range}, got {got} ({self.name}: {self.source}).")
