"""An order as a Step Functions workflow, with Lambda functions and a Fargate task, in which the books always balance.

- An order is taken, reserved, charged, shipped and confirmed. What fails is undone in reverse order.
- Each step takes place at most once for an order, however often it is repeated.
- An order above an amount waits for a person, who answers by a command in a message.
- What cannot be undone waits for a person, too, and an alarm rings.
- The order document stays in S3. The workflow carries its key and its version only.
- Production shifts new orders to a new version of the workflow gradually, and back if it fails.
- In production, one customer managed key encrypts executions, documents, messages, books and logs.

Page: docs/workflow.md
"""

from stacks.workflow.settings import WorkflowSettings
from stacks.workflow.stack import WorkflowStack

__all__ = ["WorkflowSettings", "WorkflowStack"]
