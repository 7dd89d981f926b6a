"""The functions and the Fargate task of the workflow, each with what it may do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook import LiveFunction, LogGroup, Network, Posture, SingleTable, Task, TaskStep, UploadBucket
from patternbook.ecs.demonstration import run_script
from stacks.workflow.settings import WorkflowSettings

RUNTIME: Final = Path(__file__).with_name("runtime")
SERVICE: Final = "workflow"
"""The name of the service in logs, traces and metrics."""
PREFIX: Final = "orders/"
"""The beginning of the keys of order documents."""
TIMEOUT_SECONDS: Final = 30
"""Less than the workflow waits for a function."""
MEMORY_MIB: Final = 512
FUNCTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "orders": ("Takes orders, and confirms them", "ORDER"),
    "stock": ("Reserves, and releases", "RESERVATION"),
    "payments": ("Charges, and refunds", "CHARGE"),
    "shipments": ("Recalls shipments", "SHIPMENT"),
}
"""The functions, each with its description, and the prefix of its entries in the books."""
CLI_IMAGE: Final = "public.ecr.aws/aws-cli/aws-cli:2.36.44"
HOME: Final = "/tmp"  # the AWS CLI writes its cache there, and the script the document


class Functions(Construct):
    """The functions, by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: WorkflowSettings,
        *,
        posture: Posture,
        environment: Mapping[str, str],
        documents: UploadBucket,
        books: SingleTable,
        layer_arn: str,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.by_name: dict[str, LiveFunction] = {}
        for name, (description, prefix) in FUNCTIONS.items():
            live = LiveFunction(
                self,
                name.title(),
                package=RUNTIME / "functions",
                handler=f"{name}.handler",
                description=description,
                layer_arns=[layer_arn],
                log_group=LogGroup.from_settings(self, f"{name.title()}Logs", settings, posture=posture, key=key),
                environment={
                    **environment,
                    "DOCUMENT_PREFIX": PREFIX,
                    "POWERTOOLS_METRICS_NAMESPACE": f"Patternbook/{cdk.Stack.of(self).stack_name}",
                    "POWERTOOLS_SERVICE_NAME": SERVICE,
                },
                key=key,
                memory_mib=MEMORY_MIB,
                timeout_seconds=TIMEOUT_SECONDS,
                asynchronous=False,
            )
            books.grant(live.function, "dynamodb:UpdateItem", leading_keys=[f"{prefix}#*"])
            self.by_name[name] = live
        documents.grant_read_versions(self.by_name["orders"].role)  # ty: ignore[invalid-argument-type]


def packing(
    scope: Construct,
    construct_id: str,
    settings: WorkflowSettings,
    *,
    posture: Posture,
    environment: Mapping[str, str],
    documents: UploadBucket,
    books: SingleTable,
    cluster: ecs.Cluster,
    network: Network,
    key: kms.IKey | None,
) -> TaskStep:
    """The Fargate task that packs an order and ships it."""
    task = Task(
        scope,
        f"{construct_id}Task",
        posture=posture,
        image=CLI_IMAGE,
        log_group=LogGroup.from_settings(scope, f"{construct_id}Logs", settings, posture=posture, key=key),
        container_name="pack",
        entry_point=run_script(RUNTIME / "pack.sh"),
        environment={**environment, "HOME": HOME},
        writable_paths=[HOME],
    )
    role = task.definition.task_role
    books.grant(role, "dynamodb:UpdateItem", leading_keys=["SHIPMENT#*"])
    documents.grant_read_versions(role)
    return TaskStep(scope, construct_id, task=task, cluster=cluster, network=network)
