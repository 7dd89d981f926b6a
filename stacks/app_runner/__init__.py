"""App Runner: from a container image or a source repository to a web service with a URL.

**App Runner takes no new customers since 2026-04-30.** An account that used it before goes on as it was; any other
cannot deploy this pattern and takes the successor that AWS recommends, Amazon ECS Express Mode (``EcsExpressStack``).
``cdk synth`` says so in one line, unless ``existing_customer`` is set, and ``docs/app-runner.md`` tells how to move.

Choose it, where you still can, for a web service of which nobody shall look after a load balancer, a cluster or a
network, and which can do without what those would let one choose: it speaks HTTP only, and scales by requests only.

This creates:

- **Service**: from an image of ECR Public or of a private ECR repository (``image``), **or** from a source repository
  of GitHub or Bitbucket (``repository_url``, with a connection), which App Runner builds as its ``apprunner.yaml``
  says, or by a runtime and commands given here. Exactly one of the two; without either, App Runner's own demonstration.
  vCPU and memory as App Runner offers them together. HTTPS with a certificate of App Runner's.
- **Auto scaling**: from ``min_instances``, which are always ready, to ``max_instances``, by the requests at once that
  each instance gets (``max_concurrency``).
- **Health check** by HTTP on a path, or by TCP.
- **Deployments**: each push to a tag of a private repository, or to the branch, where ``automatic_deployments`` is on;
  else by the command in the outputs, or with the stack.
- **Two roles**: the access role, only for a private repository, pulls from this one. The instance role is the
  application's; it may read the secrets and parameters given by ARN, decrypt these, send traces, and nothing else.
- **Network**, only where asked for: a VPC in three AZs. With ``vpc_connector``, what instances send goes through its
  private subnets and NAT gateways (one in sandbox, one an AZ in production), by HTTPS to everybody and by TCP within
  the VPC. With ``private_ingress``, the internet does not reach the service; an interface endpoint does, for
  ``allowed_cidrs``. Flow logs, an S3 gateway endpoint.
- **Web ACL** of AWS WAF (``web_acl_arn``), in front of a public or a private service.
- **Operation**: traces in X-Ray (``tracing``); alarms on 5xx responses, slow ones, and a service at its most instances,
  each for this service by its name and id, an SNS topic with an optional e-mail, a dashboard. App Runner makes its own
  log groups and keeps them for ever; the outputs have the commands that read them and that bound them.
- In production, a **customer managed key**, which encrypts the copies of the source that App Runner keeps, the topic
  and flow logs. Another key, and so another posture, replaces the service, and its URL.

To leave it running in us-east-1 costs about 0.01 USD an hour in either posture (memory of two instances that are
ready), 0.02 USD more for each that is busy, and 1 USD a month for the key; with ``vpc_connector`` or
``private_ingress`` 0.05 USD an hour more in sandbox and 0.15 in production (NAT gateways), and 0.03 for the endpoint.
"""

from stacks.app_runner.settings import AppRunnerSettings
from stacks.app_runner.stack import AppRunnerStack

__all__ = ["AppRunnerSettings", "AppRunnerStack"]
