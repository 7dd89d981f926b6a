"""Rules for CloudFormation templates, of what breaks a deployment or makes it silently wrong, and no public checker
sees.

Plain Python, without the CDK: ``patternbook check`` runs them on any template (:mod:`patternbook.rules.cli`), and
:class:`patternbook.validation.PatternbookRules` on those that a CDK app makes.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from patternbook.rules import app_runner, aws_lambda, cloudfront, ecr, ecs, edge, efs, eks, networks
from patternbook.rules.engine import OF_ACKNOWLEDGEMENTS, Rule, rules_in

FAMILIES: Final[Mapping[str, ModuleType]] = {
    "ECS": ecs,
    "EKS": eks,
    "Lambda": aws_lambda,
    "Lambda@Edge": edge,
    "CloudFront": cloudfront,
    "ECR": ecr,
    "EFS": efs,
    "App Runner": app_runner,
    "Networks": networks,
}
"""The modules with rules, by what they are for."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for module in FAMILIES.values() for rule in rules_in(module))
"""All rules."""
EVERY_RULE: Final[tuple[Rule, ...]] = (*RULES, *OF_ACKNOWLEDGEMENTS)
"""With those of the engine itself."""
