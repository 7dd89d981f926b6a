"""The deployment strategies of ECS services: rolling, and those that shift requests to new tasks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
"""

from typing import Final, Literal, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

DeploymentName = Literal["rolling", "blue_green", "canary", "linear"]

STRATEGIES: Final[dict[DeploymentName, ecs.DeploymentStrategy]] = {
    "rolling": ecs.DeploymentStrategy.ROLLING,
    "blue_green": ecs.DeploymentStrategy.BLUE_GREEN,
    "canary": ecs.DeploymentStrategy.CANARY,
    "linear": ecs.DeploymentStrategy.LINEAR,
}
BAKE_TIME: Final = cdk.Duration.minutes(15)
"""Time for which the old tasks keep running after all requests have shifted, so that a rollback is immediate. Without
it, ECS waits for 36 hours:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
"""


class DeploymentOptions(TypedDict, total=False):
    """Arguments of a service for its deployment strategy."""

    deployment_strategy: ecs.DeploymentStrategy
    bake_time: cdk.Duration


def deployment_options(deployment: DeploymentName) -> DeploymentOptions:
    """The arguments of a service for a strategy. Rolling is the default of ECS and needs none.

    The circuit breaker and deployment alarms apply to all strategies:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
    """
    if deployment == "rolling":
        return {}
    return {"deployment_strategy": STRATEGIES[deployment], "bake_time": BAKE_TIME}
