"""Resolves the intrinsic functions of a template, as far as the template itself decides what they return."""

import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from patternbook.rules.template.parameters import is_list, is_looked_up
from patternbook.rules.template.values import (
    MISSING,
    SUB_VARIABLE,
    UNKNOWN,
    PartialText,
    PresentItems,
    Reference,
    Zone,
    as_text,
    comparison_key,
    is_literal,
    join,
    mapping_or_empty,
    side_key,
)

OTHER_VALUE: Final = UNKNOWN
"""The value of a parameter, in a scenario, that equals none of the values it is compared with."""

_MAX_CIDR_BLOCKS: Final = 256
"""``Fn::Cidr`` returns at most 256 blocks:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html"""


class Resolver:
    """Resolves values and conditions in one scenario."""

    def __init__(self, document: Mapping[str, Any], scenario: Mapping[str, Any], region: str | None) -> None:
        self._scenario = scenario
        self._region = region
        self._parameters = mapping_or_empty(document.get("Parameters"))
        self._mappings = mapping_or_empty(document.get("Mappings"))
        self._conditions = mapping_or_empty(document.get("Conditions"))
        self._resources = mapping_or_empty(document.get("Resources"))
        self._answers: dict[str, bool | None] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ToJsonString": self._to_json_string,
            "Fn::Cidr": self._cidr,
            "Fn::Base64": self._base64,
            "Fn::Length": self._length,
        }

    def resolve(self, value: Any) -> Any:
        """The value with each function replaced by its result."""
        if isinstance(value, str):
            # CloudFormation reads dynamic references during the deployment.
            return UNKNOWN if "{{resolve:" in value else value
        if isinstance(value, list):
            return PresentItems(map(self.resolve, value))
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in self._functions:
                return self._functions[name](argument)
        resolved: dict[str, Any] = {}
        for name, each in value.items():
            if name.startswith("Fn::"):
                return UNKNOWN  # a function that is not resolved here, or a macro or loop that adds other members
            result = self.resolve(each)
            if result is not MISSING:
                resolved[name] = result
        return resolved

    def is_true(self, condition: Any) -> bool | None:
        """Whether a condition, given by its name or as a function, is true. None if that is not known."""
        if condition is None:
            return True
        if isinstance(condition, str):
            if condition not in self._answers:
                self._answers[condition] = None  # the answer for a condition that refers to itself
                self._answers[condition] = self._evaluate(self._conditions.get(condition))
            return self._answers[condition]
        return self._evaluate(condition)

    def _evaluate(self, condition: Any) -> bool | None:
        if not isinstance(condition, dict) or len(condition) != 1:
            return None
        name, argument = next(iter(condition.items()))
        if name == "Condition" and isinstance(argument, str):
            return self.is_true(argument)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:
            return self._equals(argument)
        answers = [self._evaluate(each) for each in argument]
        if name == "Fn::Not" and len(answers) == 1:
            return None if answers[0] is None else not answers[0]
        if name in ("Fn::And", "Fn::Or"):
            decisive = name == "Fn::Or"
            return decisive if decisive in answers else None if None in answers else not decisive
        return None

    def _equals(self, sides: list[Any]) -> bool | None:
        values = [self._side(side) for side in sides]
        if all(map(is_literal, values)):
            return as_text(values[0]) == as_text(values[1])
        if sides[0] == sides[1]:
            return True
        # "Another value" differs, by definition, from each literal that the parameter is compared with.
        others = [
            value is OTHER_VALUE and side_key(side) in self._scenario for value, side in zip(values, sides, strict=True)
        ]
        if any(others) and any(map(is_literal, values)):
            return False
        return self._scenario.get(comparison_key(sides))

    def _side(self, side: Any) -> Any:
        """One side of a comparison: its value by the template, or else its value in this scenario."""
        value = self.resolve(side)
        return value if is_literal(value) else self._scenario.get(side_key(side), value)

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return MISSING
        if not isinstance(name, str):
            return UNKNOWN
        if name in self._scenario and self._scenario[name] is not OTHER_VALUE:
            return self._scenario[name]
        if name == "AWS::Region" and self._region is not None:
            return self._region
        if name in self._parameters:
            return self._only_value(mapping_or_empty(self._parameters[name]))
        return Reference(name) if name in self._resources else UNKNOWN

    def _only_value(self, parameter: Mapping[str, Any]) -> Any:
        """The value of a parameter that allows a single one. A default is a choice, which a scenario may make."""
        allowed = parameter.get("AllowedValues")
        if is_list(parameter) or is_looked_up(parameter):
            return UNKNOWN
        return allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else UNKNOWN

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            return UNKNOWN
        return Reference(parts[0], parts[1]) if parts[0] in self._resources else UNKNOWN

    def _sub(self, argument: Any) -> Any:
        text, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(variables, dict) or "{{resolve:" in text:
            return UNKNOWN
        parts: list[Any] = []
        end = 0
        for found in SUB_VARIABLE.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            name = found[1].strip()
            if name.startswith("!"):
                parts.append(f"${{{name[1:]}}}")
            elif name in variables:
                parts.append(self.resolve(variables[name]))
            else:
                parts.append(self._get_att(name) if "." in name else self._ref(name))
        return join([*parts, text[end:]])

    def _join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            return UNKNOWN
        items = self.resolve(argument[1])
        if not isinstance(items, list):
            return UNKNOWN
        return join([part for item in items for part in (argument[0], item)][1:])

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        index = self.resolve(argument[0])
        # Python refuses to convert a text of thousands of digits, and no list is that long.
        if not isinstance(index, (int, str)) or not re.fullmatch(r"\d{1,9}", str(index), re.ASCII):
            return UNKNOWN
        source = argument[1]
        if isinstance(source, dict) and source.keys() == {"Fn::GetAZs"}:
            return Zone(int(index), comparison_key(source["Fn::GetAZs"]))
        items = self.resolve(source)
        return items[int(index)] if isinstance(items, list) and int(index) < len(items) else UNKNOWN

    def _split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        separator, text = argument[0], self.resolve(argument[1])
        known = isinstance(separator, str) and separator and isinstance(text, str)
        return text.split(separator) if known else UNKNOWN

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            return UNKNOWN
        answer = self.is_true(argument[0])
        if answer is not None:
            return self.resolve(argument[1] if answer else argument[2])
        one, other = self.resolve(argument[1]), self.resolve(argument[2])
        return one if one == other and type(one) is type(other) else UNKNOWN

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) < 3:
            return UNKNOWN
        keys = [self.resolve(each) for each in argument[:3]]
        value: Any = self._mappings
        for key in keys:
            value = value.get(as_text(key)) if isinstance(value, dict) and isinstance(key, (str, int)) else None
        if value is not None:
            return value
        fallback = mapping_or_empty(argument[3]).get("DefaultValue") if len(argument) == 4 else None
        known = all(isinstance(key, (str, int)) for key in keys) and as_text(keys[0]) in self._mappings
        return self.resolve(fallback) if known and fallback is not None else UNKNOWN

    def _length(self, argument: Any) -> Any:
        value = self.resolve(argument)
        return len(value) if isinstance(value, list) else UNKNOWN

    def _to_json_string(self, argument: Any) -> Any:
        value = self.resolve(argument)
        try:
            return json.dumps(value)
        except TypeError:
            return UNKNOWN

    def _base64(self, argument: Any) -> Any:
        """The encoded text is not known, but the references in it are kept."""
        value = self.resolve(argument)
        parts = value.parts if isinstance(value, PartialText) else [value]
        references = [part for part in parts if isinstance(part, Reference)]
        return PartialText((UNKNOWN, *references)) if references else UNKNOWN

    def _cidr(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return UNKNOWN
        block, count, bits = (self.resolve(each) for each in argument)
        try:
            network = ipaddress.ip_network(block)
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
            return [str(each) for each in itertools.islice(subnets, min(int(count), _MAX_CIDR_BLOCKS))]
        except (ValueError, TypeError, OverflowError):
            return UNKNOWN
