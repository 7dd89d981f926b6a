"""ECS on managed instances: a service on EC2 instances that ECS chooses, starts, patches and takes away.

The same ``web`` as in ``EcsEc2Stack``, to lay the two side by side. Choose it for what Fargate has not (kinds of
instances of your choice, images kept on the instance, several tasks on one) when nobody wants to look after instances.
Choose ``EcsEc2Stack`` where you have to: an AMI or user data of your own, a shell on the instance, instances that live
for longer; and Fargate where no instance matters.

This creates:

- **Network**: a VPC in three AZs. Public subnets hold only the load balancer and the NAT gateways (one in sandbox, one
  an AZ in production); instances and tasks are in private subnets without public addresses. Flow logs, an S3 gateway
  endpoint, and in production interface endpoints for what instances and tasks call. Only the load balancer's listeners
  admit anyone from outside (``allowed_cidrs``); instances admit nobody, tasks the load balancer, and both reach out by
  HTTPS only.
- **Capacity provider**: ECS chooses instances **by their attributes**, within bounds of vCPUs and memory, of processors
  of one architecture (``architecture``; tasks are for the same), without GPUs or bare metal, burstable ones or not, and
  if wished of named types only. On demand, or on Spot. A task that no such instance has room for is refused.
- **Two roles**: by the infrastructure role ECS runs the instances, with AWS's managed policy, and may pass them the
  instance role and no other. The instance role is for the agent, in this one cluster; it can neither pull images nor
  write logs: the execution role of the task does, and reads the secrets and parameters given by ARN.
- **Service**: it places tasks through the provider, never by a launch type. A stack that is deleted stops it before it
  deletes the provider, and that before the roles and the way out. Rolling deployments, 100 to 200 %, with a circuit
  breaker that rolls back, and AZ rebalancing.
- **Tasks**: a network interface and security group each (``awsvpc``), non-root, with a read-only root file system, and
  a task role that may do nothing. Explicit log group; ECS Exec in sandbox.
- **Service auto scaling** on CPU, memory and requests per target, by schedule and by response time as chosen. Nothing
  scales instances: ECS starts them for tasks that wait, and takes away those that stand idle.
- **Image**: without one of your own, a page that says which task answers, in which AZ.
- **Operation**: alarms (those of the load balancer and its targets, missing tasks), an SNS topic with an optional
  e-mail, a dashboard, detailed monitoring of instances, Container Insights (enhanced in production).

To leave it running in us-east-1 costs about 0.10 USD an hour in sandbox (NAT gateway, load balancer, public addresses)
and about 0.37 USD an hour in production before traffic (three NAT gateways, 18 interface endpoints), and in both the
instances that ECS chooses, with its fee for managing each.
"""

from stacks.ecs_managed_instances.settings import EcsManagedInstancesSettings
from stacks.ecs_managed_instances.stack import EcsManagedInstancesStack

__all__ = ["EcsManagedInstancesSettings", "EcsManagedInstancesStack"]
