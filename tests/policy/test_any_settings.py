"""Any value of any setting is accepted, or refused with a message that can be printed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import app
from patternbook import SettingsError
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import nested_models
from patternbook.settings.loading import load
from patternbook.settings.mistakes import Mistake
from tests.unit.test_settings import PARAMETER, SECRET

TYPES: Mapping[str, type[PatternSettings]] = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
# Texts near what the fields take find more than random ones.
NEARLY = st.sampled_from(
    [
        "",
        "null",
        "true",
        "[]",
        "{}",
        "[1",
        "1e9",
        "٣",
        "0 0 ? * L *",
        "0 0 31W * ? *",
        "10.0.0.0/16",
        "/a",
        "\ud800",
        "${Token[a.1]}",
        "a@b.co",
        "Europe/Berlin",
        "../UTC",
        SECRET,
        PARAMETER,
        "public.ecr.aws/a/b:1",
        "v",
        "*",
        "o-a1b2c3d4e5",
    ]
)


def arbitrary(settings_type: type[PatternSettings]) -> st.SearchStrategy[dict[str, Any]]:
    names = list(settings_type.model_fields)
    inner = [st.sampled_from(list(model.model_fields)) for model in nested_models(settings_type)]
    objects = st.lists(st.dictionaries(st.one_of(*inner), JSON | NEARLY), max_size=3) if inner else st.nothing()
    values = JSON | NEARLY | st.lists(NEARLY, max_size=3) | objects | st.dictionaries(NEARLY, NEARLY, max_size=2)
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=12), values, max_size=6)


def outcome(context: dict[str, Any], stack: str) -> tuple[Mistake, ...]:
    """The mistakes; none where the context is accepted."""
    try:
        load(context, {stack: TYPES[stack]})
    except SettingsError as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("stack", TYPES)
@given(data=st.data())
@hypothesis_settings(
    max_examples=hypothesis_settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_value_is_accepted_or_refused_cleanly(stack: str, data: st.DataObject) -> None:
    given_settings = data.draw(arbitrary(TYPES[stack]))
    posture = data.draw(st.sampled_from(["sandbox", "production"]))
    in_cdk_json = {"patterns": stack, "stages": posture, stack: given_settings}
    typed = {f"{stack}.{name}": value for name, value in given_settings.items()}
    on_command_line = {"patterns": stack, "stages": posture, **typed}
    for context in (in_cdk_json, on_command_line):
        for mistake in outcome(context, stack):
            assert mistake.remedy
            str(mistake).encode()
