"""Alarms of load balancers."""

from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from patternbook.monitoring.base import MINUTE, MonitoringBase
from patternbook.network.public_load_balancer import response_time


class LoadBalancerAlarms(MonitoringBase):
    """Watches Application and Network Load Balancers."""

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
            response_time(of_tasks),
            threshold=1,
            description="One request in ten takes longer than 1 second",
        )

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
