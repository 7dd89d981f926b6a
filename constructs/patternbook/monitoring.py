"""Alarms, the dashboard beside them, and the topic that people hear of them through."""

from collections.abc import Callable, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from patternbook.file_system import SharedFileSystem
from patternbook.findings import acknowledge
from patternbook.live_function import LiveFunction
from patternbook.work_queue import FailureQueue, WorkQueue

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
        self._key = key

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
        silence_breaches: bool = False,
    ) -> cloudwatch.Alarm:
        """An alarm on a metric, and its graph.

        A minute without data breaches nothing, unless ``silence_breaches``.

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
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if silence_breaches
            else cloudwatch.TreatMissingData.NOT_BREACHING,
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
        self, load_balancer: elbv2.IApplicationLoadBalancer, targets: elbv2.ApplicationTargetGroup | None = None
    ) -> None:
        """Alarms on 5xx responses, of the tasks and of the load balancer itself, on unhealthy tasks and slow ones.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

        :param targets: without, all tasks behind the load balancer count, and there is no alarm on unhealthy ones:
            that metric is of a target group.
        """
        of_tasks = targets.metrics if targets else load_balancer.metrics
        self.watch(
            "TaskErrors",
            of_tasks.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the tasks are 5xx",
        )
        self.watch(
            "LoadBalancerErrors",
            load_balancer.metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses a minute of the load balancer itself are 5xx",
        )
        if targets:
            self.watch(
                "UnhealthyTargets",
                targets.metrics.unhealthy_host_count(statistic="max", period=MINUTE),
                threshold=0,
                description="A task does not pass its health check",
            )
        self.watch(
            "ResponseTime",
            _response_time(of_tasks),
            threshold=1,
            description="One request in ten takes longer than 1 second",
        )

    def watch_kubernetes(self, cluster_name: str, *, container_insights: bool) -> None:
        """Alarms on pods that find no node, on errors of the API server, and, with Container Insights, on nodes that
        have failed; and a graph of the requests to the API server.

        https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-EKS.html
        """
        names = {"ClusterName": cluster_name}
        metric = _metrics("AWS/EKS", names)
        self.watch(
            "PendingPods",
            metric("scheduler_pending_pods_UNSCHEDULABLE", "max"),
            threshold=0,
            minutes=15,
            description="A pod finds no node that it may run on",
        )
        self.watch(
            "ApiServerErrors",
            metric("apiserver_request_total_5XX", "sum"),
            threshold=5,
            description="More than 5 responses a minute of the API server are 5xx",
        )
        if container_insights:
            self.watch(
                "FailedNodes",
                _metrics("ContainerInsights", names)("cluster_failed_node_count", "max"),
                threshold=0,
                description="A node is not ready, or runs out of something",
            )
        self.graph("Requests to the API server", [metric("apiserver_request_total", "sum")])

    def watch_network_load_balancer(
        self, load_balancer: elbv2.NetworkLoadBalancer, targets: elbv2.NetworkTargetGroup
    ) -> None:
        """Alarms on unhealthy tasks, on connections that are reset, blocked or find no free port, and a graph of what
        goes through.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
        """
        metrics = load_balancer.metrics
        self.watch(
            "UnhealthyTargets",
            targets.metrics.un_healthy_host_count(statistic="max", period=MINUTE),
            threshold=0,
            description="A task does not pass its health check",
        )
        self.watch(
            "TargetResets",
            metrics.tcp_target_reset_count(statistic="sum", period=MINUTE),
            threshold=100,
            description="More than 100 connections a minute are reset by tasks",
        )
        self.watch(
            "LoadBalancerResets",
            metrics.tcp_elb_reset_count(statistic="sum", period=MINUTE),
            threshold=100,
            description="More than 100 connections a minute are reset by the load balancer itself",
        )
        self.watch(
            "BlockedConnections",
            metrics.custom("SecurityGroupBlockedFlowCount_Inbound_TCP", statistic="sum", period=MINUTE),
            threshold=0,
            description="The load balancer's security group blocks connections",
        )
        # Clients by PrivateLink share the load balancer's addresses, and so its ports.
        self.watch(
            "PortAllocation",
            metrics.custom("PortAllocationErrorCount", statistic="sum", period=MINUTE),
            threshold=0,
            minutes=1,
            description="The load balancer has no free port for a connection to a task",
        )
        self.graph("Bytes", [metrics.processed_bytes(statistic="sum", period=MINUTE)])
        self.graph(
            "Connections",
            [
                metrics.active_flow_count(statistic="avg", period=MINUTE),
                metrics.new_flow_count(statistic="sum", period=MINUTE),
            ],
        )

    def tell(self, name: str, pattern: events.EventPattern, *, description: str, message: str) -> events.Rule:
        """Sends events to the topic, in words of one's own; :class:`aws_cdk.aws_events.EventField` fills them in."""
        rule = events.Rule(self, name, description=description, event_pattern=pattern)
        # By a role: otherwise the grant lets EventBridge use the key for every topic of every account.
        rule.add_target(
            event_targets.SnsTopic(  # ty: ignore[invalid-argument-type]
                self.topic,  # ty: ignore[invalid-argument-type]
                message=events.RuleTargetInput.from_text(message),
                authorize_using_role=True,
            )
        )
        if self._key is not None:
            acknowledge(
                rule, "IAM5[Action::kms:GenerateDataKey*]", "CDK grants both variants, on this stack's key only."
            )
        return rule

    def watch_reports(self, service: ecs.BaseService, *, tasks: int) -> None:
        """An alarm on tasks that no agent reports for 15 minutes: they do not run, or their instance is silent.

        Each running task is a sample a minute of the service's utilization, which the agents measure
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html#cw_running_task_count).

        :param tasks: how many there should be, at least 1.
        """
        reporting = service.metric_cpu_utilization(statistic="SampleCount", period=MINUTE)
        self.watch(
            "SilentTasks",
            cloudwatch.MathExpression(
                expression=f"{tasks} - reporting",
                using_metrics={"reporting": reporting},
                label="Tasks not reporting",
                period=MINUTE,
            ),
            threshold=0,
            minutes=15,
            silence_breaches=True,
            description="Fewer tasks report than there should be: an instance is silent, or tasks are missing",
        )

    def watch_service(self, service: ecs.BaseService, *, name: str = "", asked_by: str = "scaling") -> None:
        """An alarm on missing tasks, and a graph of CPU and memory. It needs Container Insights.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html

        :param name: tells the service apart, where the stack has more than one.
        :param asked_by: what says how many tasks there should be.
        """
        self.watch_tasks(service.cluster.cluster_name, service.service_name, name=name, asked_by=asked_by)

    def watch_tasks(self, cluster_name: str, service_name: str, *, name: str = "", asked_by: str = "scaling") -> None:
        """As :meth:`watch_service`, of a service that is known by its name only."""
        of_which = f" of {name}" if name else ""
        names = {"ClusterName": cluster_name, "ServiceName": service_name}
        self.watch(
            f"{name.title()}MissingTasks",
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
            description=f"Fewer tasks{of_which} run than {asked_by} asks for",
        )
        used = [
            cloudwatch.Metric(namespace="AWS/ECS", metric_name=f"{resource}Utilization", dimensions_map=names)
            for resource in ("CPU", "Memory")
        ]
        self.graph(f"CPU and memory{of_which}", used)

    def watch_queue(self, work: WorkQueue) -> None:
        """Alarms on messages that wait for long, and on those that nobody could work off; a graph of the backlog.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        self.watch(
            "OldMessages",
            work.age_of_oldest(),
            threshold=600,
            description="A message waits for longer than 10 minutes",
        )
        self.watch(
            "DeadLetters",
            work.given_up(),
            threshold=0,
            minutes=1,
            description="A message could not be worked off",
        )
        self.graph("Messages that wait", [work.waiting()])

    def watch_function(self, live: LiveFunction, *, slow_percent: int) -> None:
        """Alarms on calls by the alias that fail, are throttled or nearly time out, on events that wait for long, are
        given up or lost, and, with provisioned concurrency, on calls that find it used up; a graph of the load.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

        :param slow_percent: share of the timeout from which on a call is too slow.
        """
        self.watch("Errors", live.metric("Errors", "sum"), threshold=0, description="Calls fail, for 5 minutes")
        self.watch("Throttles", live.metric("Throttles", "sum"), threshold=0, description="Calls are throttled")
        self.watch(
            "SlowCalls",
            live.metric("Duration", "p99"),
            threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
            description=f"One call in a hundred takes longer than {slow_percent} % of the timeout",
        )
        self.watch(
            "LateEvents",
            live.metric("AsyncEventAge", "max"),
            threshold=live.max_event_age_seconds * 500,  # in ms
            description="An event waits for longer than half the time after which it is given up",
        )
        self.watch(
            "DroppedEvents",
            live.metric("AsyncEventsDropped", "sum"),
            threshold=0,
            minutes=1,
            description="An event was given up",
        )
        self.watch(
            "LostEvents",
            live.metric("DestinationDeliveryFailures", "sum"),
            threshold=0,
            minutes=1,
            description="An event that was given up did not reach the queue of failures",
        )
        if live.provisioned is not None:
            self.watch(
                "SpillOver",
                live.metric("ProvisionedConcurrencySpilloverInvocations", "sum"),
                threshold=0,
                description="Calls find the provisioned concurrency used up",
            )
            self.graph("Use of provisioned concurrency", [live.metric("ProvisionedConcurrencyUtilization", "max")])
        self.graph("Concurrent executions", [live.metric("ConcurrentExecutions", "max")])
        self.graph("Calls", [live.metric("Invocations", "sum")])

    def watch_new_version(self, live: LiveFunction, *, slow_percent: int) -> list[cloudwatch.Alarm]:
        """Alarms that ring within a minute while traffic shifts to a version that fails or is slow.

        :param slow_percent: as of :meth:`watch_function`.
        """
        return [
            self.watch(
                "NewVersionErrors",
                live.new_version("Errors", "sum"),
                threshold=0,
                minutes=1,
                description="The version that traffic shifts to fails",
            ),
            self.watch(
                "NewVersionSlow",
                live.new_version("Duration", "p99"),
                threshold=live.timeout_seconds * 10 * slow_percent,  # in ms
                minutes=1,
                description=f"The version that traffic shifts to takes longer than {slow_percent} % of the timeout",
            ),
        ]

    def watch_failures(self, failures: FailureQueue) -> None:
        """An alarm on anything in a queue of failures."""
        self.watch(
            "Failures",
            failures.waiting(),
            threshold=0,
            minutes=1,
            description="The queue of failures is not empty",
        )

    def watch_files(self, files: SharedFileSystem) -> None:
        """An alarm on a file system that has little throughput left."""
        self.watch(
            "StorageThroughput",
            files.throughput_utilization(),
            threshold=80,
            description="EFS uses more than 80 % of the throughput it permits",
        )

    def watch_app_runner(self, name: str, service_id: str, *, most_instances: int | None) -> None:
        """Alarms on 5xx responses, on slow ones, and on a service that runs as many instances as it may; graphs of
        requests and of what instances use.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html

        :param most_instances: to which the service scales; None where their number is fixed, and says nothing.
        """
        metric = _metrics("AWS/AppRunner", {"ServiceName": name, "ServiceID": service_id})
        self.watch(
            "ServiceErrors",
            metric("5xxStatusResponses", "sum"),
            threshold=5,
            description="More than 5 responses a minute are 5xx",
        )
        self.watch(
            "Latency",
            metric("RequestLatency", "p90"),
            threshold=1000,
            description="One request in ten takes longer than 1,000 milliseconds",
        )
        if most_instances is not None:
            self.watch(
                "AllInstances",
                metric("ActiveInstances", "max"),
                threshold=most_instances - 1,
                minutes=15,
                description="As many instances are busy as there may be: requests may wait",
            )
        self.graph("Requests", [metric("Requests", "sum"), metric("4xxStatusResponses", "sum")])
        self.graph("CPU and memory, %", [metric("CPUUtilization", "avg"), metric("MemoryUtilization", "avg")])

    def watch_distribution(self, distribution: cloudfront.Distribution) -> None:
        """Alarms on responses that are 5xx, and on functions at the edge that fail or answer what CloudFront does not
        take; graphs of requests and of what is downloaded. In us-east-1, where CloudFront has its metrics.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
        """
        # Those that the distribution has methods for lack the second dimension, so match nothing.
        metric = _metrics("AWS/CloudFront", {"DistributionId": distribution.distribution_id, "Region": "Global"})
        self.watch(
            "ErrorRate",
            metric("5xxErrorRate", "avg"),
            threshold=1,
            description="More than 1 % of the responses are 5xx",
        )
        self.watch(
            "FunctionExecutionErrors",
            metric("LambdaExecutionError", "sum"),
            threshold=0,
            minutes=3,
            description="A function at the edge fails, or takes too long",
        )
        self.watch(
            "FunctionValidationErrors",
            metric("LambdaValidationError", "sum"),
            threshold=0,
            minutes=3,
            description="A function at the edge answers what CloudFront refuses",
        )
        self.graph("Requests", [metric("Requests", "sum")])
        self.graph("Bytes downloaded", [metric("BytesDownloaded", "sum")])


def _metrics(namespace: str, dimensions: Mapping[str, str]) -> Callable[[str, str], cloudwatch.Metric]:
    """The metrics of one thing, by name and statistic, for each minute."""

    def metric(name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
        )

    return metric


def response_time(targets: elbv2.ApplicationTargetGroup) -> cloudwatch.Metric:
    """The time, in seconds, that nine of ten requests of a minute take at most."""
    return _response_time(targets.metrics)


def _response_time(
    metrics: elbv2.IApplicationTargetGroupMetrics | elbv2.IApplicationLoadBalancerMetrics,
) -> cloudwatch.Metric:
    return metrics.target_response_time(statistic="p90", period=MINUTE)
