"""What the settings of a pattern are made of: frozen pydantic models."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

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
    """Settings that a user would try and that do not exist. Each has the sentence that an error message gives."""


class PatternSettings(SettingsModel):
    """The settings of one pattern.

    A rule across fields is a ``field_validator`` on the last of them. It reads the others from ``info.data``, which
    holds only valid ones, so one run reports all mistakes. :func:`posture_of` gives the posture to a rule that
    depends on it.
    """

    @property
    def pinned_region(self) -> str | None:
        """The Region that AWS requires for these settings, or None where any Region will do."""
        return None


class RegionalSettings(PatternSettings):
    """The settings of a pattern that can be in several Regions at once."""

    regions: Annotated[tuple[Region, ...], EachOnce, Field(max_length=10)] = ()
    """Regions to deploy to. Each gets a stack of its own, which shares nothing with the others. Leave it empty for
    one stack in the Region of the stage or of the CDK CLI."""


def posture_of(info: ValidationInfo) -> Posture:
    """The posture that settings are checked for; sandbox unless the loader says otherwise."""
    return (info.context or {}).get("posture", SANDBOX)
