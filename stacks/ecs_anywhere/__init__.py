"""A service on machines outside of AWS, which ECS deploys, watches and restarts (ECS Anywhere).

- The cluster has no VPC, no load balancer and no NAT gateway.
- The machine role allows less than AWS's two managed policies, for this account and cluster.
- Commands and ``machine.sh`` register, deregister and purge a machine, and verify AWS's installer.
- Tasks run in bridge mode on machines of their CPU architecture, non-root, with a read-only root file system.
- A setting that ECS Anywhere does not support is refused with the reason.
- Alarms on missing and on silent tasks, and a message with ECS's reason if no machine can run a task.
- Production has its own KMS key, retained logs and protection from deletion.

Page: docs/ecs-anywhere.md
"""

from stacks.ecs_anywhere.settings import EcsAnywhereSettings
from stacks.ecs_anywhere.stack import EcsAnywhereStack

__all__ = ["EcsAnywhereSettings", "EcsAnywhereStack"]
