"""A sound template for each rule, and the smallest changes that break the rule."""

from collections.abc import Mapping
from typing import Final

from patternbook.rules import RULES
from tests.rules.cases import (
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
    ecs_networks,
    efs,
    eks,
    eks_modes,
    firehose,
    iam,
    lambda_edge,
    lambda_networks,
    lambda_queues,
    networks,
    s3,
    sqs,
    step_functions,
)
from tests.rules.cases.base import Case

_CASES: Final[Mapping[str, Case]] = {
    **ecs.CASES,
    **ecs_networks.CASES,
    **eks.CASES,
    **eks_modes.LAUNCH_TEMPLATES,
    **eks_modes.MODES,
    **aws_lambda.CASES,
    **lambda_queues.CASES,
    **lambda_networks.CASES,
    **lambda_edge.CASES,
    **cloudfront.CASES,
    **ecr.CASES,
    **efs.CASES,
    **app_runner.CASES,
    **iam.CASES,
    **networks.CASES,
    **aurora.CASES,
    **api_gateway.CASES,
    **cognito.CASES,
    **dynamodb.CASES,
    **s3.CASES,
    **sqs.CASES,
    **firehose.CASES,
    **step_functions.CASES,
    **alarms.CASES,
}
CASES: Final[Mapping[str, Case]] = {rule.id: _CASES[rule.id] for rule in RULES if rule.id in _CASES} | _CASES
"""The cases by rule id, in the order of the rules."""
