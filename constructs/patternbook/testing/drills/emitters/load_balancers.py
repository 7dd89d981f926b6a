"""Elastic Load Balancing.

- https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html and
  https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html: the metrics,
  their dimensions and their reporting criteria. Counts of response codes, and the response time, are reported only if
  they are not zero. Host counts are reported only while targets are registered.
- https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html: which errors
  the load balancer answers itself. 502 is for a connection that the target resets, 503 for a target group without
  registered targets, and 504 for a target that does not answer in time.
"""

from dataclasses import dataclass

from patternbook.testing.drills.emitters.reports import Report, nonzero, ones, report
from patternbook.testing.drills.emitters.traffic import Traffic

NODES = 3
"""Nodes of a load balancer, one per AZ. Each reports host counts by itself."""


@dataclass(frozen=True)
class ApplicationLoadBalancer:
    """A load balancer with one target group.

    :param name: the last part of its ARN: ``app/NAME/ID``.
    :param target_group: the last part of the ARN of the target group: ``targetgroup/NAME/ID``.
    """

    name: str
    target_group: str

    def metrics(self, traffic: Traffic) -> Report:
        of_balancer = {"LoadBalancer": self.name}
        of_targets = {**of_balancer, "TargetGroup": self.target_group}
        own_errors = traffic.reset + traffic.unanswered + traffic.without_target
        # "only incremented for requests where the load balancer node was able to choose a target"
        with_target = traffic.answered + traffic.failed + traffic.reset + traffic.unanswered
        of_tasks = {
            "RequestCount": ones(with_target),
            "HTTPCode_Target_2XX_Count": ones(traffic.answered),
            "HTTPCode_Target_5XX_Count": ones(traffic.failed),
            "TargetConnectionErrorCount": nonzero(traffic.reset),
            "TargetResponseTime": self._response_times(traffic),
        }
        sent = report("AWS/ApplicationELB", of_balancer, of_tasks)
        sent |= report("AWS/ApplicationELB", of_targets, of_tasks)
        sent |= report(
            "AWS/ApplicationELB",
            of_balancer,
            {
                "HTTPCode_ELB_5XX_Count": ones(own_errors),
                "HTTPCode_ELB_502_Count": ones(traffic.reset),
                "HTTPCode_ELB_503_Count": ones(traffic.without_target),
                "HTTPCode_ELB_504_Count": ones(traffic.unanswered),
                "ActiveConnectionCount": nonzero(with_target + traffic.without_target),
                "NewConnectionCount": nonzero(with_target + traffic.without_target),
                "ConsumedLCUs": 0.1,
            },
        )
        return sent | report("AWS/ApplicationELB", of_targets, _hosts(traffic))

    @staticmethod
    def _response_times(traffic: Traffic) -> tuple[tuple[float, int], ...] | None:
        answers = traffic.answered + traffic.failed
        return ((traffic.seconds, answers),) if answers else None


@dataclass(frozen=True)
class NetworkLoadBalancer:
    """A load balancer with one target group. It forwards connections and sees no response codes.

    The documentation does not say what a Network Load Balancer reports for connections while no target is registered,
    so this emitter reports nothing for them.

    :param name: the last part of its ARN: ``net/NAME/ID``.
    """

    name: str
    target_group: str

    def metrics(self, traffic: Traffic) -> Report:
        of_balancer = {"LoadBalancer": self.name}
        flows = traffic.answered + traffic.failed + traffic.reset + traffic.unanswered
        sent = report(
            "AWS/NetworkELB",
            of_balancer,
            {
                "ActiveFlowCount": flows,
                "ActiveFlowCount_TCP": nonzero(flows),
                "NewFlowCount": flows,
                "NewFlowCount_TCP": nonzero(flows),
                "ProcessedBytes": nonzero(flows * 2_000),
                "TCP_Client_Reset_Count": 0,
                "TCP_ELB_Reset_Count": traffic.idle_closed,
                "TCP_Target_Reset_Count": traffic.reset,
                "SecurityGroupBlockedFlowCount_Inbound_TCP": nonzero(traffic.blocked),
                "PortAllocationErrorCount": traffic.without_port,
                "ConsumedLCUs": 0.1,
            },
        )
        return sent | report("AWS/NetworkELB", {**of_balancer, "TargetGroup": self.target_group}, _hosts(traffic))


def _hosts(traffic: Traffic) -> dict[str, tuple[tuple[float, int], ...]]:
    if not traffic.registered:
        return {}
    return {
        "HealthyHostCount": ((float(traffic.healthy), NODES),),
        "UnHealthyHostCount": ((float(traffic.unhealthy), NODES),),
    }
