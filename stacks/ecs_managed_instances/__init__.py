"""A service behind a load balancer runs on EC2 instances that ECS chooses, launches, patches and terminates.

- ECS chooses instance types by attributes, on demand or on Spot. A task that fits on none is refused at synth.
- The infrastructure role may pass the instance role and no other; the instance role is for this cluster only.
- Instances accept no connections, and tasks accept only those of the load balancer. Both can connect by HTTPS only.
- Tasks are non-root, with a read-only root file system and a task role without permissions.
- The service scales by CPU, memory, requests, schedule and response time. Deployments roll back when they fail.
- Five alarms and a dashboard. Production has HTTPS, its own KMS key, interface endpoints, access logs and protection.

Page: docs/ecs-managed-instances.md
"""

from stacks.ecs_managed_instances.settings import EcsManagedInstancesSettings
from stacks.ecs_managed_instances.stack import EcsManagedInstancesStack

__all__ = ["EcsManagedInstancesSettings", "EcsManagedInstancesStack"]
