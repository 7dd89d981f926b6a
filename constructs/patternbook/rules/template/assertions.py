"""The section ``Rules`` of a template, by which CloudFormation refuses values of parameters.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from patternbook.rules.template.intrinsics import Resolver
from patternbook.rules.template.values import as_text, is_literal, mapping_or_empty


def assertions_hold(document: Mapping[str, Any], scenario: Mapping[str, Any], region: str | None) -> bool | None:
    """Whether the rules of a template accept the parameters of a scenario. None if that is not known."""
    rules = document.get("Rules")
    if not rules:
        return True
    if not isinstance(rules, dict):
        return None
    evaluator = _Evaluator(Resolver(document, scenario, region))
    answers = [evaluator.holds(each) for each in rules.values()]
    return False if False in answers else None if None in answers else True


class _Evaluator:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def holds(self, rule: Any) -> bool | None:
        """Whether a rule accepts the parameters: its condition is false, or all of its assertions are true."""
        rule = mapping_or_empty(rule)
        applies = self._answer(rule["RuleCondition"]) if "RuleCondition" in rule else True
        if applies is False:
            return True
        asserted = list(self._assertions(rule.get("Assertions")))
        if asserted and all(each is True for each in asserted):
            return True
        if applies is True and False in asserted:
            return False
        return True if not asserted and rule.get("Assertions") == [] else None

    def _assertions(self, assertions: Any) -> Iterator[bool | None]:
        for each in assertions if isinstance(assertions, list) else [None]:
            yield self._answer(mapping_or_empty(each).get("Assert"))

    def _answer(self, function: Any) -> bool | None:
        if not isinstance(function, dict) or len(function) != 1:
            return None
        name, argument = next(iter(function.items()))
        if not isinstance(argument, list):
            return None
        if name in ("Fn::And", "Fn::Or", "Fn::Not"):
            answers = [self._answer(each) for each in argument]
            if name == "Fn::Not":
                return None if len(answers) != 1 or answers[0] is None else not answers[0]
            decisive = name == "Fn::Or"
            return decisive if decisive in answers else None if None in answers else not decisive
        if len(argument) != 2:
            return None
        if name == "Fn::Equals":
            return self._resolver.is_true(function)
        one, other = (self._listed(each) for each in argument)
        if one is None or other is None:
            return None
        if name == "Fn::Contains":
            return other[0] in one if len(other) == 1 else None
        if name == "Fn::EachMemberIn":
            return all(each in other for each in one)
        if name == "Fn::EachMemberEquals":
            return all(each == other[0] for each in one) if len(other) == 1 else None
        return None

    def _listed(self, value: Any) -> list[str] | None:
        """The known texts of a value, which may be a single one."""
        resolved = self._resolver.resolve(value)
        texts = resolved if isinstance(resolved, list) else [resolved]
        return [as_text(each) for each in texts] if all(map(is_literal, texts)) else None
