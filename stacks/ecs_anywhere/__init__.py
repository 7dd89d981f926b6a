"""ECS Anywhere: a service on machines outside of AWS, which ECS deploys, watches and restarts.

Servers in a cellar, at a customer's or in another cloud register with a cluster and run its tasks; the control plane,
logs and alarms are in AWS. Choose it for work that has to run where the machines are: near data or devices, without
sending them away, or on hardware that is there already. Choose Fargate or EC2 for all that can run in AWS: what
ECS Anywhere does not support (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html) is much
of what the other patterns are about. **Load balancers, the network mode awsvpc, service discovery, Service Connect,
capacity providers, EFS volumes and SELinux**; nor is service auto scaling documented for it, and CDK refuses it. A
setting that would need one of them is refused, with the reason. Inbound traffic comes by a machine's own port.

This creates:

- **Cluster** without a VPC: nothing of a network is in the stack, so nothing of it is paid for. Container Insights
  (enhanced in production).
- **Machine role**: Systems Manager gives it to machines that register by a hybrid activation, for this account and
  Region only. It may register and report in this cluster, and keep the connection of the SSM agent; neither pull
  images, nor write logs, nor read parameters, as the two managed policies that AWS documents would let it.
- **Commands** as outputs, and ``stacks/ecs_anywhere/runtime/machine.sh``, which checks before it begins: to register a
  machine (an activation for one machine, AWS's installer, its signature verified against the fingerprint of the key
  of Amazon ECS), and to deregister it (its tasks moved away, out of ECS and of Systems Manager, agents purged).
- **Tasks**: in bridge network mode, on a fixed ``host_port`` or any free one, non-root, with a read-only root file
  system; what they can write to is declared. Placed on machines of their CPU architecture only. ECS Exec in sandbox,
  secrets and parameters by ARN. The execution role pulls, writes to one log group and reads those secrets; the task
  role may do nothing (in sandbox it has the channel of ECS Exec).
- **Image**: without one of your own, a small web server whose page names its container.
- **Service**: launch type EXTERNAL. No task until ``desired_count`` says so: without a machine that takes its tasks,
  CloudFormation would wait for hours. Deployments are rolling, 100 to 200 %, with a circuit breaker that rolls back;
  less than 100 (``min_healthy_percent``) where no machine can be spared.
- **Operation**: alarms on missing tasks, and on tasks that report nothing, such as those of a machine that is cut
  off; a message when no machine takes a task, with ECS's reason; an SNS topic with an optional e-mail, a dashboard.
  In production logs and messages are encrypted with a customer managed key, and logs are retained.

It costs 0.01025 USD an hour for each machine that is registered (7.50 USD a month;
https://aws.amazon.com/ecs/anywhere/pricing), plus logs, and Container Insights' metrics of a few services. Without a
machine it costs next to nothing: in production 1 USD a month for the key.
"""

from stacks.ecs_anywhere.settings import EcsAnywhereSettings
from stacks.ecs_anywhere.stack import EcsAnywhereStack

__all__ = ["EcsAnywhereSettings", "EcsAnywhereStack"]
