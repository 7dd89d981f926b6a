"""Scalable targets and scaling policies of Application Auto Scaling, which MiniStack lacks."""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import ecs, lambda_svc

from rehearsal.types.actions import add_json_actions
from rehearsal.types.registry import Provisioned, regional_store, register_type
from rehearsal.types.shapes import Properties, Record, require, to_api

TARGETS = regional_store()
"""Scalable targets with their scheduled actions, by physical id: resource, dimension and namespace."""
POLICIES = regional_store()
"""Scaling policies, by ARN."""

IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def register() -> None:
    register_type(
        "AWS::ApplicationAutoScaling::ScalableTarget", create=create_target, update=update_target, delete=delete_target
    )
    register_type(
        "AWS::ApplicationAutoScaling::ScalingPolicy", create=create_policy, update=update_policy, delete=delete_policy
    )
    add_json_actions(
        "application-autoscaling",
        {
            "DescribeScalableTargets": describe_targets,
            "DescribeScheduledActions": describe_scheduled_actions,
            "DescribeScalingPolicies": describe_policies,
        },
    )


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


# Scalable targets


def create_target(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    target_id = "|".join(properties[name] for name in IDENTITY)
    check_resource(properties)
    TARGETS[target_id] = {
        "ScalableTargetARN": arn("application-autoscaling", f"scalable-target/{new_uuid().replace('-', '')[:24]}"),
        "CreationTime": time.time(),
    }
    return update_target(target_id, {}, properties, "")


def update_target(target_id: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    identity = {name: new[name] for name in IDENTITY}
    target = to_api("application-autoscaling", "RegisterScalableTarget", new, excluding=("ScheduledActions",))
    off = dict.fromkeys(("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False)
    known = {name: TARGETS[target_id][name] for name in ("ScalableTargetARN", "CreationTime")}
    actions = [
        {
            **to_api("application-autoscaling", "PutScheduledAction", action),
            **identity,
            "ScheduledActionARN": arn(
                "autoscaling",
                f"scheduledAction:{new['ServiceNamespace']}/{new['ResourceId']}:"
                f"scheduledActionName/{action['ScheduledActionName']}",
            ),
            "CreationTime": known["CreationTime"],
        }
        for action in new.get("ScheduledActions", [])
    ]
    TARGETS[target_id] = {
        **target,
        "SuspendedState": {**off, **target.get("SuspendedState", {})},
        **known,
        "actions": actions,
    }
    return target_id, {"Id": target_id}


def delete_target(target_id: str, _properties: Properties) -> None:
    """Also deletes the policies of the target, as AWS does."""
    target = TARGETS.pop(target_id, None)
    if target:
        for policy_arn, policy in POLICIES.items():
            if all(policy[name] == target[name] for name in IDENTITY):
                del POLICIES[policy_arn]


def check_resource(properties: Properties) -> None:
    if properties["ServiceNamespace"] == "ecs":
        _, cluster, service = properties["ResourceId"].split("/")
        found = ecs._services.get(f"{cluster}/{service}")
        require(found and found["status"] == "ACTIVE", f"ECS service doesn't exist: {properties['ResourceId']}")
    if properties["ServiceNamespace"] == "lambda":
        _, name, alias = properties["ResourceId"].split(":")
        function = lambda_svc._functions.get(name, {})
        require(alias in function.get("aliases", {}), f"Lambda alias doesn't exist: {properties['ResourceId']}")


# Scaling policies


def create_policy(_logical_id: str, properties: Properties, _stack: str) -> Provisioned:
    identity = target_of(properties)
    resource = "{ServiceNamespace}/{ResourceId}".format(**identity)
    policy_arn = arn(
        "autoscaling", f"scalingPolicy:{new_uuid()}:resource/{resource}:policyName/{properties['PolicyName']}"
    )
    return put_policy(policy_arn, properties, time.time())


def update_policy(policy_arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    return put_policy(policy_arn, new, POLICIES[policy_arn]["CreationTime"])


def put_policy(policy_arn: str, properties: Properties, created: float) -> Provisioned:
    policy = to_api("application-autoscaling", "PutScalingPolicy", properties, excluding=("ScalingTargetId",))
    POLICIES[policy_arn] = {
        **policy,
        **target_of(properties),
        "PolicyARN": policy_arn,
        "Alarms": [],
        "CreationTime": created,
    }
    return policy_arn, {"Arn": policy_arn}


def delete_policy(policy_arn: str, _properties: Properties) -> None:
    POLICIES.pop(policy_arn, None)


def target_of(properties: Properties) -> Record:
    """The target of a policy, which refers to it by its id or by three properties."""
    target_id = properties.get("ScalingTargetId") or "|".join(properties[name] for name in IDENTITY)
    target = require(TARGETS.get(target_id), f"No scalable target registered for {target_id}")
    return {name: target[name] for name in IDENTITY}


# Actions


def describe_targets(request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("ResourceIds")
    targets = [
        {name: value for name, value in target.items() if name != "actions"}
        for target in TARGETS.values()
        if is_requested(target, request) and (not wanted or target["ResourceId"] in wanted)
    ]
    return {"ScalableTargets": targets}


def describe_scheduled_actions(request: dict[str, Any]) -> dict[str, Any]:
    actions = [action for target in TARGETS.values() for action in target["actions"]]
    return {"ScheduledActions": named(actions, request, "ScheduledActionName")}


def describe_policies(request: dict[str, Any]) -> dict[str, Any]:
    return {"ScalingPolicies": named(POLICIES.values(), request, "PolicyName")}


def named(records: list[Record], request: dict[str, Any], name: str) -> list[Record]:
    wanted = request.get(f"{name}s")
    return [record for record in records if is_requested(record, request) and (not wanted or record[name] in wanted)]


def is_requested(record: Record, request: dict[str, Any]) -> bool:
    return all(record[name] == request.get(name, record[name]) for name in IDENTITY)
