"""The health check of an App Runner service."""

from dataclasses import dataclass

from aws_cdk import aws_apprunner as apprunner

from patternbook.limits.app_runner import (
    HEALTH_CHECK_SECONDS,
    HEALTH_CHECK_THRESHOLD,
    Protocol,
    check_health_check_path,
)


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """The health check of each instance."""

    protocol: Protocol = "HTTP"
    path: str | None = None
    """Path of an HTTP check, which answers 200 without authentication. Defaults to ``/``. A TCP check has none."""
    interval_seconds: int = 5
    timeout_seconds: int = 2
    healthy_threshold: int = 1
    """Number of consecutive successful checks that make an instance healthy."""
    unhealthy_threshold: int = 5
    """Number of consecutive failed checks that make an instance unhealthy."""

    def check(self) -> None:
        """:raises ValueError: if App Runner doesn't take these values."""
        check_health_check_path(protocol=self.protocol, path=self.path)
        HEALTH_CHECK_SECONDS.check("interval_seconds", self.interval_seconds)
        HEALTH_CHECK_SECONDS.check("timeout_seconds", self.timeout_seconds)
        HEALTH_CHECK_THRESHOLD.check("healthy_threshold", self.healthy_threshold)
        HEALTH_CHECK_THRESHOLD.check("unhealthy_threshold", self.unhealthy_threshold)

    def as_property(self) -> apprunner.CfnService.HealthCheckConfigurationProperty:
        return apprunner.CfnService.HealthCheckConfigurationProperty(
            protocol=self.protocol,
            path=(self.path or "/") if self.protocol == "HTTP" else None,
            interval=self.interval_seconds,
            timeout=self.timeout_seconds,
            healthy_threshold=self.healthy_threshold,
            unhealthy_threshold=self.unhealthy_threshold,
        )
