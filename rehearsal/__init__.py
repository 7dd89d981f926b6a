"""A rehearsal: the real CDK CLI deploys, updates, compares and destroys the patterns in an emulated AWS account.

The account is MiniStack's, a process of this machine that listens on 127.0.0.1 only. ``python -m rehearsal run``
takes stacks through a whole life, step by step (:mod:`rehearsal.cycle`); ``python -m rehearsal up`` leaves an
account running to try things in.

What a rehearsal proves: that the CDK CLI deploys the templates through real change sets, in an order that works;
that every reference, attribute and output resolves; that an unchanged stack is left alone and a changed setting
touches only what it should; that boto3 finds what the template asked for; that nothing stays behind but what
production keeps. That failures roll back is shown in ``tests/rehearsal``.

What it does not prove: AWS validates more than the emulator does, which checks few properties and no quotas or
permissions. No container runs, no Kubernetes manifest is applied, no packet flows. The types in
:mod:`rehearsal.types` are the project's own: they prove how a template is wired, not how AWS behaves.
"""

INVENTORY = "/_rehearsal/inventory"
"""Where the server of an account tells what is in it."""
