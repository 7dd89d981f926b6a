"""A sound template for each rule, and the smallest changes that break the rule."""

from collections.abc import Mapping
from typing import Final

from tests.rules.cases import (
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
    lambda_edge,
    lambda_queues,
    networks,
    sqs,
    step_functions,
)
from tests.rules.cases.base import Case

CASES: Final[Mapping[str, Case]] = {
    **ecs.CASES,
    **eks.CASES,
    **aws_lambda.CASES,
    **lambda_queues.CASES,
    **lambda_edge.CASES,
    **cloudfront.CASES,
    **ecr.CASES,
    **efs.CASES,
    **app_runner.CASES,
    **networks.CASES,
    **aurora.CASES,
    **api_gateway.CASES,
    **cognito.CASES,
    **dynamodb.CASES,
    **sqs.CASES,
    **firehose.CASES,
    **step_functions.CASES,
}
"""The cases by rule id, in the order of the rules."""
