"""A Lambda function with concurrency of its own, called by an alias to which new versions come step by step.

Choose it for asynchronous work and for HTTP requests of callers that IAM knows. Whoever is called by browsers needs
something in front that Lambda's URL has not (a domain name, throttling, a firewall), and whoever works for longer than
15 minutes, or all the time, a service on ECS.

This creates:

- **Function**: Python on ARM64, code of yours (``code_path``) or a small job that says which environment did it.
  Memory, timeout, ``/tmp``, environment variables and the package are within Lambda's limits, or refused with the name
  of the limit and its source. Logs as JSON in one explicit log group, traces in X-Ray. Its role may write these, send
  to the queue of failures, and nothing else.
- **Alias** ``live``: everybody calls it, nobody the function without it. Each change of code or configuration is a new
  numbered version.
- **Reserved concurrency**: executions that no other function can take, and the most that this one has. 0, which would
  stop the function, is refused, and so is what leaves other functions less than Lambda demands, out of the quota of the
  account (``account_concurrency``). Sandbox reserves nothing: new accounts have a quota of 10, of which nothing can be
  reserved. Production reserves 100.
- **Provisioned concurrency**: environments of the alias that are ready before the first call; never more than are
  reserved. A fixed number is a property of the alias. With a maximum, Application Auto Scaling owns the number, by
  their utilization and by schedules that move its bounds, and the alias names none that a deployment would reset.
  Sandbox has none, for it costs money while idle; production has 2.
- **Asynchronous invocation**: retries and a maximum age for events of the alias; what cannot be done goes to an SQS
  queue, encrypted, over TLS only, kept for 14 days.
- **Function URL** of the alias: HTTPS for callers that sign by IAM, in the account by a policy of their own, and named
  ones of any account (``invoke_principals``), by both of the actions that Lambda asks for, and by the URL only.
- **CodeDeploy** moves traffic to a new version: a tenth for 5 minutes, then the rest, or as chosen. An alarm on errors
  or slowness of the new version turns it back. The alarms are in place before traffic moves, and those of the version
  that a deployment mends do not stop it.
- **Operation**: alarms on errors, throttles, calls that nearly time out, provisioned concurrency that is used up,
  events that wait long, are given up or lost, and on anything in the queue of failures; an SNS topic with an optional
  e-mail, a dashboard. In production a customer managed key for variables, logs, queue and topic; logs, queue and key
  are kept.

To leave it running in us-east-1 costs next to nothing in sandbox (nine alarms, 0.10 USD a month each) and about 0.01
USD an hour in production (two environments of 256 MB that are kept ready, and a key), before anyone calls.
"""

from stacks.lambda_concurrency.settings import LambdaConcurrencySettings
from stacks.lambda_concurrency.stack import LambdaConcurrencyStack

__all__ = ["LambdaConcurrencySettings", "LambdaConcurrencyStack"]
