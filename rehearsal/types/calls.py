"""Records which API functions the handlers of CloudFormation types call, so that tests compare them with permissions.

MiniStack has a function for each action of an API, such as ``_create_table``, and its handlers call some of them. Other
handlers write the records of a service themselves, and call nothing.
"""

import functools
import sys
from collections import defaultdict
from collections.abc import Callable
from types import FrameType
from typing import Any

from ministack.services.cloudformation import provisioners

SERVICES = "ministack.services."
ENGINE = "ministack.services.cloudformation"

made: dict[str, set[str]] = defaultdict(set)
"""The functions by type, each as the name of its module and its own, such as ``dynamodb._create_table``."""


def register() -> None:
    """Watches all handlers. It comes after all others that change them."""
    types: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
    for resource_type, handlers in types.items():
        for verb in ("create", "update", "delete"):
            if handler := handlers.get(verb):
                handlers[verb] = _watched(resource_type, handler)


def _watched(resource_type: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    def watch(frame: FrameType, event: str, _: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event != "call" or not module.startswith(SERVICES) or module.startswith(ENGINE):
            return
        # A function that a service calls of its own is no call of its API.
        if frame.f_back is None or frame.f_back.f_globals.get("__name__") != module:
            made[resource_type].add(f"{module.removeprefix(SERVICES)}.{frame.f_code.co_name}")

    @functools.wraps(handler)
    def call(*arguments: Any, **named: Any) -> Any:
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            return handler(*arguments, **named)
        finally:
            sys.setprofile(before)

    return call
