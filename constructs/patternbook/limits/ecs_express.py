"""What ECS Express Mode asks for and fixes, beside what any task on Fargate has to keep to.

Resources and defaults: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from typing import Final

MAIN_CONTAINER: Final = "Main"
"""The name that the container with the traffic has to have, in a task definition of one's own. It has one port mapping
over TCP, and that has a name; the definition is for Fargate.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
"""

SCALING_METRICS: Final = {
    "cpu": "AVERAGE_CPU",
    "memory": "AVERAGE_MEMORY",
    "requests": "REQUEST_COUNT_PER_TARGET",
}
"""What a service scales by, one of them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayScalingTarget.html
"""

MAX_REQUESTS_PER_TARGET: Final = 65_536
"""The most that a service that scales by requests can be asked to keep."""
