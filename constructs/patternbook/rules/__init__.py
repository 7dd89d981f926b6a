"""Rules for CloudFormation templates: they find problems that break a deployment and that most checkers do not see.

The rules are plain Python and do not need the CDK. ``patternbook check`` runs them on any template, see
:mod:`patternbook.rules.cli`. ``PatternbookRules`` runs them on the templates of a CDK app.
"""

from collections.abc import Mapping
from typing import Final

from patternbook.rules import (
    alarms,
    api_gateway,
    app_runner,
    aurora,
    aws_lambda,
    cloudfront,
    cognito,
    dynamodb,
    ecr,
    ecs,
    efs,
    eks,
    firehose,
    iam,
    lambda_changes,
    lambda_edge,
    lambda_networks,
    lambda_queues,
    networks,
    routes,
    s3,
    security_groups,
    sqs,
    step_functions,
)
from patternbook.rules.engine import ACKNOWLEDGEMENT_RULES
from patternbook.rules.rule import Rule, rules_in

FAMILIES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "ECS": ecs.RULES,
    "EKS": eks.RULES,
    "Lambda": rules_in(aws_lambda, lambda_changes, lambda_queues, lambda_networks),
    "Lambda@Edge": rules_in(lambda_edge),
    "CloudFront": rules_in(cloudfront),
    "ECR": rules_in(ecr),
    "EFS": rules_in(efs),
    "App Runner": rules_in(app_runner),
    "IAM": rules_in(iam),
    "Networks": rules_in(networks, routes, security_groups),
    "Aurora": rules_in(aurora),
    "API Gateway": rules_in(api_gateway),
    "Cognito": rules_in(cognito),
    "DynamoDB": rules_in(dynamodb),
    "S3": rules_in(s3),
    "SQS": rules_in(sqs),
    "Firehose": rules_in(firehose),
    "Step Functions": rules_in(step_functions),
    "Alarms": rules_in(alarms),
}
"""The rules by AWS service."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for rules in FAMILIES.values() for rule in rules)
"""All rules for templates."""
EVERY_RULE: Final[tuple[Rule, ...]] = (*RULES, *ACKNOWLEDGEMENT_RULES)
"""All rules, with those for acknowledgements."""
