"""DynamoDB tables with capacity on demand."""

from collections.abc import Sequence
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import Self

from patternbook.data.settings import TableSettings
from patternbook.limits.dynamodb import RECOVERY_DAYS, check_request_units
from patternbook.posture import Posture

KEY_ACTIONS: Final = [
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
]
"""The use of a key by DynamoDB for a caller. To make the table also takes ``kms:CreateGrant``.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
"""


class SingleTable(Construct):
    """A DynamoDB table for single-table design, with the string keys ``pk`` and ``sk``.

    *Capacity* is on demand, up to maximum request units, so that a mistake of a caller has a maximum cost. DynamoDB
    throttles what exceeds them
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html).

    *Expiry.* DynamoDB deletes an item some time after the moment in its attribute ``expires_at``, within a few days. So
    readers must ignore expired items themselves
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html).

    *Recovery.* Point-in-time recovery is on if the posture keeps backups. A restore makes another table.
    """

    PARTITION_KEY = "pk"
    SORT_KEY = "sk"
    EXPIRES_AT = "expires_at"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        max_read_request_units: int | None = 1_000,
        max_write_request_units: int | None = 1_000,
        stream: dynamodb.StreamViewType | None = None,
    ) -> None:
        """:param key: encrypts the table. Defaults to a key that DynamoDB owns.
        :param max_read_request_units: maximum read request units per second. None leaves it to the quota.
        :param max_write_request_units: maximum write request units per second.
        :param stream: what DynamoDB Streams reports of each change. None turns it off.
        :raises ValueError: for maximum request units outside of DynamoDB's range.
        """
        check_request_units("max_read_request_units", max_read_request_units)
        check_request_units("max_write_request_units", max_write_request_units)
        super().__init__(scope, construct_id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=self.PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=self.SORT_KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=self.EXPIRES_AT,
            dynamo_stream=stream,
            billing=dynamodb.Billing.on_demand(
                max_read_request_units=max_read_request_units, max_write_request_units=max_write_request_units
            ),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=posture.backups,
                recovery_period_in_days=RECOVERY_DAYS if posture.backups else None,
            ),
            deletion_protection=posture.deletion_protection,
            removal_policy=posture.removal_policy,
        )
        if key is not None:
            self._encrypt(key)
        self._key = key

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: TableSettings,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            key=key,
            max_read_request_units=settings.max_read_request_units,
            max_write_request_units=settings.max_write_request_units,
        )

    def grant(self, grantee: iam.IGrantable, *actions: str, leading_keys: Sequence[str] = ()) -> None:
        """Allows actions on the table, such as ``dynamodb:GetItem``, and the use of its key by DynamoDB.

        :param leading_keys: the only partition keys that the actions may name, in which * matches any characters. They
            keep kinds of items apart. They cannot keep owners apart, because one role serves all owners:
            https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        """
        # "ForAllValues" alone is true for a request without keys.
        conditions = {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [*leading_keys]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[*actions],
            resource_arns=[self.table.table_arn],
            conditions=conditions if leading_keys else None,
        )
        if self._key is not None:
            stack = cdk.Stack.of(self)
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=KEY_ACTIONS,
                resource_arns=[self._key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{stack.region}.{stack.url_suffix}"}},
            )

    def metric(self, name: str) -> cloudwatch.Metric:
        """The sum of a metric of the table in each minute.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        """
        return cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name=name,
            dimensions_map={"TableName": self.table.table_name},
            statistic="sum",
            period=cdk.Duration.minutes(1),
        )

    def _encrypt(self, key: kms.IKey) -> None:
        """Sets the key of the table. The L2 refuses a key of one's own where the Region is not known at synth."""
        resource = cast("dynamodb.CfnGlobalTable", self.table.node.default_child)
        resource.sse_specification = dynamodb.CfnGlobalTable.SSESpecificationProperty(sse_enabled=True, sse_type="KMS")
        resource.add_property_override("Replicas.0.SSESpecification", {"KMSMasterKeyId": key.key_arn})
