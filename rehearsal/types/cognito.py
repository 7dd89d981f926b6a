"""Cognito user pools: types and properties that MiniStack lacks.

Nobody sees a branding style here: the sign-in pages of MiniStack show their own.
"""

from typing import Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import cognito

from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.registry import Provisioned, amend_type, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require

BRANDINGS = regional_store()
"""Branding styles, by their ids."""
RISKS = regional_store()
"""Risk configurations, by user pool and client."""


def register() -> None:
    amend_type(
        "AWS::Cognito::UserPool", complete=complete_pool, attributes=attributes_of_pool, check_delete=check_delete_pool
    )
    register_type(
        "AWS::Cognito::ManagedLoginBranding", create=create_branding, update=update_branding, delete=delete_branding
    )
    register_type(
        "AWS::Cognito::UserPoolRiskConfigurationAttachment",
        create=create_risks,
        update=update_risks,
        delete=delete_risks,
    )
    add_json_actions(
        "cognito-idp",
        {"DescribeManagedLoginBrandingByClient": branding_of_client, "DescribeRiskConfiguration": risks_of_pool},
    )


# User pools


def pool(pool_id: str) -> Record:
    return require(cognito._user_pools.get(pool_id), f"User pool {pool_id} does not exist.")


def attributes_of_pool(pool_id: str, _properties: Properties) -> dict[str, Any]:
    return {"ProviderURL": f"https://cognito-idp.{get_region()}.amazonaws.com/{pool_id}"}


def complete_pool(pool_id: str, properties: Properties) -> None:
    record = pool(pool_id)
    record["UserPoolTier"] = properties.get("UserPoolTier", "ESSENTIALS")
    passkeys = {
        member: properties[name]
        for name, member in (
            ("WebAuthnRelyingPartyID", "RelyingPartyId"),
            ("WebAuthnUserVerification", "UserVerification"),
            ("WebAuthnFactorConfiguration", "FactorConfiguration"),
        )
        if name in properties
    }
    record.pop("WebAuthnConfiguration", None)
    if passkeys:
        record["WebAuthnConfiguration"] = passkeys


def check_delete_pool(pool_id: str, _properties: Properties) -> None:
    record = cognito._user_pools.get(pool_id, {})
    if record.get("DeletionProtection") == "ACTIVE":
        raise ValueError(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )


def client_of(pool_id: str, client_id: str) -> Record:
    return require(pool(pool_id)["_clients"].get(client_id), f"User pool client {client_id} does not exist.")


# Branding styles of managed login


def create_branding(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    client_of(properties["UserPoolId"], properties["ClientId"])
    if any(each["ClientId"] == properties["ClientId"] for each in BRANDINGS.values()):
        raise ValueError("Managed login branding already exists for this client.")
    return put_branding(new_uuid(), properties)


def update_branding(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_branding(physical_id.rpartition("|")[2], new)


def put_branding(branding_id: str, properties: Properties) -> Provisioned:
    BRANDINGS[branding_id] = {
        "ManagedLoginBrandingId": branding_id,
        "UserPoolId": properties["UserPoolId"],
        "ClientId": properties["ClientId"],
        "UseCognitoProvidedValues": properties.get("UseCognitoProvidedValues", False),
    }
    return f"{properties['UserPoolId']}|{branding_id}", {"ManagedLoginBrandingId": branding_id}


def delete_branding(physical_id: str, _properties: Properties) -> None:
    BRANDINGS.pop(physical_id.rpartition("|")[2], None)


def branding_of_client(request: dict[str, Any]) -> dict[str, Any]:
    for each in BRANDINGS.values():
        if (each["UserPoolId"], each["ClientId"]) == (request["UserPoolId"], request["ClientId"]):
            return {"ManagedLoginBranding": {name: value for name, value in each.items() if name != "ClientId"}}
    raise ApiError("ResourceNotFoundException", "Managed login branding does not exist for this client.")


# Risk configurations


def create_risks(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    record = pool(properties["UserPoolId"])
    if record.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF") == "OFF":
        raise ValueError("Advanced security is not enabled for the user pool.")
    return put_risks(properties)


def update_risks(_physical_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_risks(new)


def put_risks(properties: Properties) -> Provisioned:
    key = f"{properties['UserPoolId']}|{properties['ClientId']}"
    RISKS[key] = dict(properties)
    return f"UserPoolRiskConfigurationAttachment-{key}", {}


def delete_risks(_physical_id: str, properties: Properties) -> None:
    RISKS.pop(f"{properties['UserPoolId']}|{properties['ClientId']}", None)


def risks_of_pool(request: dict[str, Any]) -> dict[str, Any]:
    pool_id = request["UserPoolId"]
    found = RISKS.get(f"{pool_id}|{request.get('ClientId', 'ALL')}", {"UserPoolId": pool_id})
    return {"RiskConfiguration": {name: value for name, value in found.items() if value != "ALL"}}
