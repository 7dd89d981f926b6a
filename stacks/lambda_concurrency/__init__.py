"""A Lambda function behind an alias, with reserved and provisioned concurrency and gradual deployments.

- Callers use the alias. Each change of code or configuration is a new version.
- Reserved concurrency is the maximum of the function, and no other function can use it.
- Provisioned concurrency is a fixed number, or Application Auto Scaling sets it by utilization and schedule.
- Each item is done once, although Lambda may deliver an event twice. A table remembers what was done.
- Events that the function cannot process go to an encrypted SQS queue after the retries, for 14 days.
- An output has the command that sends them again, once the cause is repaired.
- The function URL takes requests that are signed for IAM.
- CodeDeploy shifts traffic step by step, and back if an alarm of the new version rings.
- The role writes logs and entries of the table, sends traces and failed events, and may do nothing else.
- Values beyond Lambda's limits are refused with the name and the source of the limit.
- In production, a customer managed key encrypts variables, logs, table, queue and notifications.

Page: docs/lambda-concurrency.md
"""

from stacks.lambda_concurrency.settings import LambdaConcurrencySettings
from stacks.lambda_concurrency.stack import LambdaConcurrencyStack

__all__ = ["LambdaConcurrencySettings", "LambdaConcurrencyStack"]
