"""What EC2 offers to the account: the ids of its Availability Zones, AMIs for ARM, and services with an endpoint."""

from typing import Any

from ministack.services import ec2

REFUSED_ZONE = "use1-az3"
OTHER_ZONE = "use1-az4"
"""The account has this zone in place of :data:`REFUSED_ZONE`, in which EKS accepts no subnet.

AWS maps the names of zones to ids for each account: https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
"""
AMI = "ami-0123456789abcdef0"
"""An AMI of MiniStack, for x86_64."""
ARM_AMI = "ami-0123456789abcdea4"
"""An AMI for ARM, which MiniStack lacks."""
ENDPOINT_SERVICES = ("apprunner.requests", "ecs", "ecs-agent", "ecs-telemetry", "eks", "eks-auth", "states")
"""Services with an interface endpoint that MiniStack does not list.

https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""

_ec2: Any = ec2
_zone_id = _ec2._az_id_for_zone_name
_image_view = _ec2._stub_image_view


def register() -> None:
    _ec2._az_id_for_zone_name = zone_id
    _ec2._stub_image_view = image_view
    _ec2._VPCE_INTERFACE_SERVICES += ENDPOINT_SERVICES
    [known] = [each for each in _ec2._STUB_AMIS if each[0] == AMI]
    _ec2._STUB_AMIS.append((ARM_AMI, *known[1:]))


def zone_id(zone_name: str) -> str:
    """The id of a zone."""
    found = _zone_id(zone_name)
    return OTHER_ZONE if found == REFUSED_ZONE else found


def image_view(ami_id: str, *about: Any) -> dict[str, Any]:
    """An AMI as EC2 describes it."""
    return {**_image_view(ami_id, *about), "Architecture": "arm64" if ami_id == ARM_AMI else "x86_64"}
