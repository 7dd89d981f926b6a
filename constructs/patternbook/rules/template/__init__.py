"""A CloudFormation template as rules see it: what is known of each property, and what is not.

Intrinsic functions are resolved as far as the template itself decides what they return. A value that only the
deployment knows is :data:`UNKNOWN`, and a rule says nothing about it. A property that is not given, or that is
``AWS::NoValue``, is :data:`MISSING`.

Conditions make several templates of one. :func:`scenarios_of` lists the combinations of parameter values that they tell
apart, and a :class:`Template` is what CloudFormation deploys in one of them.
"""

from patternbook.rules.template.dependencies import Dependencies
from patternbook.rules.template.nodes import CUSTOM, Node, Problem, Resource
from patternbook.rules.template.scenarios import (
    MAX_SCENARIOS,
    Choice,
    Scenario,
    all_scenarios_are_possible,
    choices_of,
    scenarios_of,
    with_defaults,
)
from patternbook.rules.template.values import MISSING, UNKNOWN, PartialText, Reference, Zone
from patternbook.rules.template.whole import Template, resource_bodies

__all__ = [
    "CUSTOM",
    "MAX_SCENARIOS",
    "MISSING",
    "UNKNOWN",
    "Choice",
    "Dependencies",
    "Node",
    "PartialText",
    "Problem",
    "Reference",
    "Resource",
    "Scenario",
    "Template",
    "Zone",
    "all_scenarios_are_possible",
    "choices_of",
    "resource_bodies",
    "scenarios_of",
    "with_defaults",
]
