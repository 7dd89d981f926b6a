"""The functions of the pipeline, each with what it may do, and the events that each consumer gets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from patternbook import LiveFunction, LogGroup, Posture, SingleTable, UploadBucket
from stacks.event_pipeline.settings import EventPipelineSettings

RUNTIME: Final = Path(__file__).with_name("runtime")
SERVICE: Final = "event-pipeline"
"""The name of the service in logs, traces and metrics."""
DESCRIPTIONS: Final = {
    "form": "Makes forms for uploads",
    "process": "Processes each new object once",
    "audit": "Keeps a record of every event",
}
ACCESS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "process": {
        "IDEMPOTENCY": ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        "OBJECT#*": ("dynamodb:UpdateItem",),
    },
    "audit": {"AUDIT#*": ("dynamodb:PutItem",)},
}
"""What each consumer may do in the table, by the partition keys of the items."""


class PipelineFunctions(Construct):
    """The functions, by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: EventPipelineSettings,
        *,
        posture: Posture,
        uploads: UploadBucket,
        table: SingleTable,
        layer_arn: str,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.by_name: dict[str, LiveFunction] = {}
        for name, description in DESCRIPTIONS.items():
            consumer = name in ACCESS
            reserve = consumer and posture.reserved_concurrency is not None
            live = LiveFunction(
                self,
                name.title(),
                package=RUNTIME,
                handler=f"{name}.handler",
                description=description,
                layer_arns=[layer_arn],
                log_group=LogGroup.from_settings(self, f"{name.title()}Logs", settings, posture=posture, key=key),
                environment={
                    "AUDIT_RETENTION_DAYS": str(settings.audit_retention_days),
                    "BUCKET_NAME": uploads.bucket.bucket_name,
                    "CONTENT_TYPES": ",".join(settings.content_types),
                    "MAX_UPLOAD_BYTES": str(settings.max_upload_mib << 20),
                    "POWERTOOLS_METRICS_NAMESPACE": namespace(self),
                    "POWERTOOLS_SERVICE_NAME": SERVICE,
                    "TABLE_NAME": table.table.table_name,
                    "UPLOAD_PREFIX": uploads.prefix,
                },
                key=key,
                memory_mib=settings.memory_mib,
                timeout_seconds=settings.timeout_seconds if consumer else 10,
                account_concurrency=settings.account_concurrency,
                reserved_concurrency=settings.max_concurrency if reserve else None,
                asynchronous=False,
            )
            for leading_key, actions in ACCESS.get(name, {}).items():
                table.grant(live.function, *actions, leading_keys=[leading_key])
            self.by_name[name] = live
        uploads.grant_upload(_role(self.by_name["form"]))
        uploads.grant_read_versions(_role(self.by_name["process"]))


def namespace(scope: Construct) -> str:
    """The CloudWatch namespace of the metrics of this stack alone."""
    return f"Patternbook/{cdk.Stack.of(scope).stack_name}"


def filter_policy(consumer: str, bucket: s3.IBucket, prefix: str) -> dict[str, sns.FilterOrPolicy]:
    """The events that a consumer gets: those of this bucket, and for the processing only new objects below the prefix.

    SNS looks into each record: https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
    """

    def names(*prefixes: str) -> sns.FilterOrPolicy:
        return sns.FilterOrPolicy.filter(sns.SubscriptionFilter.string_filter(match_prefixes=[*prefixes]))

    of_bucket = sns.FilterOrPolicy.filter(sns.SubscriptionFilter.string_filter(allowlist=[bucket.bucket_name]))
    about: dict[str, sns.FilterOrPolicy] = {"bucket": sns.FilterOrPolicy.policy({"name": of_bucket})}
    events = names("ObjectCreated:", "ObjectRemoved:")
    if consumer == "process":
        about["object"] = sns.FilterOrPolicy.policy({"key": names(prefix)})
        events = names("ObjectCreated:")
    return {"Records": sns.FilterOrPolicy.policy({"eventName": events, "s3": sns.FilterOrPolicy.policy(about)})}


def _role(live: LiveFunction) -> "cdk.aws_iam.IRole":
    role = live.function.role
    assert role is not None
    return role
