"""Deployments that shift the requests of an Application Load Balancer between two target groups, and their metrics.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
"""

from collections.abc import Callable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.nag import acknowledge


def shifting_target(
    scope: Construct,
    service: ecs.FargateService | ecs.Ec2Service,
    listener: elbv2.ApplicationListener,
    targets: elbv2.ApplicationTargetGroup,
    alternate: elbv2.ApplicationTargetGroup,
) -> ecs.IEcsLoadBalancerTarget:
    """The target of a service whose deployments shift requests between two target groups.

    :param listener: gets the rule whose weights ECS changes.
    """
    # ECS changes the weights in each deployment. Do not change this rule: CloudFormation would reset the weights, and
    # send the requests to a group without tasks (https://github.com/aws/aws-cdk/issues/36649).
    rule = elbv2.ApplicationListenerRule(
        scope,
        "Production",
        listener=listener,
        priority=1,
        conditions=[elbv2.ListenerCondition.path_patterns(["/*"])],
        action=elbv2.ListenerAction.weighted_forward(
            [
                elbv2.WeightedTargetGroup(target_group=targets, weight=100),
                elbv2.WeightedTargetGroup(target_group=alternate, weight=0),
            ]
        ),
    )
    role = iam.Role(
        scope,
        "ShiftRole",
        assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),  # ty: ignore[invalid-argument-type]
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name("AmazonECSInfrastructureRolePolicyForLoadBalancers")
        ],
    )
    acknowledge(
        role,
        "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers]",
        "AWS maintains this policy for exactly this role. Only ECS can assume the role.",
    )
    container = service.task_definition.default_container
    assert container is not None
    return service.load_balancer_target(
        container_name=container.container_name,
        alternate_target=ecs.AlternateTarget(
            "Alternate",
            alternate_target_group=alternate,
            production_listener=ecs.ListenerRuleConfiguration.application_listener_rule(rule),
            role=role,  # ty: ignore[invalid-argument-type]
        ),
    )


def total_of_both(
    targets: elbv2.ApplicationTargetGroup,
    alternate: elbv2.ApplicationTargetGroup,
    metric: Callable[[elbv2.IApplicationTargetGroupMetrics], cloudwatch.Metric],
    *,
    label: str | None = None,
) -> cloudwatch.MathExpression:
    """The sum of a metric of two groups, for tasks in whichever of them. A group without data counts as 0."""
    return _of_both(targets, alternate, "FILL(first, 0) + FILL(second, 0)", metric, label=label)


def slowest_response_time(
    targets: elbv2.ApplicationTargetGroup, alternate: elbv2.ApplicationTargetGroup
) -> cloudwatch.MathExpression:
    """:func:`response_time` of the slower of two groups."""
    return _of_both(targets, alternate, "MAX([first, second])", response_time)


def _of_both(
    targets: elbv2.ApplicationTargetGroup,
    alternate: elbv2.ApplicationTargetGroup,
    expression: str,
    metric: Callable[[elbv2.IApplicationTargetGroupMetrics], cloudwatch.Metric],
    *,
    label: str | None = None,
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=expression,
        label=label,
        using_metrics={"first": metric(targets.metrics), "second": metric(alternate.metrics)},
        period=cdk.Duration.minutes(1),
    )


def response_time(
    metrics: elbv2.IApplicationTargetGroupMetrics | elbv2.IApplicationLoadBalancerMetrics,
) -> cloudwatch.Metric:
    """The 90th percentile of the response time of a minute, in seconds."""
    return metrics.target_response_time(statistic="p90", period=cdk.Duration.minutes(1))
