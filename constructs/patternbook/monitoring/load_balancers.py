"""Alarms of load balancers."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from patternbook.monitoring.base import MonitoringBase
from patternbook.monitoring.failures import MINUTE, Failures
from patternbook.network.request_shifting import response_time, total_of_both

FAILS_CHECK = (
    "Compare the health check with what the application answers, and see its log group; describe-target-health gives "
    "the reason."
)


class LoadBalancerAlarms(MonitoringBase):
    """Alarms on responses, connections and targets."""

    def watch_load_balancer(
        self,
        load_balancer: elbv2.IApplicationLoadBalancer,
        targets: elbv2.ApplicationTargetGroup | None = None,
        *,
        alternate: elbv2.ApplicationTargetGroup | None = None,
        grace_period_seconds: int = 0,
    ) -> list[cloudwatch.Alarm]:
        """Adds alarms on 5xx responses of tasks and load balancer, unhealthy targets and slow responses.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

        :param targets: target group to watch. Without it, alarms cover all tasks behind the load balancer, and there
            is no alarm on unhealthy targets, because only a target group has that metric.
        :param alternate: second target group, to which deployments shift requests. The alarms then cover all tasks
            behind the load balancer, in whichever group they are.
        :param grace_period_seconds: time in which a new task may be unhealthy, as the service has it.
        :return: the alarms that tell of a bad deployment, see :func:`patternbook.ecs.service.roll_back_on`.
        """
        of_all = load_balancer.metrics
        of_tasks = targets.metrics if targets and not alternate else of_all
        task_errors = self._watch_failures(
            "TaskErrors",
            [
                Failures(
                    of_tasks.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE),
                    of_tasks.request_count(period=MINUTE),
                )
            ],
            breaching_minutes=3,
            named=True,
            description="Tasks answer too many requests with 5xx",
            remedy="Look for errors in the log group of the tasks, and go back to the last version if one is new.",
        )
        balancer_errors = self._watch_failures(
            "LoadBalancerErrors",
            [
                Failures(
                    of_all.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
                    of_all.request_count(period=MINUTE),
                )
            ],
            breaching_minutes=3,
            named=True,
            description="The load balancer itself answers too many requests with 5xx",
            remedy="No task answers: look at the health of the targets, and at the events of the service.",
        )
        if targets:
            self._watch_unhealthy_targets(
                total_of_both(targets, alternate, _unhealthy, label="Unhealthy targets")
                if alternate
                else _unhealthy(targets.metrics),
                grace_period_seconds=grace_period_seconds,
            )
        # Five slow minutes of fifteen: a slow request in a quiet hour stays silent, and a quiet service that is always
        # slow rings. So few requests are evaluated, too, which EvaluateLowSampleCountPercentile could prevent:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
        self.watch(
            "ResponseTime",
            response_time(of_tasks),
            threshold=1,
            minutes=15,
            breaching_minutes=5,
            description="One request in ten takes longer than 1 second",
            remedy="Look at CPU and memory on the dashboard: add tasks if they are high, or see what tasks wait for.",
        )
        return [task_errors, balancer_errors]

    def watch_network_load_balancer(
        self,
        load_balancer: elbv2.NetworkLoadBalancer,
        targets: elbv2.NetworkTargetGroup,
        *,
        grace_period_seconds: int = 0,
    ) -> list[cloudwatch.Alarm]:
        """Adds alarms on unhealthy targets and on reset, blocked and portless connections, and graphs of traffic.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html

        :param grace_period_seconds: time in which a new task may be unhealthy, as the service has it.
        :return: the alarms that tell of a bad deployment, see :func:`patternbook.ecs.service.roll_back_on`.
        """
        metrics = load_balancer.metrics
        flows = metrics.new_flow_count(statistic="sum", period=MINUTE)
        self._watch_unhealthy_targets(
            targets.metrics.un_healthy_host_count(statistic="max", period=MINUTE),
            grace_period_seconds=grace_period_seconds,
        )
        target_resets = self._watch_failures(
            "TargetResets",
            [Failures(metrics.tcp_target_reset_count(statistic="sum", period=MINUTE), flows)],
            breaching_minutes=5,
            named=True,
            description="Tasks reset too many connections",
            remedy="Look for errors in the log group of the tasks, and go back to the last version if one is new.",
        )
        # Clients cause these resets, too, so they roll no deployment back.
        self._watch_failures(
            "LoadBalancerResets",
            [Failures(metrics.tcp_elb_reset_count(statistic="sum", period=MINUTE), flows)],
            breaching_minutes=5,
            description="The load balancer itself resets too many connections",
            remedy="Look at the health of the targets, and at clients that use connections after 350 idle seconds.",
        )
        self.watch(
            "BlockedConnections",
            metrics.custom("SecurityGroupBlockedFlowCount_Inbound_TCP", statistic="sum", period=MINUTE),
            threshold=0,
            minutes=15,
            breaching_minutes=3,
            description="The load balancer's security group blocks connections",
            remedy="Find the client in the flow logs, and add its addresses to allowed_cidrs if it may connect.",
        )
        # PrivateLink clients share the addresses of the load balancer, and so its ports.
        self.watch(
            "PortAllocation",
            metrics.custom("PortAllocationErrorCount", statistic="sum", period=MINUTE),
            threshold=0,
            minutes=1,
            description="The load balancer has no free port for a connection to a task",
            remedy="Run more tasks, because each task adds ports.",
        )
        self.graph("Bytes", [metrics.processed_bytes(statistic="sum", period=MINUTE)])
        self.graph("Connections", [metrics.active_flow_count(statistic="avg", period=MINUTE), flows])
        return [target_resets]

    def _watch_unhealthy_targets(self, unhealthy: cloudwatch.IMetric, *, grace_period_seconds: int) -> None:
        # ECS replaces a task that fails its health check, so a bad one is unhealthy for a minute or two, again and
        # again. A task that takes its time to start is unhealthy once, for four minutes or its grace period.
        breaching_minutes = max(5, grace_period_seconds // 60 + 2)
        self.watch(
            "UnhealthyTargets",
            unhealthy,
            threshold=0,
            minutes=3 * breaching_minutes,
            breaching_minutes=breaching_minutes,
            description="A task fails its health check",
            remedy=FAILS_CHECK,
        )


def _unhealthy(metrics: elbv2.IApplicationTargetGroupMetrics) -> cloudwatch.Metric:
    return metrics.unhealthy_host_count(statistic="max", period=MINUTE)
