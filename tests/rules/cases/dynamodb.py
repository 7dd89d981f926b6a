"""Cases for the rules of DynamoDB."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, ref, resource

RECOVERY: Final = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}


def kept(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {**resource(resource_type, **properties), "DeletionPolicy": "RetainExceptOnCreate"}


TABLES: Final[dict[str, Any]] = {
    "Table": kept("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST", **RECOVERY),
    "Global": kept("AWS::DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-1", **RECOVERY}]),
}

ON_DEMAND: Final = resource("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST")
UNITS: Final = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}

CASES: Final[Mapping[str, Case]] = {
    "dynamodb-recovery": case(
        TABLES,
        {"Table.PointInTimeRecoverySpecification": REMOVED},
        {"Table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "false"},
        {"Global.Replicas.0": {"Region": "eu-west-1"}},
        {"Global.Replicas.1": {"Region": "eu-central-1"}},
        harmless=(
            {"Table": ON_DEMAND},
            {"Table": {**ON_DEMAND, "DeletionPolicy": "Delete"}},
        ),
    ),
    "dynamodb-throughput": case(
        TABLES,
        {"Table.BillingMode": REMOVED},
        {"Table.BillingMode": "PROVISIONED"},
        {"Table.ProvisionedThroughput": UNITS},
        harmless=(
            {"Table.BillingMode": REMOVED, "Table.ProvisionedThroughput": UNITS},
            {"Table.BillingMode": "PROVISIONED", "Table.ProvisionedThroughput": ref("Parameter")},
            {"Table.ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}},
        ),
    ),
}
