"""A web service on AWS App Runner, from a container image or a source repository.

- The source is exactly one of an image and a repository. Without either, the demonstration page runs.
- The access role pulls from the repository of the image only.
- The instance role reads the given secrets and parameters, decrypts them, sends traces, and may do nothing else.
- Auto scaling keeps minimum and maximum, and the health check is HTTP or TCP.
- There is no VPC by default. A VPC connector sends the application's traffic through private subnets, and private
  ingress takes the service off the internet.
- Alarms watch 5xx responses, latency and the maximum number of instances.
- In production, a customer managed key encrypts the source, the notifications and the flow logs.
- Synth warns that App Runner takes no new customers, and names its successor.

Page: docs/app-runner.md
"""

from stacks.app_runner.settings import AppRunnerSettings
from stacks.app_runner.stack import AppRunnerStack

__all__ = ["AppRunnerSettings", "AppRunnerStack"]
