"""Loads the settings of every pattern of the book from a context, for tests of settings."""

from collections.abc import Mapping
from typing import Any

import pytest

import app
from patternbook import SettingsError
from patternbook.settings.base import PatternSettings
from patternbook.settings.loading import Plan, load
from patternbook.settings.stages import Stage
from stacks.fargate_efs import FargateEfsSettings

Types = Mapping[str, type[PatternSettings]]
TYPES: Types = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
InFile = Mapping[str, Any] | None


def plan(typed: Mapping[str, Any], cdk_json: InFile = None, types: Types = TYPES) -> Plan:
    """The plan for keys of the command line, and a ``cdk.json``."""
    return load({**(cdk_json or {}), **typed}, types, files={"cdk.json": cdk_json or {}})


def stages(typed: Mapping[str, Any], cdk_json: InFile = None, types: Types = TYPES) -> dict[str | None, Stage]:
    """The stages of a context, by name."""
    return {stage.name: stage for stage in plan(typed, cdk_json, types).stages}


def fargate(typed: Mapping[str, Any], stage: str | None = None, cdk_json: InFile = None) -> FargateEfsSettings:
    settings = stages(typed, cdk_json)[stage].settings["FargateEfsStack"]
    assert isinstance(settings, FargateEfsSettings)
    return settings


def mistakes(typed: Mapping[str, Any], cdk_json: InFile = None) -> dict[str, str]:
    """The remedy for each path."""
    with pytest.raises(SettingsError) as caught:
        stages(typed, cdk_json)
    return {mistake.path: mistake.remedy for mistake in caught.value.mistakes}
