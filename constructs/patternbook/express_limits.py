"""What ECS Express Mode asks for and fixes, beside what any task on Fargate has to keep to.

Resources and defaults: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from typing import Final

MAIN_CONTAINER: Final = "Main"
"""The name that the container with the traffic has to have, in a task definition of one's own. It has one port mapping
over TCP, and that has a name; the definition is for Fargate.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
"""

WITHOUT_TASK_DEFINITION: Final = ("PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory")
"""The properties of ``AWS::ECS::ExpressGatewayService`` that exclude a task definition of one's own."""

MIN_AZS: Final = 2
"""AZs that the subnets of a service are in, at least."""

MIN_FREE_ADDRESSES: Final = 8
"""Free IPv4 addresses in each of these subnets, at least."""

MAX_SERVICES_OF_A_LOAD_BALANCER: Final = 25
"""Services of a VPC that share an Application Load Balancer; with more, ECS makes another."""

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
