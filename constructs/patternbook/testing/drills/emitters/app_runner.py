"""AWS App Runner.

- https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cw.html: the metrics of a service. Counts of requests and of
  responses are taken for sent only while there are such, because the page does not say otherwise.
- https://docs.aws.amazon.com/apprunner/latest/dg/monitor-ev.html: the events of a service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.reports import Report, ones, report


@dataclass(frozen=True)
class AppRequests:
    """The requests to a service in one minute."""

    answered: int = 600
    failed: int = 0
    """Requests that the application answers with a server error."""
    refused: int = 0
    """Requests that the application answers with 4xx."""
    seconds: float = 0.05
    active: int = 1
    """Instances that work on requests."""


@dataclass(frozen=True)
class AppRunnerService:
    name: str
    service_id: str
    arn: str

    def metrics(self, requests: AppRequests) -> Report:
        total = requests.answered + requests.failed + requests.refused
        values = {
            "Requests": ones(total),
            "2xxStatusResponses": ones(requests.answered),
            "4xxStatusResponses": ones(requests.refused),
            "5xxStatusResponses": ones(requests.failed),
            "RequestLatency": ((1000 * requests.seconds, total),) if total else None,
            "ActiveInstances": requests.active,
        }
        return report("AWS/AppRunner", {"ServiceName": self.name, "ServiceID": self.service_id}, values)

    def update_failed(self) -> Mapping[str, Any]:
        return self._operation("UpdateServiceFailed", "ERROR")

    def deployment_failed(self) -> Mapping[str, Any]:
        return self._operation("DeploymentFailed", "ERROR")

    def updated(self) -> Mapping[str, Any]:
        return self._operation("UpdateServiceCompletedSuccessfully", "INFO")

    def _operation(self, status: str, severity: str) -> Mapping[str, Any]:
        return {
            "source": "aws.apprunner",
            "detail-type": "AppRunner Service Operation Status Change",
            "resources": [self.arn],
            "detail": {
                "operationStatus": status,
                "serviceName": self.name,
                "serviceId": self.service_id,
                "message": "A message.",
                "severity": severity,
            },
        }
