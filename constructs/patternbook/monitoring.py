"""Alarms, the dashboard beside them, and the topic that people hear of them through."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

MINUTE = cdk.Duration.minutes(1)


class NotificationTopic(Construct):
    """An SNS topic that takes messages over TLS only, with an optional subscriber.

    Without ``key`` its messages are not encrypted at rest by KMS: the AWS managed key for SNS does not let
    CloudWatch and EventBridge publish, and they would fail without a trace
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
    """

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None, key: kms.Key | None) -> None:
        """:param email: gets the messages, once its owner has confirmed the subscription."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)  # ty: ignore[invalid-argument-type]
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))  # ty: ignore[invalid-argument-type]


class Monitoring(Construct):
    """A dashboard, and alarms that notify a topic. Every alarm is a line on the graph that it watches."""

    def __init__(
        self, scope: Construct, construct_id: str, *, email: str | None = None, key: kms.Key | None = None
    ) -> None:
        """:param email: hears of alarms.
        :param key: encrypts the notifications, see :func:`patternbook.encryption.data_key`.
        """
        super().__init__(scope, construct_id)
        self.topic = NotificationTopic(self, "Alarms", email=email, key=key).topic
        # The policy that refuses plain transport takes the place of the default one, which would let alarms publish.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],  # ty: ignore[invalid-argument-type]
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard")
        self._action = actions.SnsAction(self.topic)  # ty: ignore[invalid-argument-type]

    @property
    def dashboard_url(self) -> str:
        """The dashboard in the AWS console."""
        stack = cdk.Stack.of(self)
        return (
            f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={stack.region}#dashboards/dashboard/{self.dashboard.dashboard_name}"
        )

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        description: str,
        minutes: int = 5,
    ) -> cloudwatch.Alarm:
        """An alarm on a metric, and its graph.

        A minute without data breaches nothing.

        :param threshold: in the metric's unit; the alarm rings above it.
        :param minutes: for how long, without a break, before it rings. The metric's period is one minute.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)  # ty: ignore[invalid-argument-type]
        alarm.add_ok_action(self._action)  # ty: ignore[invalid-argument-type]
        self.dashboard.add_widgets(
            cloudwatch.GraphWidget(title=description, left=[metric], left_annotations=[alarm.to_annotation()], width=8)
        )
        return alarm

    def graph(self, title: str, metrics: Sequence[cloudwatch.IMetric]) -> None:
        """A graph without an alarm."""
        self.dashboard.add_widgets(cloudwatch.GraphWidget(title=title, left=metrics, width=8))

    def watch_load_balancer(
        self, load_balancer: elbv2.ApplicationLoadBalancer, targets: elbv2.ApplicationTargetGroup
    ) -> None:
        """Alarms on 5xx responses, of the tasks and of the load balancer itself, on unhealthy tasks and slow ones.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
        """
        self.watch(
            "TaskErrors",
            targets.metrics.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the tasks are 5xx",
        )
        self.watch(
            "LoadBalancerErrors",
            load_balancer.metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the load balancer itself are 5xx",
        )
        self.watch(
            "UnhealthyTargets",
            targets.metrics.unhealthy_host_count(statistic="max", period=MINUTE),
            threshold=0,
            description="A task does not pass its health check",
        )
        self.watch(
            "ResponseTime",
            response_time(targets),
            threshold=1,
            description="One request in ten takes longer than 1 second",
        )

    def watch_service(self, service: ecs.FargateService) -> None:
        """An alarm on missing tasks, and a graph of CPU and memory. It needs Container Insights.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
        """
        names = {"ClusterName": service.cluster.cluster_name, "ServiceName": service.service_name}
        self.watch(
            "MissingTasks",
            cloudwatch.MathExpression(
                expression="desired - running",
                using_metrics={
                    state: cloudwatch.Metric(
                        namespace="ECS/ContainerInsights",
                        metric_name=f"{state.title()}TaskCount",
                        dimensions_map=names,
                        statistic="min",
                        period=MINUTE,
                    )
                    for state in ("desired", "running")
                },
                label="Tasks missing",
                period=MINUTE,
            ),
            threshold=0,
            minutes=10,
            description="Fewer tasks run than scaling asks for",
        )
        self.graph("CPU and memory", [service.metric_cpu_utilization(), service.metric_memory_utilization()])


def response_time(targets: elbv2.ApplicationTargetGroup) -> cloudwatch.Metric:
    """The time, in seconds, that nine of ten requests of a minute take at most."""
    return targets.metrics.target_response_time(statistic="p90", period=MINUTE)
