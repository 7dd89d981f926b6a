"""Alarms of load balancers."""

from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from patternbook.monitoring.base import MINUTE, MonitoringBase
from patternbook.network.public_load_balancer import response_time


class LoadBalancerAlarms(MonitoringBase):
    """Alarms on responses, connections and targets."""

    def watch_load_balancer(
        self, load_balancer: elbv2.IApplicationLoadBalancer, targets: elbv2.ApplicationTargetGroup | None = None
    ) -> None:
        """Adds alarms on 5xx responses of tasks and load balancer, unhealthy targets and slow responses.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

        :param targets: target group to watch. Without it, alarms cover all tasks behind the load balancer, and there
            is no alarm on unhealthy targets, because only a target group has that metric.
        """
        of_tasks = targets.metrics if targets else load_balancer.metrics
        self.watch(
            "TaskErrors",
            of_tasks.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses of the tasks per minute are 5xx",
        )
        self.watch(
            "LoadBalancerErrors",
            load_balancer.metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
            threshold=5,
            description="More than 5 responses of the load balancer itself per minute are 5xx",
        )
        if targets:
            self.watch(
                "UnhealthyTargets",
                targets.metrics.unhealthy_host_count(statistic="max", period=MINUTE),
                threshold=0,
                description="A task fails its health check",
            )
        self.watch(
            "ResponseTime",
            response_time(of_tasks),
            threshold=1,
            description="One request in ten takes longer than 1 second",
        )

    def watch_network_load_balancer(
        self, load_balancer: elbv2.NetworkLoadBalancer, targets: elbv2.NetworkTargetGroup
    ) -> None:
        """Adds alarms on unhealthy targets and on reset, blocked and portless connections, and graphs of traffic.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
        """
        metrics = load_balancer.metrics
        self.watch(
            "UnhealthyTargets",
            targets.metrics.un_healthy_host_count(statistic="max", period=MINUTE),
            threshold=0,
            description="A task fails its health check",
        )
        self.watch(
            "TargetResets",
            metrics.tcp_target_reset_count(statistic="sum", period=MINUTE),
            threshold=100,
            description="Tasks reset more than 100 connections per minute",
        )
        self.watch(
            "LoadBalancerResets",
            metrics.tcp_elb_reset_count(statistic="sum", period=MINUTE),
            threshold=100,
            description="The load balancer itself resets more than 100 connections per minute",
        )
        self.watch(
            "BlockedConnections",
            metrics.custom("SecurityGroupBlockedFlowCount_Inbound_TCP", statistic="sum", period=MINUTE),
            threshold=0,
            description="The load balancer's security group blocks connections",
        )
        # PrivateLink clients share the addresses of the load balancer, and so its ports.
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
