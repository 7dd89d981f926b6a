"""What the settings of a pattern are made of: frozen pydantic models, and the mistakes that are found in them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

from patternbook.posture import SANDBOX, Posture
from patternbook.settings.fields import EachOnce, Region


class SettingsModel(BaseModel):
    """A part of the settings with fields of its own, such as one rule of a list."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,  # rules across fields also hold between a default and a given value
        allow_inf_nan=False,
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Settings that a user would try and that cannot be, each with the reason, as an error message gives it."""


class PatternSettings(SettingsModel):
    """The settings of one pattern.

    A rule across fields is a ``field_validator`` on the last of them and reads the others from
    ``info.data``, where only valid ones are: so one run reports all mistakes. :func:`posture_of` gives
    the posture to a rule that depends on it.
    """

    @property
    def pinned_region(self) -> str | None:
        """The Region that AWS requires for these settings, or None where any Region will do."""
        return None


class RegionalSettings(PatternSettings):
    """The settings of a pattern that can be in several Regions at once."""

    regions: Annotated[tuple[Region, ...], EachOnce, Field(max_length=10)] = ()
    """Regions, each with a stack of its own that shares nothing with the others; without any, one stack in the CLI's
    Region."""


def posture_of(info: ValidationInfo) -> Posture:
    """The posture that settings are checked for; sandbox where none was given or the given one is wrong."""
    return (info.context or {}).get("posture", SANDBOX)


@dataclass(frozen=True)
class Mistake:
    """One wrong setting: where, the value given, and what would be right."""

    path: str
    value: Any
    remedy: str

    def __str__(self) -> str:
        shown = json.dumps(self.value, default=str)
        return f"  {self.path} = {shown if len(shown) <= 120 else shown[:117] + '...'}\n      {self.remedy}"


class SettingsError(Exception):
    """All mistakes of a run."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = [f"Settings: {count} mistake{'s' if count > 1 else ''}; no template was written.", ""]
        super().__init__("\n".join([*lines, *map(str, self.mistakes)]))
