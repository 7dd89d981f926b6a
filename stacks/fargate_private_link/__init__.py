"""A Fargate service behind an internal Network Load Balancer, for other VPCs and accounts by AWS PrivateLink.

- Nothing admits the internet. Tasks admit the load balancer only and reach out by HTTPS only.
- One listener for TCP or TLS, with a security group that can apply to PrivateLink clients, too.
- Nobody may connect by default. Only named principals may, and each connection waits for acceptance.
- An optional private DNS name, and an optional second VPC to try the service in one account.
- The proxy protocol can carry the client's address, which PrivateLink hides.
- Scaling by CPU, memory and schedule, on demand, with Spot in sandbox. Deployments roll back when they fail.
- Six alarms and a dashboard. Production has its own KMS key, interface endpoints and protection from deletion.

Page: docs/fargate-private-link.md
"""

from stacks.fargate_private_link.settings import FargatePrivateLinkSettings
from stacks.fargate_private_link.stack import FargatePrivateLinkStack

__all__ = ["FargatePrivateLinkSettings", "FargatePrivateLinkStack"]
