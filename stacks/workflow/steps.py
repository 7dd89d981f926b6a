"""The functions and the Fargate task of the workflow, each with what it may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
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


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where the steps find documents and keep the books."""

    documents: UploadBucket
    books: SingleTable
    key: kms.IKey | None
    """Encrypts both, and the logs of the steps."""

    @property
    def environment(self) -> dict[str, str]:
        return {"BUCKET_NAME": self.documents.bucket.bucket_name, "TABLE_NAME": self.books.table.table_name}


def functions(
    scope: Construct,
    construct_id: str,
    settings: WorkflowSettings,
    *,
    posture: Posture,
    stores: Stores,
    layer_arn: str,
) -> dict[str, LiveFunction]:
    """The functions, by name."""
    group = Construct(scope, construct_id)
    namespace = f"Patternbook/{cdk.Stack.of(scope).stack_name}"
    found: dict[str, LiveFunction] = {}
    for name, (description, prefix) in FUNCTIONS.items():
        live = found[name] = LiveFunction(
            group,
            name.title(),
            package=RUNTIME / "functions",
            handler=f"{name}.handler",
            description=description,
            layer_arns=[layer_arn],
            log_group=LogGroup.from_settings(group, f"{name.title()}Logs", settings, posture=posture, key=stores.key),
            environment={
                **stores.environment,
                "DOCUMENT_PREFIX": PREFIX,
                "POWERTOOLS_METRICS_NAMESPACE": namespace,
                "POWERTOOLS_SERVICE_NAME": SERVICE,
            },
            key=stores.key,
            memory_mib=MEMORY_MIB,
            timeout_seconds=TIMEOUT_SECONDS,
            asynchronous=False,
        )
        stores.books.grant(live.function, "dynamodb:UpdateItem", leading_keys=[f"{prefix}#*"])
    stores.documents.grant_read_versions(found["orders"].role)  # ty: ignore[invalid-argument-type]
    return found


def packing(
    scope: Construct,
    construct_id: str,
    settings: WorkflowSettings,
    *,
    posture: Posture,
    stores: Stores,
    cluster: ecs.Cluster,
    network: Network,
) -> TaskStep:
    """The Fargate task that packs an order and ships it."""
    task = Task(
        scope,
        f"{construct_id}Task",
        posture=posture,
        image=CLI_IMAGE,
        log_group=LogGroup.from_settings(scope, f"{construct_id}Logs", settings, posture=posture, key=stores.key),
        container_name="pack",
        entry_point=run_script(RUNTIME / "pack.sh"),
        environment={**stores.environment, "HOME": HOME},
        writable_paths=[HOME],
    )
    role = task.definition.task_role
    stores.books.grant(role, "dynamodb:UpdateItem", leading_keys=[f"{FUNCTIONS['shipments'][1]}#*"])
    stores.documents.grant_read_versions(role)
    step = TaskStep(scope, construct_id, task=task, cluster=cluster, network=network)
    services = [*task.services_called, ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS]
    network.add_interface_endpoints(services, client=step.group)
    return step
