"""The requests and connections of one minute, by how clients and the targets of a load balancer end them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traffic:
    """Every client opens one connection, and sends one request on it."""

    healthy: int = 2
    """Registered targets that pass their health check. New targets count once they pass it."""

    unhealthy: int = 0
    answered: int = 0
    """Requests that a task answers, and not with a server error."""

    failed: int = 0
    """Requests that a task answers with a server error."""

    reset: int = 0
    """Requests whose connection the task resets."""

    unanswered: int = 0
    """Requests that a task does not answer in time."""

    without_target: int = 0
    """Requests while no target is registered."""

    seconds: float = 0.05
    """The time that a task takes to answer."""

    blocked: int = 0
    """Connections that the security group of the load balancer refuses."""

    without_port: int = 0
    """Connections for which the load balancer has no free port."""

    idle_closed: int = 0
    """Packets on connections that were idle for too long."""

    @property
    def registered(self) -> int:
        return self.healthy + self.unhealthy
