"""The setting for a VPC that exists, and the setting for Availability Zones."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from constructs import IDependable
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from patternbook.limits.networks import AZ_NAME, PURPOSES, Tier, zone_mistakes
from patternbook.settings.base import SettingsModel
from patternbook.settings.fields import EachOnce
from patternbook.settings.validators import Expected, network, reference

_ZONE: Final = 'the name of an AZ such as "eu-west-1a"'


def _zone(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"Must be {_ZONE}, or its number from 1.")
    if isinstance(value, str) and not re.fullmatch(AZ_NAME, value, re.ASCII):
        raise ValueError(f"Must be {_ZONE}, or its number from 1.")
    return value


def _zones(value: tuple[str | int, ...]) -> tuple[str | int, ...]:
    mistakes = list(zone_mistakes(value))
    if mistakes:
        raise ValueError(" ".join(mistakes))
    return value


AvailabilityZones = Annotated[
    tuple[Annotated[str | int, BeforeValidator(_zone), Expected(f"{_ZONE}, or its number from 1")], ...],
    AfterValidator(_zones),
    Field(max_length=3),
    Expected('a list of two or three AZs: their names such as ["eu-west-1a", "eu-west-1c"], or their numbers from 1'),
]

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_ID: Final = "[0-9a-f]{8}([0-9a-f]{9})?"
VpcId = Annotated[str, reference(f"vpc-{_ID}", 'the id of a VPC such as "vpc-0123456789abcdef0"')]
SubnetId = Annotated[str, reference(f"subnet-{_ID}", 'the id of a subnet such as "subnet-0123456789abcdef0"')]
Subnets = Annotated[dict[Annotated[str, reference(AZ_NAME, _ZONE)], SubnetId], Field(max_length=6)]
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
VpcBlock = Annotated[str, network(16, 28, "10.0.0.0/16", usable=True)]


# patternbook.network.vpc.existing_vpc makes it from a VPC of the same app.
class ExistingVpc(SettingsModel):
    """A VPC that exists. Each tier has one subnet in each of the same AZs, which are at least two."""

    example: ClassVar[Mapping[str, Any]] = {
        "vpc_id": "vpc-0123456789abcdef0",
        "public_subnets": {"eu-west-1a": "subnet-0123456789abcdef0", "eu-west-1b": "subnet-0123456789abcdef1"},
        "private_subnets": {"eu-west-1a": "subnet-0123456789abcdef2", "eu-west-1b": "subnet-0123456789abcdef3"},
    }

    vpc_id: VpcId
    """Id of the VPC."""
    public_subnets: Subnets = Field({})
    """Public subnets by the names of their AZs, for load balancers that face the internet."""
    private_subnets: Subnets = Field({})
    """Private subnets by the names of their AZs, for tasks and nodes. They must reach the internet or the AWS services
    in use, through a NAT gateway, a transit gateway or VPC endpoints."""
    isolated_subnets: Subnets = Field({})
    """Isolated subnets by the names of their AZs, for data. Without any, data is in the private subnets."""
    cidr_blocks: Annotated[tuple[VpcBlock, ...], EachOnce, Field(max_length=5)] = ()
    """IPv4 CIDR blocks of the VPC, for security groups that admit the whole VPC, and for the addresses of Kubernetes
    services, which must be others. Defaults to all private networks. Set it if the VPC has other addresses."""

    _routes: tuple[IDependable, ...] = PrivateAttr(())

    @property
    def tiers(self) -> dict[Tier, dict[str, str]]:
        """The subnet ids of each tier, by the names of their AZs."""
        return {
            "public_subnets": self.public_subnets,
            "private_subnets": self.private_subnets,
            "isolated_subnets": self.isolated_subnets,
        }

    @property
    def routes(self) -> Sequence[IDependable]:
        """The routes of the subnets, if the app makes the VPC."""
        return self._routes


def read_vpc(
    value: Any,
    validate: Callable[[Any], ExistingVpc],
    mistakes: Callable[[Mapping[Tier, Mapping[str, str]]], Iterable[str]],
) -> ExistingVpc:
    """Validates the setting ``vpc``, and reports wrong values in it together with mistakes across its tiers.

    :param mistakes: returns sentences about the subnet ids of each tier.
    :raises ValidationError: with all mistakes.
    """
    wrong: list[InitErrorDetails] = []
    try:
        tiers = (vpc := validate(value)).tiers
    except ValidationError as error:
        details = error.errors(include_url=False)
        if not isinstance(value, Mapping) or not all(each["loc"] for each in details):  # the value as a whole is wrong
            raise
        wrong = [
            InitErrorDetails(type=each["type"], loc=each["loc"], input=each["input"], ctx=each.get("ctx", {}))
            for each in details
        ]
        given = {name: value.get(name) for name in PURPOSES}
        tiers = {
            name: {zone: subnet for zone, subnet in subnets.items() if isinstance(subnet, str)}
            for name, subnets in given.items()
            if isinstance(subnets, Mapping)
        }
    if across := " ".join(mistakes(tiers)):
        kind = PydanticCustomError("value_error", "{error}", {"error": across})
        wrong.append(InitErrorDetails(type=kind, input=value))
    if wrong:
        raise ValidationError.from_exception_data("vpc", wrong)
    return vpc
