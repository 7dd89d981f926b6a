"""Application Auto Scaling in the emulated account."""

from typing import Any

from rehearsal.account import ACCOUNT_ID
from tests.rehearsal.templates import (
    Resources,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    service,
)


def test_scaling(stack: Stack) -> None:
    resource = {"Fn::Join": ["/", ["service", ref("Cluster"), get_att("Service", "Name")]]}
    tracking = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 300,
        "TargetValue": 60,
    }
    stepping = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Average",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    morning = {
        "ScalableTargetAction": {"MaxCapacity": 12, "MinCapacity": 4},
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ScheduledActionName": "Morning",
        "Timezone": "Europe/Berlin",
    }

    def resources(highest: int, value: float, **more: Any) -> Resources:
        return {
            **service(),
            "Target": of(
                "ApplicationAutoScaling::ScalableTarget",
                MaxCapacity=highest,
                MinCapacity=2,
                ResourceId=resource,
                RoleARN=f"arn:aws:iam::{ACCOUNT_ID}:role/scaling",
                ScalableDimension="ecs:service:DesiredCount",
                ServiceNamespace="ecs",
                **more,
            ),
            "Tracking": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="tracking",
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=ref("Target"),
                TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": value},
            ),
            "Stepping": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="stepping",
                PolicyType="StepScaling",
                ScalingTargetId=ref("Target"),
                StepScalingPolicyConfiguration=stepping,
            ),
        }

    def read() -> Any:
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"])
        assert target["ResourceId"] == "/".join(["service", *stack.id_of("Service").split("/")[-2:]])
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=target["ResourceId"])
        assert {policy["PolicyARN"] for policy in policies["ScalingPolicies"]} == {
            stack.id_of(name) for name in ("Tracking", "Stepping")
        }
        named = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["tracking"])["ScalingPolicies"]
        assert only(named)["PolicyName"] == "tracking"
        assert not scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        actions = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
        configurations = {
            policy["PolicyName"]: policy.get("TargetTrackingScalingPolicyConfiguration")
            or policy["StepScalingPolicyConfiguration"]
            for policy in policies["ScalingPolicies"]
        }
        scheduled = [{name: action[name] for name in morning} for action in actions]
        return target["MaxCapacity"], configurations, scheduled

    first, second = check_life_cycle(stack, resources(6, 60, ScheduledActions=[morning]), resources(8, 50.5), read)
    assert first == (6, {"tracking": tracking, "stepping": stepping}, [morning])
    assert second == (8, {"tracking": {**tracking, "TargetValue": 50.5}, "stepping": stepping}, [])


def test_a_policy_can_be_deleted_without_its_target(stack: Stack) -> None:
    target = of(
        "ApplicationAutoScaling::ScalableTarget",
        MaxCapacity=2,
        MinCapacity=1,
        ResourceId="table/some",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        ServiceNamespace="dynamodb",
    )
    policy = of(
        "ApplicationAutoScaling::ScalingPolicy",
        PolicyName="some",
        PolicyType="StepScaling",
        ScalingTargetId=ref("Target"),
    )

    def read() -> int:
        scaling = stack.client("application-autoscaling")
        return len(scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"])

    assert check_life_cycle(stack, {"Target": target, "Policy": policy}, {"Target": target}, read) == (1, 0)
