"""ECS Express Mode makes a service with a URL from an image, and owns everything in between.

- ECS makes the load balancer, its certificate and domain name, scaling and the alarm for rollbacks.
- The task definition is the stack's: non-root, with a read-only root file system and its own log group.
- By default tasks have public addresses, and security groups admit only the service's subnets.
- ``private_ingress`` moves everything into private subnets, behind an internal load balancer.
- Deployments are canaries. Deletion stops the service before roles, routes and cluster go.
- Four alarms and a dashboard. Production has its own KMS key, interface endpoints and protection from deletion.

Page: docs/ecs-express.md
"""

from stacks.ecs_express.settings import EcsExpressSettings
from stacks.ecs_express.stack import EcsExpressStack

__all__ = ["EcsExpressSettings", "EcsExpressStack"]
