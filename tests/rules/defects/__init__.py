"""Defects to write into the templates of the patterns. Each breaks one rule, and no other."""

from typing import Final

from tests.rules.defects import (
    app_runner,
    aurora,
    aws_lambda,
    cloudfront,
    ecr,
    ecs,
    efs,
    eks,
    firehose,
    lambda_edge,
    networks,
    sqs,
    step_functions,
    web_api,
)
from tests.rules.defects.base import Defect

DEFECTS: Final[tuple[Defect, ...]] = (
    *ecs.DEFECTS,
    *eks.DEFECTS,
    *aws_lambda.DEFECTS,
    *sqs.OF_CONSUMERS,
    *lambda_edge.DEFECTS,
    *cloudfront.DEFECTS,
    *ecr.DEFECTS,
    *efs.DEFECTS,
    *app_runner.DEFECTS,
    *networks.DEFECTS,
    *aurora.DEFECTS,
    *web_api.DEFECTS,
    *sqs.DEFECTS,
    *firehose.DEFECTS,
    *step_functions.DEFECTS,
)
"""All defects, in the order of the rules."""
