"""Stages. Each has a posture, settings, and optionally an account and a Region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from patternbook.posture import SANDBOX, Posture
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import EachOnce
from patternbook.settings.validators import Expected


class StageSettings(SettingsModel):
    """One entry of ``stages`` in the context of ``cdk.json``."""

    posture: Literal["sandbox", "production"]
    """Posture of all patterns of the stage. It may be left out for a stage that has the name of a posture."""
    patterns: (
        Annotated[
            tuple[Annotated[str, Expected('the name of a stack, such as "FargateEfsStack"')], ...],
            EachOnce,
            Field(min_length=1),
        ]
        | None
    ) = None
    """Stacks of the stage, such as "FargateEfsStack". Leave it out for all patterns."""
    account: fields.AccountId | None = None
    """AWS account of the stage. Leave it out for the account of the CDK CLI."""
    region: fields.Region | None = None
    """Region of the stage. Leave it out for the Region of the CDK CLI."""
    tags: dict[fields.TagKey, fields.TagValue] = Field({}, max_length=50)
    """Tags that CloudFormation puts on every resource of the stage that takes tags."""
    settings: Annotated[
        dict[str, dict[str, Any]],
        Expected('an object with the settings of each stack, such as {"FargateEfsStack": {"max_tasks": 20}}'),
    ] = Field({})
    """Settings by stack, and under "EveryStack" for all stacks. They override those outside of the stage."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage whose settings are checked."""

    settings: Mapping[str, PatternSettings]
    """The settings of each pattern, by the name of its stack."""
    name: str | None = None
    """Name of the ``cdk.Stage``. The sandbox has no ``cdk.Stage``, because its stacks are directly in the app."""
    posture: Posture = SANDBOX
    account: str | None = None
    region: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
