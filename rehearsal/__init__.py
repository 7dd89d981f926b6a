"""A rehearsal: the real CDK CLI deploys, updates, compares and destroys the patterns in an emulated AWS account.

The account is MiniStack's, a process of this machine that listens on 127.0.0.1 only. ``python -m rehearsal run``
takes stacks through a whole life, step by step (:mod:`rehearsal.cycle`); ``python -m rehearsal up`` leaves an
account running to try things in.

A rehearsal proves that

- the CDK CLI deploys the templates through real change sets, in an order that works
- every reference, attribute and output resolves
- deploying an unchanged app changes nothing, and a changed setting changes only the expected resources
- a deployment whose last resource fails is rolled back, and the same change succeeds afterwards
- boto3 finds what the template asked for
- deleting a stack leaves nothing behind, except for the resources that production retains.

A rehearsal does not prove that AWS accepts the templates. The emulator checks few properties, and no quotas or
permissions. No container runs, no Kubernetes manifest is applied, and no packet flows. The types in
:mod:`rehearsal.types` are the project's own: they prove how a template is wired, not how AWS behaves.
"""

HOSTED_ZONE_ID = "Z0123456789ABCDEFGHIJ"
"""The hosted zone example.com, which the account has before any stack. Its id is known at synth."""
CERTIFICATE_ID = "12345678-1234-1234-1234-123456789012"
"""The certificate for example.com and its subdomains, which the account has before any stack."""
IMAGE = ("team/app", "v1")
"""The repository and the tag of an image for x86_64, which the account has before any stack."""
TOPIC_NAME = "events"
"""The name of an SNS topic, which the account has before any stack. Its ARN is known at synth."""
CALLS = "/_rehearsal/calls"
"""The path at which the server lists the API functions that the handlers of CloudFormation types have called."""
INVENTORY = "/_rehearsal/inventory"
"""The path at which the server lists all records of the account."""
