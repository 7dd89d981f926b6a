"""Auto Scaling groups in the emulated account, and the public parameters with their AMIs."""

from typing import Any

import pytest

from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    of,
    only,
    ref,
    with_properties,
)
from tests.rehearsal.templates_instances import instances, on_instances


def test_auto_scaling_groups(stack: Stack) -> None:
    def read() -> Any:
        groups = stack.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[stack.id_of("Instances")]
        )
        group = only(groups["AutoScalingGroups"])
        hooks = stack.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=stack.id_of("Instances"))
        policy = group["MixedInstancesPolicy"]
        used = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        assert "LaunchTemplate" not in group
        assert used["LaunchTemplateId"] == stack.id_of("Template")
        version = only(
            stack.client("ec2").describe_launch_template_versions(
                LaunchTemplateId=used["LaunchTemplateId"], Versions=[used["Version"]]
            )["LaunchTemplateVersions"]
        )
        return (
            group["MaxSize"],
            group["AvailabilityZones"],
            group["NewInstancesProtectedFromScaleIn"],
            group.get("MaxInstanceLifetime"),
            len(group.get("EnabledMetrics", [])),
            [(each["LifecycleHookName"], each["DefaultResult"]) for each in hooks["LifecycleHooks"]],
            policy["LaunchTemplate"]["Overrides"],
            policy["InstancesDistribution"]["OnDemandBaseCapacity"],
            version["LaunchTemplateData"]["MetadataOptions"]["HttpPutResponseHopLimit"],
        )

    second = instances(
        most=3,
        kind="m7g.large",
        hops=2,
        protected=True,
        MaxInstanceLifetime=86400,
        LifecycleHookSpecificationList=[
            {
                "LifecycleHookName": "ready",
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "DefaultResult": "ABANDON",
            }
        ],
        MetricsCollection=[{"Granularity": "1Minute"}],
    )
    assert check_life_cycle(stack, instances(), second, read) == (
        (2, ["us-east-1b"], False, None, 0, [], [{"InstanceType": "t4g.small"}], 1, 1),
        (3, ["us-east-1b"], True, 86400, 8, [("ready", "ABANDON")], [{"InstanceType": "m7g.large"}], 1, 2),
    )


def test_scaling_policies_of_groups(stack: Stack) -> None:
    def resources(percent: int) -> Resources:
        tracking = {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": percent,
        }
        policy = of(
            "AutoScaling::ScalingPolicy",
            AutoScalingGroupName=ref("Instances"),
            EstimatedInstanceWarmup=120,
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration=tracking,
        )
        return {**instances(), "Policy": policy}

    def read() -> Any:
        autoscaling, name = stack.client("autoscaling"), stack.id_of("Instances")
        policy = only(autoscaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"])
        assert policy["PolicyARN"] == stack.id_of("Policy")
        tracking = policy["TargetTrackingConfiguration"]
        metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
        return policy["PolicyType"], policy["EstimatedInstanceWarmup"], metric, tracking["TargetValue"]

    tracked = ("TargetTrackingScaling", 120, "ASGAverageCPUUtilization")
    assert check_life_cycle(stack, resources(50), resources(60), read) == ((*tracked, 50), (*tracked, 60))


@pytest.mark.parametrize(
    "name",
    [
        *("ecs/optimized-ami/amazon-linux-2023/arm64/recommended", "ecs/optimized-ami/amazon-linux-2023/recommended"),
        *("bottlerocket/aws-ecs-2/arm64/latest", "bottlerocket/aws-ecs-2/x86_64/latest"),
        "eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/recommended",
        "eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/amazon-eks-node-al2023-arm64-standard-1.36-v20261023",
    ],
)
def test_public_parameters_contain_amis(stack: Stack, name: str) -> None:
    found = stack.client("ssm").get_parameter(Name=f"/aws/service/{name}/image_id")["Parameter"]
    assert found["Value"].startswith("ami-")


def test_the_name_of_a_release_has_to_fit_its_version_and_architecture(stack: Stack) -> None:
    folder = "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard"
    ssm = stack.client("ssm")
    for name in ("amazon-eks-node-al2023-arm64-standard-1.35-v20261023", "v20261023"):
        with pytest.raises(ssm.exceptions.ParameterNotFound):
            ssm.get_parameter(Name=f"{folder}/{name}/image_id")


MISSING_TEMPLATE = {"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-missing", "Version": "1"}}


@pytest.mark.parametrize(
    ("name", "properties", "message"),
    [
        ("Instances", {"VPCZoneIdentifier": ["subnet-missing"]}, "subnet ID 'subnet-missing' does not exist"),
        ("Instances", {"MinSize": "5"}, "Max bound must be greater than or equal to min bound"),
        ("Instances", {"MixedInstancesPolicy": {"LaunchTemplate": MISSING_TEMPLATE}}, "lt-missing, does not exist"),
        (
            "Template",
            {"LaunchTemplateData": {"IamInstanceProfile": {"Arn": "arn:missing"}}},
            "Invalid IAM instance profile ARN 'arn:missing'",
        ),
        (
            "Template",
            {"LaunchTemplateData": {"NetworkInterfaces": [{"Groups": ["sg-missing"]}]}},
            "security group 'sg-missing' does not exist",
        ),
        (
            "Provider",
            {"AutoScalingGroupProvider": {"AutoScalingGroupArn": "missing"}},
            "AutoScalingGroup 'missing' not found",
        ),
    ],
)
def test_auto_scaling_requires_existing_resources(
    stack: Stack, name: str, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.deploy(with_properties(on_instances(), name, **properties))
