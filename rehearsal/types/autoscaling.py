"""Auto Scaling groups and launch templates: properties that MiniStack drops, and checks of references."""

from typing import Any

from ministack.services import autoscaling, ec2, iam

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.actions import add_to_description
from rehearsal.types.registry import amend_type
from rehearsal.types.shapes import Properties, is_true, require


def register() -> None:
    amend_type("AWS::EC2::LaunchTemplate", check=check_template)
    amend_type("AWS::AutoScaling::AutoScalingGroup", check=check_group, complete=complete_group)
    amend_type("AWS::AutoScaling::ScalingPolicy", check=check_policy)
    add_to_description(
        autoscaling,
        "DescribeAutoScalingGroups",
        items="AutoScalingGroups",
        item="member",
        key="AutoScalingGroupName",
        more=described_group,
    )


def group(name_or_arn: str) -> dict[str, Any]:
    """The record of a group. A capacity provider refers to it by name or by ARN."""
    found = autoscaling._asgs.get(name_or_arn.rpartition("autoScalingGroupName/")[2])
    return require(found, f"AutoScalingGroup name not found - AutoScalingGroup '{name_or_arn}' not found")


# Launch templates


def check_template(properties: Properties) -> None:
    data = properties["LaunchTemplateData"]
    profile = data.get("IamInstanceProfile", {}).get("Arn")
    if profile:
        known = any(record["Arn"] == profile for record in iam._instance_profiles.values())
        require(known, f"Invalid IAM instance profile ARN '{profile}'")
    for interface in data.get("NetworkInterfaces", []):
        for group_id in interface.get("Groups", []):
            ec2_types.security_group(group_id)


# Auto Scaling groups


def specification(properties: Properties) -> Properties:
    policy = properties.get("MixedInstancesPolicy")
    if policy:
        return policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    return properties["LaunchTemplate"]


def check_group(properties: Properties) -> None:
    wanted = specification(properties)
    template_id, version = wanted["LaunchTemplateId"], str(wanted["Version"])
    template = require(
        ec2._launch_templates.get(template_id), f"The specified launch template, with ID {template_id}, does not exist."
    )
    known = any(str(each["VersionNumber"]) == version for each in template["Versions"])
    require(known, f"Could not find launch template version {version} of {template_id}")
    for subnet_id in properties["VPCZoneIdentifier"]:
        ec2_types.subnet(subnet_id)
    if int(properties["MinSize"]) > int(properties["MaxSize"]):
        raise ValueError("Max bound must be greater than or equal to min bound")


def complete_group(name: str, properties: Properties) -> None:
    before = autoscaling._asgs[name].get("properties", {})
    for hook in before.get("LifecycleHookSpecificationList", []):
        autoscaling._hooks.pop(f"{name}/{hook['LifecycleHookName']}", None)
    autoscaling._asgs[name].update(
        AvailabilityZones=[ec2._subnets[subnet]["AvailabilityZone"] for subnet in properties["VPCZoneIdentifier"]],
        NewInstancesProtectedFromScaleIn=is_true(properties.get("NewInstancesProtectedFromScaleIn", False)),
        properties=properties,
    )
    for hook in properties.get("LifecycleHookSpecificationList", []):
        hook_name = hook["LifecycleHookName"]
        autoscaling._hooks[f"{name}/{hook_name}"] = autoscaling._hook_record(name, hook_name, hook)


def check_policy(properties: Properties) -> None:
    group(properties["AutoScalingGroupName"])


def described_group(name: str) -> dict[str, Any]:
    """MiniStack does not describe the mixed instances policy, the maximum instance lifetime and the metrics.

    It also describes a launch configuration without a name if the group has none.
    """
    properties = autoscaling._asgs[name].get("properties", {})
    policy, lifetime = properties.get("MixedInstancesPolicy"), properties.get("MaxInstanceLifetime")
    collected = [
        {"Metric": metric, "Granularity": each["Granularity"]}
        for each in properties.get("MetricsCollection", [])
        for metric in each.get("Metrics", GROUP_METRICS)
    ]
    described: dict[str, Any] = {
        "EnabledMetrics": collected or None,
        "MaxInstanceLifetime": lifetime,
        "LaunchConfigurationName": None,
    }
    if policy:
        described |= {"LaunchTemplate": None, "MixedInstancesPolicy": policy}
    return described


GROUP_METRICS = [
    *("GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances"),
    *("GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances"),
]
"""The metrics of a group without a warm pool.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
"""
