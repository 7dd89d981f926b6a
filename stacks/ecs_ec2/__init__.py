"""ECS on EC2 with a capacity provider: two services on instances that come and go with their tasks.

``web`` answers behind an Application Load Balancer, ``worker`` works off an SQS queue; each has a task role of its
own. Choose it for what Fargate has not: instance types of your choice, Spot below a base of your own, images kept on
the instance, a price that falls with utilization. Choose Fargate for anything else, as there is no instance to look
after; managed instances (``EcsManagedInstancesStack``) where AWS shall look after them.

This creates:

- **Network**: a VPC in three AZs. Public subnets hold only the load balancer and the NAT gateways (one in sandbox, one
  an AZ in production); instances and tasks are in private subnets without public addresses. Flow logs, an S3 gateway
  endpoint, and in production interface endpoints for what instances and tasks call. Only the load balancer's listeners
  admit anyone from outside (``allowed_cidrs``); instances and the worker admit nobody, and all reach out by HTTPS only.
- **Instances**: AL2023 or Bottlerocket (``operating_system``) on ARM64 or x86_64 (``architecture``), by the
  ECS-optimized AMI that SSM names at deployment. Types of another architecture are refused, and so are more tasks than
  the instances have network interfaces, CPU or memory for. IMDSv2 only, for one hop, and the agent cuts tasks off it.
  gp3 volumes, encrypted. No SSH key: Session Manager opens a session. On demand up to a base, and beyond it with the
  share of Spot that you choose.
- **Instance role**: what the agent needs in this cluster, and Session Manager; no managed policy. It can neither pull
  images nor write logs: the execution role of a task does, and reads the secrets and parameters given by ARN.
- **Capacity provider**: managed scaling by a target capacity, managed draining, and in production managed termination
  protection with scale-in protection. Both services place tasks through it, never by a launch type: spread over AZs
  first, then packed by memory. A stack that is deleted stops services before it takes the provider from the cluster,
  and that before the instances.
- **Or none** (``capacity_provider`` off): the group keeps the average CPU of its instances
  (``target_instance_cpu_percent``), and services have the launch type EC2. One or the other: what belongs to the
  provider is refused then, and the CPU target with it. CPU says nothing about tasks that find no room, so fewer
  instances than the smallest numbers of tasks need are refused too; and nobody drains or protects an instance that
  scales in: its tasks stop with it, and start elsewhere. Choose it where all tasks hang on the CPU and can be stopped
  at any time.
- **New instances**: a deployment with a new AMI, or another change of the launch template, replaces instances one by
  one; in production an instance is replaced after 30 days at the latest, once it runs no task. AWS keeps a protected
  instance from that too: with ``protect_busy_instances`` off it is drained at 30 days. Without a capacity provider
  nothing keeps or drains it.
- **Tasks**: a network interface and security group each (``awsvpc``), non-root, with a read-only root file system.
  Rolling deployments, 100 to 200 %, with a circuit breaker that rolls back, and AZ rebalancing. Explicit log group;
  ECS Exec in sandbox. ``shared_files`` gives both services an EFS file system, with TLS and IAM (on AL2023).
- **Queue**: encrypted (with a customer managed key in production), TLS only, with a queue for messages that failed five
  times. Web may send messages and nothing else, the worker receive and delete them and nothing else.
- **Service auto scaling**: web on CPU, memory and requests per target, by schedule and by response time as chosen; the
  worker on CPU and, in steps, on the messages that wait.
- **Images**: without ones of your own, a page that says which task answers, in which AZ; each web task sends a message
  before it serves, and the worker prints what it receives.
- **Operation**: alarms (those of the load balancer and its targets, missing tasks of either service, old messages, and
  messages that failed), an SNS topic with an optional e-mail, a dashboard, Container Insights (enhanced in production).

To leave it running in us-east-1 costs about 0.14 USD an hour in sandbox (100 USD a month: NAT gateway, load balancer,
public addresses, two t4g.small with volumes and detailed monitoring), and about 0.50 USD an hour in production before
traffic (three NAT gateways, 27 interface endpoints).
"""

from stacks.ecs_ec2.settings import EcsEc2Settings
from stacks.ecs_ec2.stack import EcsEc2Stack

__all__ = ["EcsEc2Settings", "EcsEc2Stack"]
