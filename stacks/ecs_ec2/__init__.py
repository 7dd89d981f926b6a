"""A web service and a worker with a queue between them run on EC2 instances that come and go with their tasks.

- A capacity provider scales and drains the instances; without one they scale by CPU.
- AL2023 or Bottlerocket, ARM64 or x86_64, on demand and on Spot. Impossible combinations are refused at synth.
- Instances: IMDSv2 for one hop, encrypted volumes, no SSH; an instance role for this cluster only.
- Web may only send messages, and the worker may only consume them. Failed messages go to a dead-letter queue.
- Tasks have their own network interface and security group. EFS is optional.
- Web scales by CPU, memory, requests, schedule and response time, the worker by backlog per task.
- Deployments roll back when they fail.
- Eight alarms and a dashboard. Production has its own KMS key, interface endpoints, access logs and protection.

Page: docs/ecs-ec2.md
"""

from stacks.ecs_ec2.settings import EcsEc2Settings
from stacks.ecs_ec2.stack import EcsEc2Stack

__all__ = ["EcsEc2Settings", "EcsEc2Stack"]
