"""The scenarios of a template: each combination of parameter values that its conditions tell apart.

Conditions make several templates of one. A scenario decides, for each parameter that a condition asks for, which value
it has, so that a rule sees one template at a time.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from patternbook.rules.template.assertions import assertions_hold
from patternbook.rules.template.intrinsics import OTHER_VALUE, Resolver
from patternbook.rules.template.parameters import allowed_values, is_looked_up, may_be_accepted, usable_defaults
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
"""The number of combinations that are all checked. If there are more, these are the defaults, the scenarios that differ
from them in one parameter, and scenarios in which every pair of values occurs."""
_MAX_SINGLE_CHANGES: Final = 40
_MAX_CHOICES: Final = 2_000
"""The number of templates that the allowed values of a parameter may make. With more, they are not tried."""


def scenarios_of(document: Mapping[str, Any], region: str | None = None) -> list[Scenario]:
    """The scenarios of a template, without those that its ``Rules`` refuse.

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
        found = [dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())]
    else:
        defaults = {name: values[0] for name, values in options.items()}
        for name in defaults.keys() & parameters.keys():
            default = as_text(mapping_or_empty(parameters[name]).get("Default"))
            defaults[name] = default if default in options[name] else options[name][-1]
        single = ({**defaults, name: value} for name, values in options.items() for value in values)
        single = (each for each in single if each != defaults)
        found = [defaults, *itertools.islice(single, _MAX_SINGLE_CHANGES), *_pairs(options)]
    allowed = [each for each in found if assertions_hold(document, each, region) is not False]
    return allowed or found


def _pairs(options: Mapping[str, list[Any]]) -> Iterator[Scenario]:
    """Scenarios in which each value of a parameter occurs together with each value of each other parameter.

    Each parameter that is added extends the rows that there are, so their number grows by the logarithm of the number
    of parameters: https://csrc.nist.gov/projects/automated-combinatorial-testing-for-software
    """
    names = sorted(options, key=lambda name: -len(options[name]))
    rows: list[list[int]] = [[]]
    for column, name in enumerate(names):
        values = range(len(options[name]))
        open_pairs = {
            (earlier, choice, value)
            for earlier in range(column)
            for choice in range(len(options[names[earlier]]))
            for value in values
        }
        for number, row in enumerate(rows):
            best = max(
                values,
                key=lambda value: (
                    sum((place, each, value) in open_pairs for place, each in enumerate(row)),
                    value == number % len(values),
                ),
            )
            open_pairs -= {(place, each, best) for place, each in enumerate(row)}
            row.append(best)
        if column == 0:
            rows = [[value] for value in values]
        while open_pairs and len(rows) < 4 * MAX_SCENARIOS:
            place, each, value = min(open_pairs)
            row = [0] * column + [value]
            row[place] = each
            for earlier in range(column):
                if earlier != place:
                    row[earlier] = next(
                        (c for c in range(len(options[names[earlier]])) if (earlier, c, value) in open_pairs), 0
                    )
            open_pairs -= {(earlier, row[earlier], value) for earlier in range(column)}
            rows.append(row)
    for row in rows[:_MAX_SINGLE_CHANGES]:
        yield {name: options[name][index] for name, index in zip(names, row, strict=True)}


def with_defaults(
    document: Mapping[str, Any], scenarios: Sequence[Scenario], region: str | None
) -> list[tuple[Scenario, Scenario | None]]:
    """The same scenarios with the default of each parameter that they leave open, and the one that has all defaults.

    A default is left out where ``Rules`` refuse it, or where a condition asks for the parameter in a way that only a
    function decides. Empty if no parameter has a default that could be used.

    :returns: each scenario, with the one that it comes from. None if it is the one that has all defaults.
    """
    defaults = usable_defaults(document)
    if not defaults:
        return []
    compared, comparisons = _comparisons(document)
    parameters = mapping_or_empty(document.get("Parameters"))
    inside = {name for sides in comparisons.values() for name in _names_in(sides)}
    found: list[tuple[Scenario, Scenario | None]] = []
    for scenario in scenarios:
        filled = {name: value for name, value in defaults.items() if name not in scenario and name not in inside}
        for name, value in scenario.items():
            if value is OTHER_VALUE and name in defaults and name not in inside:
                options = _options(mapping_or_empty(parameters.get(name)), compared.get(name, []))
                filled |= {name: defaults[name]} if defaults[name] not in options else {}
        found.append(({**scenario, **filled}, scenario))
    everything: Scenario = {**defaults, **({"AWS::Region": region} if region else {})}
    resolver = Resolver(document, everything, region)
    if all(resolver.is_true(name) is not None for name in mapping_or_empty(document.get("Conditions"))):
        found.append((everything, None))
    return [each for each in found if assertions_hold(document, each[0], region) is True]


@dataclass(frozen=True)
class Choice:
    """One of the values that a parameter allows, where no condition asks for it."""

    parameter: str
    value: str
    scenarios: Mapping[int, Scenario]
    """The scenarios that leave the parameter open, with the value, by their number among all scenarios."""


def choices_of(document: Mapping[str, Any], scenarios: Sequence[Scenario], region: str | None) -> list[Choice]:
    """Each value of ``AllowedValues``, alone: nothing else is known of the other parameters than in the scenarios.

    Values of two parameters are not combined, because a template that offers sizes of CPU and of memory means some of
    the pairs only. A value is left out where ``Rules`` refuse it.
    """
    allowed = {name: values for name, values in allowed_values(document).items() if len(values) > 1}
    if not allowed:
        return []
    _, comparisons = _comparisons(document)
    inside = {name for sides in comparisons.values() for name in _names_in(sides)}
    inside_rules = set(_names_in(document.get("Rules")))
    found: list[Choice] = []
    for name, values in allowed.items():
        left_open = {n: each for n, each in enumerate(scenarios) if each.get(name, OTHER_VALUE) is OTHER_VALUE}
        if name in inside or len(values) * len(left_open) > _MAX_CHOICES:
            continue
        asked = {each[name] for each in scenarios if name in each and each[name] is not OTHER_VALUE}
        for value in values:
            chosen = {n: {**each, name: value} for n, each in left_open.items() if value not in asked}
            accepted = {
                n: each
                for n, each in chosen.items()
                if name not in inside_rules or assertions_hold(document, each, region) is True
            }
            if accepted:
                found.append(Choice(name, value, accepted))
    return found


def all_scenarios_are_possible(document: Mapping[str, Any], scenarios: Sequence[Scenario] | None = None) -> bool:
    """Whether nothing in the template rules a scenario out.

    An assertion on parameters (``Rules``) can do so, and so can one comparison that decides another because both use
    the same parameter.
    """
    known = scenarios if scenarios is not None else scenarios_of(document)
    if not all(assertions_hold(document, each, None) for each in known):
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
        return [*(value for value in literals if may_be_accepted(parameter, value)), OTHER_VALUE]
    values = [as_text(each) for each in allowed]
    rest = [value for value in values if value not in literals]
    possible = [value for value in literals if value in values]
    return possible + (rest if len(rest) == 1 else [OTHER_VALUE] if rest else []) or [OTHER_VALUE]
