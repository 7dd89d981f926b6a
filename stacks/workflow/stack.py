"""Order document (S3) → Step Functions → Lambda functions, Fargate task (private subnets), people (SQS) → DynamoDB"""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    LogGroup,
    Monitoring,
    Network,
    PatternStack,
    PeopleQueue,
    Posture,
    SingleTable,
    StackOptions,
    UploadBucket,
    Workflow,
    cluster,
    data_key,
    powertools_layer_arn,
)
from patternbook.data.encryption import WORKFLOW_SERVICES
from patternbook.data.logs import vended_name
from stacks.workflow.commands import commands
from stacks.workflow.definition import HELP_SECONDS, order_definition
from stacks.workflow.settings import WorkflowSettings
from stacks.workflow.steps import PREFIX, Stores, functions, packing

PAGE = "docs/workflow.md"


class WorkflowStack(PatternStack):
    """A workflow that takes an order, with everything that it calls."""

    title = "Step Functions workflow with Lambda, Fargate and people"
    settings_type = WorkflowSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: WorkflowSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        key = self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn, services=WORKFLOW_SERVICES)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=key)
        self.documents = UploadBucket(self, "Documents", posture=posture, key=key, prefix=PREFIX)
        self.books = SingleTable.from_settings(self, "Books", settings, posture=posture, key=key)
        waiting = settings.approval_timeout_seconds
        self.approvals = PeopleQueue(self, "Approvals", posture=posture, key=key, retention_seconds=waiting)
        self.attention = PeopleQueue(self, "Attention", posture=posture, key=key, retention_seconds=HELP_SECONDS)
        stores = Stores(documents=self.documents, books=self.books, key=key)
        layer_arn = powertools_layer_arn(self, "Powertools")
        self.functions = functions(self, "Functions", settings, posture=posture, stores=stores, layer_arn=layer_arn)
        self.cluster = cluster(self, "Cluster", network=self.network, posture=posture)
        self.packing = packing(
            self, "Pack", settings, posture=posture, stores=stores, cluster=self.cluster, network=self.network
        )
        self.workflow = Workflow(
            self,
            "Workflow",
            posture=posture,
            definition=order_definition(approval_seconds=waiting),
            log_group=LogGroup.from_settings(
                self, "ExecutionLogs", settings, posture=posture, key=key, name=vended_name(self, "states")
            ),
            substitutions={
                **{f"{name.title()}Function": live.alias.function_arn for name, live in self.functions.items()},
                **self.packing.substitutions,
                "ApprovalAbove": str(settings.approval_above),
                "ApprovalsQueueUrl": self.approvals.queue.queue_url,
                "AttentionQueueUrl": self.attention.queue.queue_url,
            },
            key=key,
        )
        self._connect()
        self._watch(settings, posture)
        self._outputs()

    def _connect(self) -> None:
        role = self.workflow.role
        for live in self.functions.values():
            live.alias.grant_invoke(role)
        for queue in (self.approvals, self.attention):
            queue.grant_send(role)
        self.packing.grant_run(role)
        self.workflow.allow_heartbeats(self.packing.task.definition.task_role)
        self.workflow.wait_for(role, self.network.connectivity, self.packing.task, *self.functions.values())

    def _watch(self, settings: WorkflowSettings, posture: Posture) -> None:
        monitoring = self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page=PAGE
        )
        self.workflow.roll_back_on(monitoring.watch_workflow(self.workflow))
        monitoring.watch_people(self.approvals, name="Approvals")
        monitoring.watch_attention(self.attention)
        monitoring.watch_calls([*self.functions.values()])
        monitoring.notify_on_tasks_that_cannot_start(self.cluster)
        monitoring.watch_table(self.books)

    def _outputs(self) -> None:
        for command in commands(self.workflow, approvals=self.approvals, attention=self.attention):
            self.output(*command)
        self.output("WorkflowArn", self.workflow.alias_arn, "Alias of the workflow")
        self.output("StateMachineArn", self.workflow.state_machine.state_machine_arn, "State machine")
        self.output("BucketName", self.documents.bucket.bucket_name, "Bucket of the order documents")
        self.output("TableName", self.books.table.table_name, "Table with the books")
        self.output("ApprovalsQueueUrl", self.approvals.queue.queue_url, "Queue of the orders to approve")
        self.output("AttentionQueueUrl", self.attention.queue.queue_url, "Queue of the problems to solve")
        self.output("ClusterName", self.cluster.cluster_name, "ECS cluster of the tasks")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
