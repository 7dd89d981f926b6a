"""The scenarios of a template: each combination of parameter values that its conditions tell apart.

Conditions make several templates of one. A scenario decides, for each parameter that a condition asks for, which value
it has, so that a rule sees one template at a time.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from patternbook.rules.template.intrinsics import OTHER_VALUE, Resolver, is_looked_up
from patternbook.rules.template.values import (
    SUB_VARIABLE,
    as_text,
    comparison_key,
    is_literal,
    mapping_or_empty,
    parameter_name,
    side_key,
)

Scenario = dict[str, Any]
"""The value of each parameter that conditions ask for, and the answer to each comparison that values cannot decide."""

MAX_SCENARIOS: Final = 32
"""The number of scenarios that are checked. If there are more combinations, these are the defaults and the scenarios
that differ from the defaults in one parameter."""


def scenarios_of(document: Mapping[str, Any], region: str | None = None) -> list[Scenario]:
    """The scenarios of a template.

    :param region: the Region of the deployment, if it is known.
    """
    parameters = mapping_or_empty(document.get("Parameters"))
    compared, _ = _comparisons(document)
    options = {
        name: values if values == [True, False] else _options(mapping_or_empty(parameters.get(name)), values)
        for name, values in compared.items()
    }
    if region is not None and "AWS::Region" in options:
        options["AWS::Region"] = [region]
    if math.prod(map(len, options.values())) <= MAX_SCENARIOS:
        return [dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())]
    defaults = {name: values[0] for name, values in options.items()}
    for name in defaults.keys() & parameters.keys():
        default = as_text(mapping_or_empty(parameters[name]).get("Default"))
        defaults[name] = default if default in options[name] else options[name][-1]
    others = (
        {**defaults, name: value} for name, values in options.items() for value in values if value != defaults[name]
    )
    return [defaults, *itertools.islice(others, MAX_SCENARIOS - 1)]


def all_scenarios_are_possible(document: Mapping[str, Any]) -> bool:
    """Whether nothing in the template rules a scenario out.

    An assertion on parameters (``Rules``) can do so, and so can one comparison that decides another because both use
    the same parameter.
    """
    if document.get("Rules"):
        return False
    parameters = mapping_or_empty(document.get("Parameters"))
    compared, comparisons = _comparisons(document)
    used: set[str] = set()
    for sides in comparisons.values():
        names = set(_names_in(sides))
        # When two parameters are compared with each other, each scenario gives both a value.
        both_are_parameters = isinstance(sides, list) and all(parameter_name(each) for each in sides)
        has_other_value = any(
            name in compared and OTHER_VALUE in _options(mapping_or_empty(parameters.get(name)), compared[name])
            for name in names
        )
        if names & used or (has_other_value and not both_are_parameters):
            return False
        used |= names
    return True


def _names_in(value: Any) -> Iterator[str]:
    """The names in ``Ref`` and ``Fn::Sub``, at any depth."""
    if isinstance(value, str):
        yield from (found.strip() for found in SUB_VARIABLE.findall(value))
    elif isinstance(value, list):
        for each in value:
            yield from _names_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        for each in value.values():
            yield from _names_in(each)


def _comparisons(document: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The comparisons that the conditions make.

    :returns: for each parameter or function the literals that it is compared with, and for each pair of them that is
        compared with each other both answers; and, by the same keys, the functions and pairs as they are written.
    """
    conditions = mapping_or_empty(document.get("Conditions"))
    if not conditions:
        return {}, {}
    parameters = mapping_or_empty(document.get("Parameters"))
    compared: dict[str, list[Any]] = {}
    written: dict[str, Any] = {}
    pairs: list[list[str]] = []
    resolver = Resolver(document, {}, None)
    for equals in _arguments_of("Fn::Equals", conditions):
        if not isinstance(equals, list) or len(equals) != 2:
            continue
        sides = [known if is_literal(known := resolver.resolve(each)) else each for each in equals]
        if all(map(is_literal, sides)) or sides[0] == sides[1]:
            continue  # the template itself has the answer
        for side in sides:
            if not is_literal(side) and side_key(side) == comparison_key(side):
                written[side_key(side)] = side
        if not any(map(is_literal, sides)):
            compared[comparison_key(equals)] = [True, False]
            written[comparison_key(equals)] = sides
            pairs.append([side_key(side) for side in sides])
            continue
        side, literal = reversed(sides) if is_literal(sides[0]) else sides
        values = compared.setdefault(side_key(side), [])
        if as_text(literal) not in values:
            values.append(as_text(literal))
    for names in pairs:
        # Each side gets the literals of the other, so that every scenario decides whether two known values are equal.
        allowed = [mapping_or_empty(parameters.get(name)).get("AllowedValues") for name in names]
        values = [value for name in names for value in compared.get(name, [])]
        values += [as_text(value) for each in allowed if isinstance(each, list) for value in each]
        for name in names if values else ():
            own = compared.setdefault(name, [])
            own.extend(value for value in dict.fromkeys(values) if value not in own)
    return compared, {key: sides for key, sides in written.items() if key in compared}


def _arguments_of(function: str, value: Any) -> Iterator[Any]:
    """The argument of each call of a function, at any depth."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == function:
                yield each
            yield from _arguments_of(function, each)
    elif isinstance(value, list):
        for each in value:
            yield from _arguments_of(function, each)


def _options(parameter: Mapping[str, Any], literals: Sequence[Any]) -> list[Any]:
    """The values of a parameter that conditions tell apart: the literals that it may have, and any other value."""
    allowed = parameter.get("AllowedValues")
    if not isinstance(allowed, list) or not allowed or is_looked_up(parameter):
        return [*(value for value in literals if _is_accepted(parameter, value)), OTHER_VALUE]
    values = [as_text(each) for each in allowed]
    rest = [value for value in values if value not in literals]
    possible = [value for value in literals if value in values]
    return possible + (rest if len(rest) == 1 else [OTHER_VALUE] if rest else []) or [OTHER_VALUE]


def _is_accepted(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation accepts a value for a parameter."""
    if is_looked_up(parameter) or value == as_text(parameter.get("Default")):
        return True
    for bound, is_violated in (
        ("MinLength", lambda limit: len(value) < limit),
        ("MaxLength", lambda limit: len(value) > limit),
    ):
        try:
            if bound in parameter and is_violated(int(parameter[bound])):
                return False
        except (TypeError, ValueError, OverflowError):
            continue
    pattern = parameter.get("AllowedPattern")
    return value != "" or not isinstance(pattern, str) or _matches_empty_text(pattern)


def _matches_empty_text(pattern: str) -> bool:
    """Whether a pattern is known to match the empty text.

    A pattern that could take exponential time is not tried.
    """
    choices = pattern.count("|") + len(re.findall(r"\)[*+?]", pattern))
    if choices > 8 or len(pattern) > 1000 or re.search(r"\)\{", pattern):
        return False
    try:
        return re.fullmatch(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):
        return False
