"""App Runner services and the resources that they refer to. MiniStack lacks App Runner.

A service is running as soon as it is created. It builds nothing, and its URL does not answer.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import iam, kms

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.registry import Provisioned, physical_name, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require, to_api

# All these stores have the ARN as their key.
SERVICES = regional_store()
SCALING = regional_store()
TRACING = regional_store()
CONNECTORS = regional_store()
OPERATIONS = regional_store()
"""The operations of each service, the newest first."""

DEFAULT_SCALING = "autoscalingconfiguration/DefaultConfiguration/1/00000000000000000000000000000001"
PULLS, RUNS = "build.apprunner.amazonaws.com", "tasks.apprunner.amazonaws.com"


def register() -> None:
    register_type("AWS::AppRunner::Service", create=create_service, update=update_service, delete=delete_service)
    register_type(
        "AWS::AppRunner::AutoScalingConfiguration", create=create_scaling, update=replaced, delete=delete_scaling
    )
    register_type(
        "AWS::AppRunner::ObservabilityConfiguration", create=create_tracing, update=replaced, delete=delete_tracing
    )
    register_type("AWS::AppRunner::VpcConnector", create=create_connector, update=replaced, delete=delete_connector)
    add_json_actions(
        "apprunner",
        {
            "DescribeService": described(SERVICES, "Service", "ServiceArn"),
            "DescribeAutoScalingConfiguration": described(
                SCALING, "AutoScalingConfiguration", "AutoScalingConfigurationArn"
            ),
            "DescribeObservabilityConfiguration": described(
                TRACING, "ObservabilityConfiguration", "ObservabilityConfigurationArn"
            ),
            "DescribeVpcConnector": described(CONNECTORS, "VpcConnector", "VpcConnectorArn"),
            "ListOperations": list_operations,
        },
    )


def described(store: Any, name: str, key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An action that describes a record of a store."""

    def describe(request: dict[str, Any]) -> dict[str, Any]:
        record = store.get(request[key])
        if record is None:
            raise ApiError("ResourceNotFoundException", f"{name} with arn {request[key]} not found.")
        return {name: record}

    return describe


def arn_of(resource: str) -> str:
    return f"arn:aws:apprunner:{get_region()}:{get_account_id()}:{resource}"


def new_id() -> str:
    return new_uuid().replace("-", "")


def check_role(arn: str | None, service: str) -> None:
    """:raises ValueError: if the role does not exist, or does not trust this service."""
    if arn is None:
        return
    role = next((record for record in iam._roles.values() if record["Arn"] == arn), None)
    policy = require(role, f"Role {arn} does not exist.")["AssumeRolePolicyDocument"]
    trust = policy if isinstance(policy, str) else json.dumps(policy)
    require(f'"{service}"' in trust, f"Error in assuming instance role or access role {arn} for {service}")


# Services


def create_service(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request = service_request(properties)
    name, service_id = properties.get("ServiceName") or physical_name(stack, logical_id, max_len=40), new_id()
    arn = arn_of(f"service/{name}/{service_id}")
    SERVICES[arn] = {
        "ServiceName": name,
        "ServiceId": service_id,
        "ServiceArn": arn,
        "ServiceUrl": f"{service_id[:10]}.{get_region()}.awsapprunner.com",
        "Status": "RUNNING",
        "CreatedAt": time.time(),
    }
    add_operation(arn, "CREATE_SERVICE")
    return put_service(arn, request)


def update_service(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    request = service_request(new)
    add_operation(arn, "UPDATE_SERVICE")
    return put_service(arn, request)


def add_operation(arn: str, kind: str) -> None:
    now = time.time()
    operation = {"Id": new_uuid(), "Type": kind, "Status": "SUCCEEDED", "TargetArn": arn}
    times = dict.fromkeys(("StartedAt", "EndedAt", "UpdatedAt"), now)
    OPERATIONS[arn] = [{**operation, **times}, *OPERATIONS.get(arn, [])]


def list_operations(request: dict[str, Any]) -> dict[str, Any]:
    arn = request["ServiceArn"]
    if arn not in SERVICES:
        raise ApiError("ResourceNotFoundException", f"Service with arn {arn} not found.")
    return {"OperationSummaryList": OPERATIONS[arn]}


def service_request(properties: Properties) -> Record:
    """The input of CreateService.

    :raises ValueError: if App Runner would refuse it.
    """
    check_service(properties)
    source = with_maps(properties["SourceConfiguration"])
    return to_api("apprunner", "CreateService", {**properties, "SourceConfiguration": source}, excluding=("Tags",))


def check_service(properties: Properties) -> None:
    source = properties["SourceConfiguration"]
    kinds = [kind for kind in ("CodeRepository", "ImageRepository") if kind in source]
    if len(kinds) != 1:
        raise ValueError(f"Exactly one of CodeRepository and ImageRepository must be provided, got {kinds}")
    authentication = source.get("AuthenticationConfiguration", {})
    image = source.get("ImageRepository")
    if image:
        private = image["ImageRepositoryType"] == "ECR"
        if private != ("AccessRoleArn" in authentication):
            raise ValueError("An access role is required for a private ECR repository, and not supported otherwise")
        if not private and source.get("AutoDeploymentsEnabled"):
            raise ValueError("AutoDeploymentsEnabled is not supported for ECR Public")
    else:
        require(authentication.get("ConnectionArn"), "A connection is required for a source code repository")
    check_role(authentication.get("AccessRoleArn"), PULLS)
    check_role(properties.get("InstanceConfiguration", {}).get("InstanceRoleArn"), RUNS)
    for store, arn in used_by(properties):
        require(arn in store, f"{arn} not found")
    key = properties.get("EncryptionConfiguration", {}).get("KmsKey")
    if key:
        require(kms._keys.get(key.rpartition("/")[2]), f"The KMS key {key} does not exist")


def used_by(properties: Properties) -> list[tuple[Any, str]]:
    """The ARNs that a service refers to, each with its store."""
    egress = properties.get("NetworkConfiguration", {}).get("EgressConfiguration", {})
    found = [
        (SCALING, properties.get("AutoScalingConfigurationArn")),
        (TRACING, properties.get("ObservabilityConfiguration", {}).get("ObservabilityConfigurationArn")),
        (CONNECTORS, egress.get("VpcConnectorArn")),
    ]
    return [(store, arn) for store, arn in found if arn]


def put_service(arn: str, request: Record) -> Provisioned:
    scaling = request.get("AutoScalingConfigurationArn") or arn_of(DEFAULT_SCALING)
    summary = {
        "AutoScalingConfigurationArn": scaling,
        "AutoScalingConfigurationName": scaling.split("/")[1],
        "AutoScalingConfigurationRevision": 1,
    }
    record = SERVICES[arn]
    for name in ("EncryptionConfiguration", "HealthCheckConfiguration", "ObservabilityConfiguration"):
        record.pop(name, None)
    record.update({"InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"}, "NetworkConfiguration": {}})
    record.update({name: value for name, value in request.items() if name != "AutoScalingConfigurationArn"})
    record.update({"AutoScalingConfigurationSummary": summary, "UpdatedAt": time.time()})
    return arn, {name: record[name] for name in ("ServiceArn", "ServiceId", "ServiceUrl", "Status")}


def with_maps(source: Record) -> Record:
    """Converts a source to the API's input: lists of names and values become maps."""

    def mapped(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: {pair["Name"]: pair["Value"] for pair in inner}
            if name in ("RuntimeEnvironmentSecrets", "RuntimeEnvironmentVariables")
            else mapped(inner)
            for name, inner in value.items()
        }

    return mapped(source)


def delete_service(arn: str, _properties: Properties) -> None:
    SERVICES.pop(arn, None)
    OPERATIONS.pop(arn, None)


# Auto scaling configurations, observability configurations and VPC connectors cannot be updated in place, and cannot be
# deleted while a service uses them.


def replaced(arn: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
    """CloudFormation replaces the resource for every change, so this changes nothing."""
    return arn, attributes_of(arn)


def attributes_of(arn: str) -> dict[str, Any]:
    [record] = [store[arn] for store in (SCALING, TRACING, CONNECTORS) if arn in store]
    return {name: value for name, value in record.items() if name == "Latest" or name.endswith(("Arn", "Revision"))}


def create_configuration(
    store: Any, kind: str, logical_id: str, properties: Properties, stack: str, *, max_len: int = 32
) -> Provisioned:
    """:param kind: the beginning of the names of the properties, such as ``VpcConnector``."""
    name = properties.get(f"{kind}Name") or physical_name(stack, logical_id, max_len=max_len)
    arn = arn_of(f"{kind.lower()}/{name}/1/{new_id()}")
    store[arn] = {
        **to_api("apprunner", f"Create{kind}", properties, excluding=("Tags",)),
        f"{kind}Arn": arn,
        f"{kind}Name": name,
        f"{kind}Revision": 1,
        "Status": "ACTIVE",
        "CreatedAt": time.time(),
        **({} if kind == "VpcConnector" else {"Latest": True}),
    }
    return arn, attributes_of(arn)


def delete_configuration(store: Any, arn: str) -> None:
    def refers(service: Record) -> bool:
        summary = service["AutoScalingConfigurationSummary"]
        return arn in [used for _, used in used_by({**service, **summary})]

    users = [service["ServiceName"] for service in SERVICES.values() if refers(service)]
    if users:
        raise ValueError(f"{arn} is used by the services {', '.join(users)}")
    store.pop(arn, None)


def create_scaling(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    given = {"MaxConcurrency": 100, "MinSize": 1, "MaxSize": 25, **properties}
    if int(given["MinSize"]) > int(given["MaxSize"]):
        raise ValueError(f"MinSize {given['MinSize']} is greater than MaxSize {given['MaxSize']}")
    return create_configuration(SCALING, "AutoScalingConfiguration", logical_id, given, stack)


def delete_scaling(arn: str, _properties: Properties) -> None:
    delete_configuration(SCALING, arn)


def create_tracing(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    return create_configuration(TRACING, "ObservabilityConfiguration", logical_id, properties, stack)


def delete_tracing(arn: str, _properties: Properties) -> None:
    delete_configuration(TRACING, arn)


def create_connector(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    vpcs = {ec2_types.subnet(subnet_id)["VpcId"] for subnet_id in properties["Subnets"]}
    vpcs |= {ec2_types.security_group(group_id)["VpcId"] for group_id in properties.get("SecurityGroups", [])}
    if len(vpcs) > 1:
        raise ValueError(f"Subnets and security groups belong to several VPCs: {', '.join(sorted(vpcs))}")
    return create_configuration(CONNECTORS, "VpcConnector", logical_id, properties, stack, max_len=40)


def delete_connector(arn: str, _properties: Properties) -> None:
    delete_configuration(CONNECTORS, arn)
