"""CloudWatch metrics as scaling policies need them: what identifies one, and queries for metric math."""

from collections.abc import Hashable

from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_cloudwatch as cloudwatch

Query = appscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty


def identity(metric: cloudwatch.IMetric) -> Hashable:
    """Equal for two metrics that differ in statistic and period only."""
    config = metric.to_metric_config()
    if config.metric_stat is None:
        assert config.math_expression is not None
        inner = config.math_expression.using_metrics
        return config.math_expression.expression, frozenset((name, identity(inner[name])) for name in inner)
    stat = config.metric_stat
    dimensions = frozenset((dimension.name, str(dimension.value)) for dimension in stat.dimensions or ())
    return stat.namespace, stat.metric_name, dimensions


def queries(query_id: str, metric: cloudwatch.IMetric) -> list[Query]:
    """The metric as queries of a scaling policy. The last one has the id, and an expression comes after its metrics."""
    config = metric.to_metric_config()
    if config.math_expression:
        inner = config.math_expression.using_metrics
        before = [query for name in inner for query in queries(name, inner[name])]
        return [*before, Query(id=query_id, expression=config.math_expression.expression, return_data=False)]
    stat = config.metric_stat
    assert stat is not None
    # The period is one minute: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingMetricStat.html
    policy = appscaling.CfnScalingPolicy
    dimensions = [
        policy.TargetTrackingMetricDimensionProperty(name=each.name, value=str(each.value))
        for each in stat.dimensions or ()
    ]
    counted = policy.TargetTrackingMetricProperty(
        namespace=stat.namespace, metric_name=stat.metric_name, dimensions=dimensions
    )
    metric_stat = policy.TargetTrackingMetricStatProperty(metric=counted, stat=stat.statistic)
    return [Query(id=query_id, metric_stat=metric_stat, return_data=False)]
