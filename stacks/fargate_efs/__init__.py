"""Fargate tasks in three AZs behind an Application Load Balancer share one EFS file system.

- Only the load balancer admits clients from outside; tasks are in private subnets and reach out by HTTPS only.
- EFS is encrypted at rest and in transit, and the task role mounts it through one access point.
- Tasks are non-root, with a read-only root file system. Secrets and parameters come by ARN.
- HTTPS in production, with a redirect from HTTP. An AWS WAF web ACL is optional.
- Scaling by CPU, memory, requests, schedule and response time, on demand, with Fargate Spot in sandbox.
- Deployments roll or shift requests, and roll back when they fail. Six alarms, a dashboard and Container Insights.
- Production has its own KMS key, interface endpoints, backups, access logs, and protection from deletion.

Page: docs/fargate-efs.md
"""

from stacks.fargate_efs.settings import FargateEfsSettings
from stacks.fargate_efs.stack import FargateEfsStack

__all__ = ["FargateEfsSettings", "FargateEfsStack"]
