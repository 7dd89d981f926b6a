"""Applications and deployment groups of CodeDeploy, which MiniStack lacks.

There are no deployments. An alias moves to a new version at once, where CodeDeploy would shift traffic in steps.
"""

from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch, iam

from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.registry import Provisioned, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require, to_api

APPLICATIONS = regional_store()
"""Applications, by name."""
GROUPS = regional_store()
"""Deployment groups, by the names of application and group."""


def register() -> None:
    register_type(
        "AWS::CodeDeploy::Application",
        create=create_application,
        update=update_application,
        delete=delete_application,
        tags="Tags",
    )
    register_type(
        "AWS::CodeDeploy::DeploymentGroup", create=create_group, update=update_group, delete=delete_group, tags="Tags"
    )
    add_json_actions("codedeploy", {"GetApplication": get_application, "GetDeploymentGroup": get_group})


# Applications


def create_application(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties.get("ApplicationName") or physical_name(stack, logical_id, max_len=100)
    made = to_api("codedeploy", "CreateApplication", {**properties, "ApplicationName": name}, excluding=("Tags",))
    APPLICATIONS[name] = {"computePlatform": "Server", **made, "applicationId": new_uuid()}
    return name, {}


def update_application(name: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """Only tags change in place, and no action here returns them."""
    return name, {}


def delete_application(name: str, _properties: Properties) -> None:
    APPLICATIONS.pop(name, None)


# Deployment groups


def create_group(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    name = properties.get("DeploymentGroupName") or physical_name(stack, logical_id, max_len=100)
    return put_group(name, properties, new_uuid())


def update_group(name: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_group(name, new, GROUPS[key_of(name, new)]["deploymentGroupId"])


def put_group(name: str, properties: Properties, group_id: str) -> Provisioned:
    application, role = properties["ApplicationName"], properties["ServiceRoleArn"]
    platform = require(APPLICATIONS.get(application), f"No application found for name: {application}")
    require(any(record["Arn"] == role for record in iam._roles.values()), f"CodeDeploy cannot assume {role}")
    for alarm in properties.get("AlarmConfiguration", {}).get("Alarms", []):
        require(alarm["Name"] in cloudwatch._alarms, f"No alarm {alarm['Name']}")
    request = to_api(
        "codedeploy", "CreateDeploymentGroup", {**properties, "DeploymentGroupName": name}, excluding=("Tags",)
    )
    GROUPS[key_of(name, properties)] = {
        **request,
        "computePlatform": platform["computePlatform"],
        "deploymentGroupId": group_id,
    }
    return name, {}


def delete_group(name: str, properties: Properties) -> None:
    GROUPS.pop(key_of(name, properties), None)


def key_of(name: str, properties: Properties) -> str:
    return f"{properties['ApplicationName']}/{name}"


# Actions


def get_application(request: dict[str, Any]) -> dict[str, Any]:
    name = request["applicationName"]
    found: Record | None = APPLICATIONS.get(name)
    if found is None:
        raise ApiError("ApplicationDoesNotExistException", f"No application found for name: {name}")
    return {"application": found}


def get_group(request: dict[str, Any]) -> dict[str, Any]:
    name = request["deploymentGroupName"]
    found: Record | None = GROUPS.get(f"{request['applicationName']}/{name}")
    if found is None:
        raise ApiError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
    return {"deploymentGroupInfo": found}
