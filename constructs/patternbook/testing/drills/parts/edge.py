"""The parts of a template that report metrics and events of CloudFront, App Runner and ECR."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from patternbook.testing.drills.emitters.app_runner import AppRequests, AppRunnerService
from patternbook.testing.drills.emitters.cloudfront import Distribution, Views
from patternbook.testing.drills.emitters.ecr import Repository
from patternbook.testing.drills.emitters.reports import Report
from patternbook.testing.drills.intrinsics import Names
from patternbook.testing.drills.parts.resources import of_type

SCALING = "AWS::AppRunner::AutoScalingConfiguration"


@dataclass(frozen=True)
class Edge:
    distributions: tuple[Distribution, ...]
    services: tuple[AppRunnerService, ...]
    repositories: tuple[Repository, ...]
    max_instances: int
    scales: bool

    @property
    def senders(self) -> dict[Any, Any]:
        """The emitters of events, by role."""
        found = (("app", self.services), ("repository", self.repositories))
        return {role: emitters[0] for role, emitters in found if emitters}

    @property
    def parts(self) -> list[str]:
        return [*(["site"] if self.distributions else []), *(["instances"] if self.scales else [])]

    def metrics(self, views: Views, requests: AppRequests) -> Report:
        sent: Report = {}
        for distribution in self.distributions:
            sent |= distribution.metrics(views)
        for service in self.services:
            sent |= service.metrics(requests)
        return sent


def edge_emitters(template: Mapping[str, Any], names: Names) -> Edge:
    scaling = next((properties for _, properties in of_type(template, SCALING)), {})
    return Edge(
        distributions=tuple(Distribution(name) for name, _ in of_type(template, "AWS::CloudFront::Distribution")),
        services=tuple(_services(template, names)),
        repositories=tuple(_repositories(template, names)),
        max_instances=scaling.get("MaxSize", 1),
        scales=scaling.get("MinSize", 1) < scaling.get("MaxSize", 1),
    )


def _services(template: Mapping[str, Any], names: Names) -> Iterator[AppRunnerService]:
    for name, _ in of_type(template, "AWS::AppRunner::Service"):
        arn = names.of({"Fn::GetAtt": [name, "ServiceArn"]})
        yield AppRunnerService(arn.split("/")[1], names.of({"Fn::GetAtt": [name, "ServiceId"]}), arn)


def _repositories(template: Mapping[str, Any], names: Names) -> Iterator[Repository]:
    enhanced = any(of_type(template, "AWS::ECR::RegistryScanningConfiguration"))
    for name, _ in of_type(template, "AWS::ECR::Repository"):
        yield Repository(names.of({"Ref": name}), names.of({"Fn::GetAtt": [name, "Arn"]}), enhanced)
