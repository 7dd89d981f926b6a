"""Cases for the rule of DynamoDB."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, case, resource

RECOVERY: Final = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}


def kept(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {**resource(resource_type, **properties), "DeletionPolicy": "RetainExceptOnCreate"}


TABLES: Final[dict[str, Any]] = {
    "Table": kept("AWS::DynamoDB::Table", **RECOVERY),
    "Global": kept("AWS::DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-1", **RECOVERY}]),
}

CASES: Final[Mapping[str, Case]] = {
    "dynamodb-recovery": case(
        TABLES,
        {"Table.PointInTimeRecoverySpecification": REMOVED},
        {"Table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "false"},
        {"Global.Replicas.0": {"Region": "eu-west-1"}},
        {"Global.Replicas.1": {"Region": "eu-central-1"}},
        harmless=(
            {"Table": resource("AWS::DynamoDB::Table")},
            {"Table": {**resource("AWS::DynamoDB::Table"), "DeletionPolicy": "Delete"}},
        ),
    ),
}
