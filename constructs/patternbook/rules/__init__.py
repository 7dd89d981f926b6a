"""Rules for CloudFormation templates, of what breaks a deployment or makes it silently wrong, and most checkers do not
see.

Plain Python, without the CDK: ``patternbook check`` runs them on any template (:mod:`patternbook.rules.cli`), and
:class:`patternbook.rules.plugin.PatternbookRules` on those that a CDK app makes.
"""

from collections.abc import Mapping
from typing import Final

from patternbook.rules import app_runner, aws_lambda, cloudfront, ecr, ecs, edge, efs, eks, networks
from patternbook.rules.engine import OF_ACKNOWLEDGEMENTS, Rule, rules_in

FAMILIES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "ECS": rules_in(ecs),
    "EKS": rules_in(eks),
    "Lambda": rules_in(aws_lambda),
    "Lambda@Edge": rules_in(edge),
    "CloudFront": rules_in(cloudfront),
    "ECR": rules_in(ecr),
    "EFS": rules_in(efs),
    "App Runner": rules_in(app_runner),
    "Networks": rules_in(networks),
}
"""The rules, by what they are for."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for rules in FAMILIES.values() for rule in rules)
"""All rules for templates."""
EVERY_RULE: Final[tuple[Rule, ...]] = (*RULES, *OF_ACKNOWLEDGEMENTS)
"""With those for acknowledgements."""
