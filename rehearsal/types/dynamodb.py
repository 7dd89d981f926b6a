"""DynamoDB tables as the CDK's ``TableV2`` makes them: properties of the replica, which MiniStack drops."""

from typing import Any

from ministack.services import dynamodb, kms

from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, is_true, require

TABLE = "AWS::DynamoDB::GlobalTable"


def register() -> None:
    amend_type(
        TABLE,
        check=check_table,
        translate=without_encryption,
        complete=complete_table,
        check_delete=check_delete_table,
        clean_up=clean_up_table,
    )


def replica(properties: Properties) -> dict[str, Any]:
    """The properties of the table in its own Region. Others are not emulated."""
    found = properties.get("Replicas", [])
    if len(found) != 1:
        raise ValueError(f"The emulated account has tables with one replica only, got {len(found)}")
    return found[0]


def without_encryption(properties: Properties) -> Properties:
    """MiniStack expects the key beside the type of the encryption. :func:`complete_table` sets both."""
    return {name: value for name, value in properties.items() if name != "SSESpecification"}


def check_table(properties: Properties) -> None:
    key = replica(properties).get("SSESpecification", {}).get("KMSMasterKeyId", "")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")


def complete_table(name: str, properties: Properties) -> None:
    record, own = dynamodb._tables[name], replica(properties)
    record["DeletionProtectionEnabled"] = is_true(own.get("DeletionProtectionEnabled", False))
    maximum = {
        "MaxReadRequestUnits": own.get("ReadOnDemandThroughputSettings", {}).get("MaxReadRequestUnits"),
        "MaxWriteRequestUnits": properties.get("WriteOnDemandThroughputSettings", {}).get("MaxWriteRequestUnits"),
    }
    record["OnDemandThroughput"] = {member: int(value) for member, value in maximum.items() if value is not None}
    key = own.get("SSESpecification", {}).get("KMSMasterKeyId")
    record["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key} if key else None
    recovery = own.get("PointInTimeRecoverySpecification", {})
    dynamodb._pitr_settings[name] = is_true(recovery.get("PointInTimeRecoveryEnabled", False))
    expiry = properties.get("TimeToLiveSpecification")
    dynamodb._ttl_settings.pop(name, None)
    if expiry and is_true(expiry["Enabled"]):
        dynamodb._ttl_settings[name] = {"TimeToLiveStatus": "ENABLED", "AttributeName": expiry["AttributeName"]}


def check_delete_table(name: str, _properties: Properties) -> None:
    if dynamodb._tables.get(name, {}).get("DeletionProtectionEnabled"):
        raise ValueError(f"Resource cannot be deleted as it is currently protected against deletion: {name}")


def clean_up_table(name: str, _properties: Properties) -> None:
    dynamodb._ttl_settings.pop(name, None)
    dynamodb._pitr_settings.pop(name, None)
