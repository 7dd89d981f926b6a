"""Fargate behind an internal Network Load Balancer, published by PrivateLink: a service for other VPCs and accounts.

Consumers reach one port of one service, from a VPC of their own, without peering, a transit gateway, the internet, or
addresses that must not overlap. Choose it to offer a service to other teams or customers, for TCP that is not HTTP,
for millions of connections, or for static addresses. Choose an Application Load Balancer
(``FargateEfsStack`` has one) for routing by host or path, WAF, authentication, redirects, or scaling by requests, of
which a Network Load Balancer knows nothing; and for HTTP within one VPC.

This creates:

- **Network**: a VPC in three AZs. Public subnets hold only the NAT gateways (one in sandbox, one an AZ in
  production); load balancer and tasks are in private subnets. Nothing admits anyone from the internet; tasks reach
  out by HTTPS only. An S3 gateway endpoint, flow logs, and in production interface endpoints for what tasks call.
- **Load balancer**: internal, with a security group, one listener and cross-zone load balancing. ``protocol`` TCP
  passes bytes on as they are (so the tasks can end TLS themselves), TLS ends it by a TLS 1.3 policy, with
  ``certificate_arn``. The group admits the listener's port from ``allowed_cidrs``, and reaches the tasks on theirs.
  Deletion protection in production, and access logs, which there are for TLS only.
- **Clients' addresses**: tasks see that of a client that connects to the load balancer itself. By PrivateLink they
  see the load balancer's: AWS preserves none there, but ``proxy_protocol`` hands it on in a header. The security
  group sees clients' addresses in either case: ``enforce_inbound_rules`` says whether it holds for PrivateLink too.
- **Endpoint service**: each connection waits for acceptance, unless ``acceptance_required`` is off. Only
  ``allowed_principals`` may ask, and by default nobody: ``*`` is refused, as it would make the service public, to
  anyone in AWS who hears of its name. An optional private DNS name, with the TXT record that verifies its domain.
- **Consumer**, optional, to try it in one account: a second VPC without a way in or out, and an interface endpoint
  that admits that VPC on the service's port only. CloudFormation has nothing that accepts a connection, so this asks
  for ``acceptance_required`` off, and is refused otherwise, in place of a custom resource that would accept anything.
- **Tasks**: ARM64, non-root, with a read-only root file system. They admit the load balancer only. Explicit log
  group, ECS Exec in sandbox, an on-demand base with Fargate Spot beyond it, secrets and parameters by ARN. The
  execution role pulls, logs and reads those secrets; the task role may do nothing (in sandbox the channel of ECS
  Exec).
- **Health check**: by TCP, or on a path by HTTP or HTTPS; all that a Network Load Balancer offers.
- **Image**: without one of your own, a small web server, with a page that says which task answers.
- **Service auto scaling**: target tracking on average CPU and average memory; optional scheduled scaling.
- **Deployment**: rolling, 100 to 200 %, with a circuit breaker that rolls back and AZ rebalancing. Connections to a
  task that stops are closed after 30 seconds.
- **Operation**: alarms (unhealthy targets, connections reset by tasks or by the load balancer, blocked ones, ones
  without a free port, missing tasks), an SNS topic with an optional e-mail, a dashboard with the bytes and
  connections that go through, Container Insights (enhanced in production).

To leave it running in us-east-1 costs about 0.10 USD an hour in sandbox (70 USD a month: NAT gateway, load balancer,
one public address, two tasks; 0.03 more with the consumer), and about 0.28 USD an hour in production before traffic
(three NAT gateways, nine interface endpoints). A consumer pays for its own endpoint.
"""

from stacks.fargate_private_link.settings import FargatePrivateLinkSettings
from stacks.fargate_private_link.stack import FargatePrivateLinkStack

__all__ = ["FargatePrivateLinkSettings", "FargatePrivateLinkStack"]
