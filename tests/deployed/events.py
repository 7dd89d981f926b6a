"""The answer of EventBridge to the question whether an event matches a pattern."""

import json
from collections.abc import Mapping
from typing import Any

from tests.deployed.answers import Answer


def matches(parameters: Mapping[str, Any]) -> Answer:
    """The answer to ``events.test_event_pattern``."""
    from moto.events.models import EventPattern  # as no check of a real account needs it, and it takes long

    pattern = EventPattern.load(parameters["EventPattern"])
    return {"Result": pattern.matches_event(json.loads(parameters["Event"]))}
