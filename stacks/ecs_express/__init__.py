"""ECS Express Mode: an image becomes a service with an address and HTTPS, and ECS owns what is in between.

The successor that AWS names for App Runner, which takes no new customers since 2026-04-30: the same image, sizes,
health check and scaling between two bounds, and a URL. Choose ``FargateEfsStack`` where the load balancer has to be
yours: tasks in private subnets behind a public one, a certificate and a domain of your own, allowed addresses, access
logs, deletion protection, several metrics or schedules to scale by, Spot, files. Express Mode has none of these.

This creates:

- **Service**: a task definition, a role that ECS makes the rest by, bounds and one metric to scale by. ECS makes an
  Application Load Balancer with a certificate of ACM for a name of AWS's (``….ecs.<region>.on.aws``), which serves
  HTTPS and nothing else, target groups, security groups, scaling, and an alarm. They are not in the template, and go
  when the service does.
- **Network**: a VPC in three AZs. Where the subnets are, there ECS puts load balancer and tasks alike. A service that
  is reached from the internet, the default, is in the public subnets, each task **with a public address**; there is no
  NAT gateway then. Nobody outside reaches a task all the same: their security group admits these subnets, where nothing
  else is, to the port of the container, and lets tasks reach out by HTTPS only. With ``private_ingress`` both are in
  private subnets, behind NAT gateways (one in sandbox, one an AZ in production), and the URL leads into the VPC. Flow
  logs, an S3 gateway endpoint, and in production interface endpoints for what the tasks call.
- **Two roles**: by the infrastructure role ECS makes, changes and deletes what belongs to the service, with AWS's
  managed policy. The execution role pulls the image, writes to one log group and reads the secrets and parameters
  given by ARN. The task role may do nothing.
- **Tasks**: on Fargate, non-root, with a read-only root file system, for ``architecture``. Explicit log group; no ECS
  Exec, which Express Mode does not switch on.
- **Deployments**: ECS shifts 5 % of the requests to the new tasks, the rest after three minutes, and rolls back when
  more than 1 % of the responses are 4xx or 5xx. A stack that is deleted stops the service before it deletes roles,
  routes and cluster.
- **Image**: without one of your own, a page that says which task answers, in which AZ.
- **Operation**: alarms (5xx responses, slow ones, missing tasks), an SNS topic with an optional e-mail, a dashboard,
  Container Insights (enhanced in production). An AWS WAF web ACL if given.

In production the stack refuses to be deleted, logs and notifications are encrypted with a key of the stack's own, and
logs and key stay. The load balancer is beyond that: nothing protects it from deletion, and it writes no access logs.

To leave it running in us-east-1 costs about 0.07 USD an hour in sandbox (load balancer, five public addresses, two
small tasks) and about 0.16 USD an hour in production before traffic (nine interface endpoints).
"""

from stacks.ecs_express.settings import EcsExpressSettings
from stacks.ecs_express.stack import EcsExpressStack

__all__ = ["EcsExpressSettings", "EcsExpressStack"]
