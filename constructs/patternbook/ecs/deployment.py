"""The deployment strategies of ECS services: rolling, and those that shift requests to new tasks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
"""

from typing import Final, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from patternbook.ecs.settings import DeploymentName
from patternbook.posture import Posture

STRATEGIES: Final[dict[DeploymentName, ecs.DeploymentStrategy]] = {
    "rolling": ecs.DeploymentStrategy.ROLLING,
    "blue_green": ecs.DeploymentStrategy.BLUE_GREEN,
    "canary": ecs.DeploymentStrategy.CANARY,
    "linear": ecs.DeploymentStrategy.LINEAR,
}
BAKE_TIME: Final = cdk.Duration.minutes(20)
"""Time for which ECS watches the alarms after the last new task is healthy, and for which the strategies that shift
requests keep the old tasks. It covers the slowest deployment alarm, which looks back 20 minutes. Each deployment takes
that much longer. The documents disagree about the default of a rolling deployment (less than 5 minutes, or 3 hours),
and the other strategies wait for 36 hours:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
"""


class DeploymentOptions(TypedDict, total=False):
    """Arguments of a service for its deployment strategy."""

    deployment_strategy: ecs.DeploymentStrategy
    bake_time: cdk.Duration


def deployment_options(deployment: DeploymentName, *, posture: Posture) -> DeploymentOptions:
    """The arguments of a service for a strategy. Rolling is the default, and bakes only if alarms are watched."""
    if deployment == "rolling":
        return {"bake_time": BAKE_TIME} if posture.deployment_alarms else {}
    return {"deployment_strategy": STRATEGIES[deployment], "bake_time": BAKE_TIME}
