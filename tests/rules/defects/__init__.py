"""Defects to write into the templates of the patterns. Each breaks one rule, and no other."""

from typing import Final

from patternbook.rules import RULES
from tests.rules.defects import (
    alarms,
    app_runner,
    aurora,
    aws_lambda,
    cloudfront,
    ecr,
    ecs,
    ecs_networks,
    efs,
    eks,
    eks_modes,
    firehose,
    lambda_edge,
    lambda_networks,
    networks,
    sqs,
    step_functions,
    web_api,
)
from tests.rules.defects.base import Defect

_DEFECTS: Final[tuple[Defect, ...]] = (
    *ecs.DEFECTS,
    *ecs_networks.DEFECTS,
    *eks.DEFECTS,
    *eks_modes.DEFECTS,
    *aws_lambda.DEFECTS,
    *sqs.OF_CONSUMERS,
    *lambda_networks.DEFECTS,
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
    *alarms.DEFECTS,
)
_ORDER: Final = [rule.id for rule in RULES]
DEFECTS: Final = tuple(sorted(_DEFECTS, key=lambda defect: _ORDER.index(defect.rule)))
"""All defects, in the order of the rules."""
