"""Any combination of accepted settings can be synthesized.

The name of this module makes it run last. Every app that it makes stays in Node's memory and slows down later tests.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import app
from patternbook import PatternStack, SettingsError
from patternbook.posture import POSTURES
from patternbook.testing.synthesis import variant
from tests.book import every_option
from tests.unit.test_ecs_ec2 import OTHER_OPTIONS
from tests.unit.test_settings import PARAMETER, SECRET


@pytest.mark.parametrize("pattern", app.PATTERNS)
@given(data=st.data())
@hypothesis_settings(
    max_examples=hypothesis_settings().max_examples // 20, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_accepted_settings_can_be_synthesized(pattern: type[PatternStack], data: st.DataObject) -> None:
    """Combines the options at random. Some values could lead to name collisions in a template."""
    options = every_option(pattern) | CLASHING.get(pattern.__name__, {})
    chosen = data.draw(st.sets(st.sampled_from(sorted(options))))
    posture = data.draw(st.sampled_from(list(POSTURES)))
    with tempfile.TemporaryDirectory() as outdir:
        try:
            stack = variant(pattern, Path(outdir), posture=posture, **{name: options[name] for name in chosen})
        except SettingsError:
            return
        stage = cdk.Stage.of(stack)
        assert stage is not None
        stage.synth()


CLASHING: Mapping[str, dict[str, Any]] = {
    "FargateEfsStack": {
        "secrets": {"Key": SECRET, "Key0": SECRET, "A": SECRET, "constructor": SECRET},
        "parameters": {"B": PARAMETER, "Secret": PARAMETER, "Parameter_B": PARAMETER},
        "health_check": {"command": ["CMD", "${AWS::Region}", "$(x)", "a${b}"]},
        "environment": {"A0": "${AWS::Region}", "Image": "$(x)"},
        "allow_plain_http": True,
    },
    "EcsEc2Stack": dict(OTHER_OPTIONS),
}
