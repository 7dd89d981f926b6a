"""Answers that several questions get."""

from typing import Any

from tests.preflight.world import Refused

ZONES = ("a", "b", "c")


def quota(value: float, **usage: Any) -> dict[str, Any]:
    """A quota as the account has it.

    :param usage: the metric of its usage.
    """
    return {"service-quotas.get_service_quota": {"Quota": {"Value": value, **usage}}}


def default_quota(value: float) -> dict[str, Any]:
    """A quota that nobody has changed."""
    return {
        "service-quotas.get_service_quota": Refused("NoSuchResourceException"),
        "service-quotas.get_aws_default_service_quota": {"Quota": {"Value": value}},
    }


NO_QUOTA = {
    "service-quotas.get_service_quota": Refused("NoSuchResourceException"),
    "service-quotas.get_aws_default_service_quota": Refused("NoSuchResourceException"),
}
"""Service Quotas does not know the quota."""


def zones(*ids: str, default: bool = True, region: str = "us-east-1") -> dict[str, Any]:
    """A Region with these zone ids, and a default subnet in each."""
    names = [f"{region}{letter}" for letter, _ in zip("abcdef", ids, strict=False)]

    def subnets(parameters: dict[str, Any]) -> dict[str, Any]:
        if "SubnetIds" in parameters:
            found = [each for each in parameters["SubnetIds"] if each.startswith("subnet-in-")]
            return {
                "Subnets": [
                    {"SubnetId": each, "AvailabilityZone": f"{region}{each[-1]}", "AvailableIpAddressCount": 250}
                    for each in found
                ]
            }
        return {
            "Subnets": [{"SubnetId": f"subnet-in-{name[-1]}", "AvailabilityZone": name} for name in names]
            if default or not parameters
            else []
        }

    return {
        "ec2.describe_availability_zones": {
            "AvailabilityZones": [
                {"ZoneName": name, "ZoneId": zone, "State": "available", "ZoneType": "availability-zone"}
                for name, zone in zip(names, ids, strict=True)
            ]
        },
        "ec2.describe_subnets": subnets,
    }
