"""The redrive of events that a Lambda function could not process."""

from pathlib import Path
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook.aws_lambda.function import ALIAS, LiveFunction
from patternbook.data.queues import FailureQueue

RUNTIME: Final = Path(__file__).with_name("runtime")
TIMEOUT_SECONDS: Final = 50
"""The AWS CLI waits 60 seconds for an answer, also while Lambda starts an environment, which can take ten. Then it
calls again: https://github.com/aws/aws-cli/issues/2657"""


class EventRedrive(Construct):
    """A function that sends the events of a failure queue to their function again, when a person calls it.

    A redrive of SQS cannot do this. It takes dead letters of other queues only
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html). The queue has
    a record of each event and its error, of which the function sends the event.

    *Once.* An event leaves the queue after Lambda has accepted it. If that is interrupted, it is sent twice, so the
    function behind ``live`` must be idempotent. An event that fails again comes back into the queue.

    *Parts.* One call lasts a minute at most, and says how many events are left. What cannot be sent stays in the queue.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        failures: FailureQueue,
        live: LiveFunction,
        log_group: logs.ILogGroup,
        key: kms.IKey | None = None,
    ) -> None:
        """:param live: the function whose events the queue has. Its alias gets them again.
        :param key: encrypts the environment variables.
        """
        super().__init__(scope, construct_id)
        self.live = LiveFunction(
            self,
            "Send",
            package=RUNTIME,
            handler="redrive.handler",
            description="Sends failed events again, when a person calls it",
            log_group=log_group,
            environment={"FUNCTION_ARN": live.alias.function_arn, "QUEUE_URL": failures.queue.queue_url},
            key=key,
            timeout_seconds=TIMEOUT_SECONDS,
            asynchronous=False,
        )
        failures.grant_consume(self.live.role)
        iam.Grant.add_to_principal(
            grantee=self.live.role,
            actions=["lambda:InvokeFunction"],
            resource_arns=[live.alias.function_arn],
        )

    @property
    def command(self) -> str:
        """Sends all events of the queue to the function again."""
        return f"aws lambda invoke --function-name {self.live.function.function_name} --qualifier {ALIAS} /dev/stdout"
