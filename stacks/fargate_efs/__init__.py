"""Fargate with EFS behind an Application Load Balancer: serverless containers that share their files.

Tasks in three Availability Zones run without a server to look after, and read and write one persistent file
system. Choose it for content management, uploads, model files, anything that expects a file system and more
than one task. Choose EC2 capacity instead for GPUs or daemons; S3 instead of EFS for objects written once.

This creates:

- **Network**: a VPC in three AZs. Public subnets hold only the load balancer and the NAT gateways (one in
  sandbox, one an AZ in production); tasks run in private subnets without public addresses; EFS mount targets
  are in isolated subnets, one an AZ. An S3 gateway endpoint, flow logs, and in production interface endpoints
  for what tasks call. Only the load balancer's listeners admit anyone from outside (``allowed_cidrs``); tasks
  reach out by HTTPS only.
- **EFS**: encrypted at rest (with a customer managed key in production) and in transit. IAM decides: the file
  system policy refuses plain transport and anonymous clients, and the task role mounts through one access point
  with a POSIX user and a root directory of its own. NFS is open to the tasks only. Elastic throughput;
  infrequent access after 30 days and back at the first access; backups, and retention, in production.
- **Tasks**: ARM64, non-root, with a read-only root file system; what they can write to is declared. Health
  check, explicit log group, ECS Exec in sandbox, an on-demand base with Fargate Spot beyond it, secrets and
  parameters by ARN. The execution role pulls, logs and reads those secrets; the task role reaches the file
  system through its access point, and nothing else (in sandbox also the channel of ECS Exec).
- **Image**: without one of your own, a small web server, and an init container that adds a line to a shared
  page: a browser shows which tasks, in which AZs, share the file system.
- **Load balancer**: HTTPS by a TLS 1.3 policy, and a redirect, with ``certificate_arn``; without one plain HTTP
  in sandbox, and a refusal in production unless ``allow_plain_http``. Invalid headers are dropped. Access logs
  and deletion protection in production; an optional WAF web ACL.
- **Service auto scaling**: target tracking on average CPU, average memory and requests per target; optional
  scheduled scaling, and optional step scaling on the response time.
- **Deployment**: rolling, 100 to 200 %, with a circuit breaker that rolls back, AZ rebalancing, mount targets
  before tasks, and connections drained for 30 seconds.
- **Operation**: alarms (5xx of tasks and of the load balancer, unhealthy targets, response time, missing
  tasks, EFS throughput), an SNS topic with an optional e-mail, a dashboard, Container Insights (enhanced in
  production).

To leave it running in us-east-1 costs about 0.12 USD an hour in sandbox (90 USD a month: NAT gateway, load
balancer, public addresses, two tasks), and about 0.30 USD an hour in production before traffic (three NAT
gateways, nine interface endpoints).
"""

from stacks.fargate_efs.settings import FargateEfsSettings
from stacks.fargate_efs.stack import FargateEfsStack

__all__ = ["FargateEfsSettings", "FargateEfsStack"]
