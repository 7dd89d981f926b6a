"""Base classes for the settings of patterns. They are frozen pydantic models."""

import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from patternbook.posture import SANDBOX, Posture
from patternbook.settings.fields import EachOnce, Region
from patternbook.settings.validators import Reference, check_literal


class SettingsModel(BaseModel):
    """A group of settings with several fields, such as one rule in a list of rules."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,  # so that validators also compare a default with a given value
        allow_inf_nan=False,
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Settings that users may expect, but that are not supported, each with its error message. Those of base classes
    apply, too."""

    example: ClassVar[Mapping[str, Any]] = {}
    """What messages show to type, for a group that is not accepted with its required settings alone."""

    @classmethod
    def refusal(cls, name: str) -> str | None:
        """The error message for a setting that this class, or the nearest of its base classes, refuses."""
        refused = (vars(each).get("refused", {}) for each in cls.__mro__)
        return next((messages[name] for messages in refused if name in messages), None)

    @field_validator("*", mode="before")
    @classmethod
    def _literal(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses placeholders of the CDK, but not in references that are made in Python. Those judge themselves."""
        if info.context is not None or info.field_name not in _fields_with_references(cls):
            check_literal(value)
        return value


@cache
def _fields_with_references(model: type[SettingsModel]) -> frozenset[str]:
    """The names of the fields that are a reference, or have one somewhere within them."""

    def has_reference(part: Any) -> bool:
        if arguments := typing.get_args(part):
            return any(map(has_reference, arguments))
        if isinstance(part, type) and issubclass(part, SettingsModel):
            return bool(_fields_with_references(part))
        return isinstance(part, Reference)

    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if any(map(has_reference, (field.annotation, *field.metadata))))


class PatternSettings(SettingsModel):
    """The settings of one pattern.

    A rule across several fields is a ``field_validator`` on the last of them. It reads the others from ``info.data``.
    There it finds only the valid ones, so that one run reports all mistakes. If a rule depends on the posture, it calls
    :func:`posture_of`.
    """

    is_global: ClassVar[bool] = False
    """Whether an account has the resources of the pattern once for all Regions. Further Regions of a stage then have no
    stack of it."""

    @property
    def pinned_region(self) -> str | None:
        """The only Region that AWS supports with these settings, or None if AWS supports any Region."""
        return None


class RegionalSettings(PatternSettings):
    """The settings of a pattern that can be deployed to several Regions."""

    regions: Annotated[tuple[Region, ...], EachOnce, Field(max_length=10)] = ()
    """Regions to deploy to. Each gets a stack of its own, which shares nothing with the others. Leave it empty for
    one stack in the Region of the stage or of the CDK CLI."""


def posture_of(info: ValidationInfo) -> Posture:
    """The posture of the stage whose settings are validated. Without a stage, it is the sandbox."""
    return (info.context or {}).get("posture", SANDBOX)
