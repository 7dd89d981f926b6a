"""The actions that describe services in Express Mode and their revisions."""

import hashlib
import json
from typing import Any

from ministack.services import ecs

from rehearsal.types.actions import ApiError, add_json_actions
from rehearsal.types.ecs_capacity import cluster
from rehearsal.types.ecs_express import SERVICES
from rehearsal.types.ecs_express_resources import (
    endpoint_of,
    port_of,
    public,
)
from rehearsal.types.shapes import Record


def register() -> None:
    add_json_actions(
        "ecs",
        {
            "DescribeExpressGatewayService": describe_service,
            "DescribeServiceRevisions": describe_revisions,
        },
    )


def described(arn: str) -> Record:
    record = SERVICES.get(arn)
    if record is None:
        raise ApiError("ResourceNotFoundException", f"Express service not found: {arn}")
    return record


def revision_of(arn: str) -> str:
    """The ARN of the current revision. It depends on the request only, so that a roll-back restores it."""
    request = json.dumps(SERVICES[arn]["request"], sort_keys=True)
    digest = int(hashlib.sha256(request.encode()).hexdigest(), 16) % 10**19
    return f"{arn.replace(':service/', ':service-revision/')}/{digest}"


def describe_service(request: dict[str, Any]) -> dict[str, Any]:
    arn = request["serviceArn"]
    record = described(arn)
    names = ("healthCheckPath", "networkConfiguration", "scalingTarget", "taskDefinitionArn")
    definition = ecs._task_defs[record["request"]["taskDefinitionArn"].rpartition("/")[2]]
    configuration = {
        "serviceRevisionArn": revision_of(arn),
        "cpu": definition["cpu"],
        "memory": definition["memory"],
        "ingressPaths": [path_of(record)],
        "createdAt": record["created"],
        **{name: record["request"][name] for name in names},
        **{name: definition[name] for name in ("executionRoleArn", "taskRoleArn") if definition.get(name)},
    }
    tags = {"tags": ecs._tags.get(arn, [])} if "TAGS" in request.get("include", []) else {}
    return {
        "service": {
            "activeConfigurations": [configuration],
            "cluster": record["request"]["cluster"],
            "createdAt": record["created"],
            "infrastructureRoleArn": record["request"]["infrastructureRoleArn"],
            "serviceArn": arn,
            "serviceName": record["name"],
            "status": {"statusCode": "ACTIVE"},
            **tags,
        }
    }


def path_of(record: Record) -> Record:
    access = "PUBLIC" if public(record["request"]) else "PRIVATE"
    return {"accessType": access, "endpoint": endpoint_of(record["name"])}


def describe_revisions(request: dict[str, Any]) -> dict[str, Any]:
    known = {revision_of(arn): arn for arn in SERVICES}
    arns = request["serviceRevisionArns"]
    return {
        "serviceRevisions": [described_revision(name, known[name]) for name in arns if name in known],
        "failures": [{"arn": name, "reason": "MISSING"} for name in arns if name not in known],
    }


def described_revision(revision: str, arn: str) -> Record:
    record = SERVICES[arn]
    request, parts = record["request"], record["parts"]
    port = port_of(request["taskDefinitionArn"])

    def managed(part: str, **more: Any) -> Record:
        return {"arn": parts[part].id, "status": "ACTIVE", "updatedAt": record["created"], **more}

    network = request["networkConfiguration"]
    path = {
        **path_of(record),
        "certificate": managed("certificate", domainName=endpoint_of(record["name"])),
        "listener": managed("listener"),
        "loadBalancer": managed(
            "balancer",
            scheme="internet-facing" if public(request) else "internal",
            securityGroupIds=[parts["balancer_group"].attributes["GroupId"]],
            subnetIds=network["subnets"],
        ),
        "loadBalancerSecurityGroups": [managed("balancer_group")],
        "rule": managed("rule"),
        "targetGroups": [
            managed(part, healthCheckPath=request["healthCheckPath"], healthCheckPort=port, port=port)
            for part in ("blue", "green")
        ],
    }
    return {
        "clusterArn": cluster(request["cluster"])["clusterArn"],
        "createdAt": record["created"],
        "ecsManagedResources": {"ingressPaths": [path], "serviceSecurityGroups": []},
        "serviceArn": arn,
        "serviceRevisionArn": revision,
        "taskDefinition": request["taskDefinitionArn"],
    }
