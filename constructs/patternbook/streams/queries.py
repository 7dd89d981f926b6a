"""An Athena workgroup, which limits what its queries scan, and encrypts and expires their results."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.limits.firehose import SCANNED_BYTES
from patternbook.streams.bucket import RESULTS, EventBucket

ENGINE: Final = "Athena engine version 3"
GIB: Final = 2**30


class QueryWorkgroup(Construct):
    """A workgroup whose settings apply to each of its queries, also where a client asks for others.

    Those who query need permissions of their own, for the workgroup, the table, the bucket and the key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: EventBucket,
        key: kms.IKey | None = None,
        max_scan_gib: int = 10,
    ) -> None:
        """:param bucket: bucket of the results, which S3 deletes after some days.
        :param key: encrypts the results. Defaults to keys of S3.
        :param max_scan_gib: size of the data after which Athena cancels a query. It limits the cost of a query.
        :raises ValueError: see :data:`patternbook.limits.firehose.SCANNED_BYTES`.
        """
        SCANNED_BYTES.check("max_scan_gib", max_scan_gib * GIB)
        super().__init__(scope, construct_id)
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            # It has to have a name. This one contains the name of the stack.
            name=cdk.Names.unique_resource_name(self, max_length=128),
            description=f"Questions about the events of {cdk.Stack.of(self).stack_name}",
            # Each query leaves an entry in the history, which nobody can delete, and Athena refuses to delete a
            # workgroup that has any: https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                bytes_scanned_cutoff_per_query=max_scan_gib * GIB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version=ENGINE),
                publish_cloud_watch_metrics_enabled=True,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{bucket.bucket.bucket_name}/{RESULTS}",
                    expected_bucket_owner=cdk.Stack.of(self).account,
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS" if key else "SSE_S3", kms_key=key.key_arn if key else None
                    ),
                ),
            ),
        )

    def add_query(self, construct_id: str, *, database: str, name: str, description: str, sql: str) -> str:
        """Saves a query in the workgroup.

        :return: the id of the query.
        """
        return athena.CfnNamedQuery(
            self,
            construct_id,
            database=database,
            # Without the name of the stack, the queries of two stacks could not be told apart.
            name=f"{cdk.Stack.of(self).stack_name}: {name}",
            description=description,
            query_string=sql,
            work_group=self.workgroup.ref,
        ).attr_named_query_id

    def run_command(self, query_id: str) -> str:
        """Runs a saved query, and prints the ``QueryExecutionId``."""
        text = f"aws athena get-named-query --named-query-id {query_id} --query NamedQuery.QueryString --output text"
        return f'aws athena start-query-execution --work-group {self.workgroup.ref} --query-string "$({text})"'
