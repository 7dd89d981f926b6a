"""The parameters of a template: the values that CloudFormation accepts, and the defaults."""

import re
from collections.abc import Mapping
from typing import Any, Final

from patternbook.rules.template.values import as_text, is_literal, mapping_or_empty

LIST_TYPES: Final = (
    "List<",
    "CommaDelimitedList",
    "AWS::SSM::Parameter::Value<List",
    "AWS::SSM::Parameter::Value<Comma",
)


def is_looked_up(parameter: Mapping[str, Any]) -> bool:
    """Whether the value of a parameter is the name of an SSM parameter, which CloudFormation replaces by its value."""
    return str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::Value")


def is_list(parameter: Mapping[str, Any]) -> bool:
    """Whether the value of a parameter is a list."""
    return str(parameter.get("Type", "")).startswith(LIST_TYPES)


def usable_defaults(document: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the parameters, by name, as far as they are values that CloudFormation accepts.

    An empty default of a list stands for "to be given", and the default of a parameter that is looked up is a name.
    """
    found: dict[str, Any] = {}
    for name, written in mapping_or_empty(document.get("Parameters")).items():
        parameter = mapping_or_empty(written)
        default = parameter.get("Default")
        if not is_literal(default) or is_looked_up(parameter):
            continue
        values = [each.strip() for each in as_text(default).split(",")] if is_list(parameter) else [as_text(default)]
        if (is_list(parameter) and values == [""]) or not all(_is_allowed(parameter, each) for each in values):
            continue
        found[name] = values if is_list(parameter) else as_text(default)
    return found


def allowed_values(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The values among which each parameter lets the user choose, by name.

    A list of values, and the name of a value that is looked up, are no such choice.
    """
    found: dict[str, list[str]] = {}
    for name, written in mapping_or_empty(document.get("Parameters")).items():
        parameter = mapping_or_empty(written)
        allowed = parameter.get("AllowedValues")
        if isinstance(allowed, list) and not is_list(parameter) and not is_looked_up(parameter):
            values = dict.fromkeys(as_text(each) for each in allowed if is_literal(each))
            found[name] = [each for each in values if _is_allowed(parameter, each)]
    return found


def _is_allowed(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation accepts a value, as far as that can be tried."""
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list) and value not in map(as_text, allowed):
        return False
    pattern = parameter.get("AllowedPattern")
    if isinstance(pattern, str) and _matches(pattern, value) is False:
        return False
    for bound, is_violated in (
        ("MinValue", lambda limit: float(value) < limit),
        ("MaxValue", lambda limit: float(value) > limit),
    ):
        try:
            if bound in parameter and is_violated(float(parameter[bound])):
                return False
        except (TypeError, ValueError, OverflowError):
            return False
    return _has_allowed_length(parameter, value)


def _has_allowed_length(parameter: Mapping[str, Any], value: str) -> bool:
    for bound, is_violated in (
        ("MinLength", lambda limit: len(value) < limit),
        ("MaxLength", lambda limit: len(value) > limit),
    ):
        try:
            if bound in parameter and is_violated(int(parameter[bound])):
                return False
        except (TypeError, ValueError, OverflowError):
            continue
    return True


def may_be_accepted(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation may accept a value that a condition compares a parameter with."""
    if is_looked_up(parameter) or value == as_text(parameter.get("Default")):
        return True
    if not _has_allowed_length(parameter, value):
        return False
    pattern = parameter.get("AllowedPattern")
    return value != "" or not isinstance(pattern, str) or _matches(pattern, "") is True


def _matches(pattern: str, value: str) -> bool | None:
    """Whether a pattern matches a text. None if trying it could take exponential time."""
    groups = re.findall(r"\)([*+?]|\{\d*,?\d*\})", pattern)
    choices = pattern.count("|") + groups.count("?")
    unbounded = len(re.findall(r"[*+]|,\}", pattern))
    repeated = any(each not in ("?", "{2}", "{3}", "{4}") for each in groups)
    if choices > 20 or repeated or unbounded > 4 or len(pattern) > 1000 or len(value) > 200:
        return None
    try:
        return re.fullmatch(pattern, value) is not None
    except (re.error, RecursionError, OverflowError):
        return None
