"""DynamoDB tables as the CDK's ``TableV2`` makes them: properties of the replica, which MiniStack drops."""

from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import dynamodb, kms

from rehearsal.types.registry import Provisioned, register_type
from rehearsal.types.shapes import Properties, is_true, parse_response, require

TABLE = "AWS::DynamoDB::GlobalTable"


def register() -> None:
    """Replaces MiniStack's type, whose update makes another table without the items."""
    register_type(TABLE, create=create_table, update=update_table, delete=delete_table)


def create_table(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    if {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & properties.keys():
        raise ValueError("The emulated account has global tables without indexes only")
    check_key(properties)
    # CloudFormation generates another name each time, so that a table that was kept does not block the next one.
    name = properties.get("TableName") or f"{stack}-{logical_id}"[:242] + f"-{new_uuid()[-12:].upper()}"
    request = {each: properties[each] for each in ("KeySchema", "AttributeDefinitions", "BillingMode")}
    parse_response(dynamodb._create_table({"TableName": name, **request}))
    return put_properties(name, properties)


def update_table(name: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    check_key(new)
    return put_properties(name, new)


def delete_table(name: str, _properties: Properties) -> None:
    if dynamodb._tables.get(name, {}).get("DeletionProtectionEnabled"):
        raise ValueError(f"Resource cannot be deleted as it is currently protected against deletion: {name}")
    for store in (dynamodb._tables, dynamodb._ttl_settings, dynamodb._pitr_settings):
        store.pop(name, None)


def replica(properties: Properties) -> dict[str, Any]:
    """The properties of the table in its own Region. Others are not emulated."""
    found = properties.get("Replicas", [])
    if len(found) != 1:
        raise ValueError(f"The emulated account has tables with one replica only, got {len(found)}")
    return found[0]


def check_key(properties: Properties) -> None:
    key = replica(properties).get("SSESpecification", {}).get("KMSMasterKeyId", "")
    require(not key or key.rpartition("/")[2] in kms._keys, f"KMS key not found: {key}")


def put_properties(name: str, properties: Properties) -> Provisioned:
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
    return name, {"Arn": record["TableArn"], "TableId": record["TableId"]}
