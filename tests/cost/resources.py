"""Resources of the templates whose bills the tests calculate by hand from the table of us-east-1."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from patternbook.cost import Bill, assumed, monthly

TODAY = date(2026, 11, 29)
NOTHING = {name: Decimal(0) for name in assumed()}
"""All usage is zero."""


def bill(
    resources: Mapping[str, Any], *assume: str, today: date = TODAY, parameters: Mapping[str, Any] | None = None
) -> Bill:
    """The bill of resources without any usage, except what is given as ``NAME=VALUE``."""
    document = {"Resources": resources, **({"Parameters": parameters} if parameters else {})}
    return monthly(document, assumptions=NOTHING | dict(_given(assume)), today=today)


def _given(assume: tuple[str, ...]) -> list[tuple[str, Decimal]]:
    return [(name, Decimal(value)) for name, _, value in (text.partition("=") for text in assume)]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


SUBNETS = {f"Subnet{number}": resource("EC2::Subnet") for number in range(3)}
IN_THREE_ZONES = [ref(name) for name in SUBNETS]
TASK = resource(
    "ECS::TaskDefinition",
    Cpu="256",
    Memory="512",
    RequiresCompatibilities=["FARGATE"],
    RuntimePlatform={"CpuArchitecture": "ARM64"},
)
ON_FARGATE = [{"CapacityProvider": "FARGATE", "Weight": 1}]
X86_TASK = resource("ECS::TaskDefinition", Cpu="1 vCPU", Memory="2 GB", EphemeralStorage={"SizeInGiB": 120})


def scaled(minimum: int, service: str = "Service") -> dict[str, Any]:
    return resource(
        "ApplicationAutoScaling::ScalableTarget",
        MinCapacity=minimum,
        ResourceId={"Fn::Join": ["/", ["service", "cluster", {"Fn::GetAtt": [service, "Name"]}]]},
    )


def on_fargate(**properties: Any) -> dict[str, Any]:
    return resource("ECS::Service", LaunchType="FARGATE", TaskDefinition=ref("Task"), **properties)


def mixed(base: int, percent: int) -> dict[str, Any]:
    return {
        "InstancesDistribution": {"OnDemandBaseCapacity": base, "OnDemandPercentageAboveBaseCapacity": percent},
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": ref("Template")},
            "Overrides": [{"InstanceType": "t4g.small"}, {"InstanceType": "m7g.large"}],
        },
    }


def launching(**data: Any) -> dict[str, Any]:
    disk = {"Ebs": {"VolumeType": "gp3", "VolumeSize": 30}}
    return resource("EC2::LaunchTemplate", LaunchTemplateData={"BlockDeviceMappings": [disk], **data})


TRACKED: Mapping[str, Any] = {"PredefinedMetricSpecification": {}, "TargetValue": 60}


def spot_strategy() -> list[dict[str, Any]]:
    return [
        {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
    ]
