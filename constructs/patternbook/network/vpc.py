"""A VPC with public, private and isolated subnets, NAT gateways, endpoints and flow logs, or one that exists."""

import ipaddress
from collections.abc import Iterable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct, DependencyGroup, IDependable

from patternbook.data.logs import LogGroup
from patternbook.limits.load_balancers import PRIVATE_NETWORKS
from patternbook.limits.logs import check_retention
from patternbook.limits.networks import check_room, region_of, tier_mistakes, zone_mistakes
from patternbook.network.settings import NetworkSettings
from patternbook.network.vpc_settings import ExistingVpc
from patternbook.posture import Posture
from patternbook.settings.fields import VPC_CIDR


class Network(Construct):
    """A VPC over three AZs with public, private and isolated subnets, an S3 gateway endpoint and flow logs.

    - *Public* subnets are for load balancers and NAT gateways.
    - *Private* subnets reach the internet through NAT gateways: one in total or one per AZ, as the posture says. If
      nothing runs in them, both can be left out; their addresses stay reserved.
    - *Isolated* subnets have no route out of the VPC. They are for data.

    By default, CloudFormation chooses the AZs at deployment: the first three of the Region. A Region in which the
    account has fewer than three is refused there. Some services refuse some AZs, see
    :data:`patternbook.limits.networks.EKS_REFUSED_ZONE_IDS`.
    """

    AZS = 3

    owned = True
    """Whether the VPC belongs to the stack, which may then change its routes and tags."""
    vpc: ec2.IVpc
    cidr_blocks: Sequence[str]
    """The IPv4 CIDR blocks of everything in the VPC."""
    routes: Sequence[IDependable]
    """The routes of the private subnets."""
    connectivity: DependencyGroup
    """The routes of the private subnets, and the endpoints with their rules. A workload depends on it, so that it
    reaches AWS as long as it runs. Endpoints that are added later belong to it, too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        cidr: str = "10.0.0.0/16",
        availability_zones: Sequence[str | int] = (1, 2, 3),
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
        private_subnets: bool = True,
        dual_stack: bool = False,
    ) -> None:
        """:param cidr: IPv4 CIDR block, /16 to /23.
        :param availability_zones: at least two AZs: their names, or their numbers in what ``Fn::GetAZs`` lists. An
            error annotation refuses AZs of another Region than the stack's. More than five AZs need a larger block than
            a /23.
        :param log_retention_days: retention of the flow logs. Defaults to the posture's.
        :param key: encrypts the flow logs.
        :param private_subnets: whether to make private subnets and their NAT gateways.
        :param dual_stack: whether subnets have IPv6 addresses, too. Private subnets reach out through an
            egress-only internet gateway, and isolated subnets do not.
        :raises ValueError: if the CIDR block is wrong; see :func:`patternbook.limits.logs.check_retention`.
        """
        if not VPC_CIDR.accepts(cidr):
            raise ValueError(f"cidr must be {VPC_CIDR.text}, got {cidr!r}.")
        for mistake in zone_mistakes(availability_zones):
            raise ValueError(f"availability_zones: {mistake}")
        check_room(prefix_length=ipaddress.IPv4Network(cidr).prefixlen, zones=len(availability_zones), tiers=3)
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        _refuse_other_regions(self, "availability_zones", availability_zones)
        if isinstance(availability_zones[0], str):
            reason = "The setting names the AZs on purpose, because a service is not in every AZ."
            cdk.Validations.of(self).acknowledge(cdk.Acknowledgment(id="CloudFormation-Validate::W3010", reason=reason))
        self._posture = posture
        self._dual_stack = dual_stack
        self.vpc = vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            ip_protocol=ec2.IpProtocol.DUAL_STACK if dual_stack else None,
            availability_zones=[
                zone if isinstance(zone, str) else cdk.Fn.select(zone - 1, cdk.Fn.get_azs())
                for zone in availability_zones
            ],
            nat_gateways=min(posture.nat_gateways, len(availability_zones)) if private_subnets else 0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    # Load balancers and NAT gateways bring public addresses of their own.
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, reserved=not private_subnets
                ),
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
            # CDK would need a custom resource with a Lambda function. No pattern uses the default security group, and
            # its one rule admits only its own members.
            restrict_default_security_group=False,
        )
        self.cidr_blocks = (vpc.vpc_cidr_block,)
        self.routes = [subnet.internet_connectivity_established for subnet in vpc.private_subnets]
        self.connectivity = DependencyGroup(
            vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3), *self.routes
        )
        vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                LogGroup(self, "FlowLogs", posture=posture, retention_days=log_retention_days, key=key)
            ),
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: NetworkSettings,
        *,
        posture: Posture,
        key: kms.IKey | None = None,
        private_subnets: bool = True,
    ) -> "Network":
        """A new VPC, or the one of ``settings.vpc``."""
        if settings.vpc is not None:
            return ExistingNetwork(scope, construct_id, vpc=settings.vpc)
        return cls(
            scope,
            construct_id,
            posture=posture,
            cidr=settings.vpc_cidr,
            availability_zones=settings.availability_zones or range(1, cls.AZS + 1),
            log_retention_days=settings.log_retention_days,
            key=key,
            private_subnets=private_subnets,
        )

    @property
    def data_subnets(self) -> list[ec2.ISubnet]:
        """The isolated subnets, or the private ones of a VPC without."""
        return self.vpc.isolated_subnets or self.vpc.private_subnets

    def https_client_group(self, scope: Construct, construct_id: str, *, description: str) -> ec2.SecurityGroup:
        """A security group without ingress rules, which allows only HTTPS as egress."""
        group = ec2.SecurityGroup(scope, construct_id, vpc=self.vpc, description=description, allow_all_outbound=False)
        # AWS publishes no list of the addresses of registries and AWS services that a security group can reference.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        if self._dual_stack:
            group.add_egress_rule(ec2.Peer.any_ipv6(), ec2.Port.HTTPS, "HTTPS to registries and AWS services")
        return group

    def add_interface_endpoints(
        self, services: Iterable[ec2.InterfaceVpcEndpointAwsService], *, client: ec2.IConnectable
    ) -> ec2.SecurityGroup | None:
        """Adds interface endpoints that ``client`` alone may use, if the posture asks for them. Otherwise the calls go
        through the NAT gateways, which cost less than one endpoint per AZ.

        :param services: each gets one endpoint, however often it is in here.
        :return: the security group that admits the client. It and the endpoints belong to :attr:`connectivity`.
        """
        if not self._posture.interface_endpoints:
            return None
        group = ec2.SecurityGroup(
            self, "EndpointGroup", vpc=self.vpc, description="AWS service endpoints", allow_all_outbound=False
        )
        group.connections.allow_from(client, ec2.Port.HTTPS, "HTTPS from clients")
        self.connectivity.add(group)
        tier = ec2.SubnetType.PRIVATE_WITH_EGRESS if self.vpc.private_subnets else ec2.SubnetType.PRIVATE_ISOLATED
        for name, service in {service.short_name: service for service in services}.items():
            endpoint = self.vpc.add_interface_endpoint(
                name,
                service=service,
                subnets=ec2.SubnetSelection(subnet_type=tier),
                security_groups=[group],
                open=False,
            )
            self.connectivity.add(endpoint)
        return group


class ExistingNetwork(Network):
    """A VPC that exists. It is only used, and nothing in it changes.

    The stack makes neither gateway endpoints, which would change route tables, nor interface endpoints with private
    DNS names, which would change the DNS of the whole VPC and exist once per service only
    (https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html). It makes no flow logs and no
    tags. Only its own resources have security groups of the stack.

    *Private subnets* must reach what runs in them calls: the registry of the images, CloudWatch Logs, and the services
    of the pattern. Either they have a route to the internet, or the VPC has endpoints for these services, whose
    security groups admit HTTPS from the private subnets. The VPC must have DNS resolution and DNS hostnames.

    :attr:`vpc` is a view of the VPC with one subnet per tier and AZ, whatever else the VPC has.
    """

    owned = False

    def __init__(self, scope: Construct, construct_id: str, *, vpc: ExistingVpc) -> None:
        """:param vpc: an :class:`ExistingVpc`; :func:`existing_vpc` makes one from any ``ec2.IVpc`` of the app. An
            error annotation refuses AZs of another Region than the stack's.
        :raises ValueError: see :func:`patternbook.limits.networks.tier_mistakes`; if ``vpc`` has no subnets.
        """
        mistakes = list(tier_mistakes(vpc.tiers))
        zones = next((list(subnets) for subnets in vpc.tiers.values() if subnets), [])
        if mistakes or not zones:
            raise ValueError(f"vpc: {' '.join(mistakes) or 'Must have subnets, got none. Add their subnet ids.'}")
        # Network would make a VPC.
        Construct.__init__(self, scope, construct_id)
        _refuse_other_regions(self, "vpc", zones)
        self._dual_stack = False
        public, private, isolated = (
            [subnets[zone] for zone in zones] if subnets else None for subnets in vpc.tiers.values()
        )
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=vpc.vpc_id,
            vpc_cidr_block=vpc.cidr_blocks[0] if vpc.cidr_blocks else None,
            availability_zones=zones,
            public_subnet_ids=public,
            private_subnet_ids=private,
            isolated_subnet_ids=isolated,
        )
        cdk.Annotations.of(self.vpc).acknowledge_warning(
            "@aws-cdk/aws-ec2:noSubnetRouteTableId", "Nothing reads or changes the route tables of the VPC."
        )
        self.cidr_blocks = vpc.cidr_blocks or PRIVATE_NETWORKS
        self.routes = vpc.routes
        self.connectivity = DependencyGroup(*vpc.routes)

    def add_interface_endpoints(
        self, services: Iterable[ec2.InterfaceVpcEndpointAwsService], *, client: ec2.IConnectable
    ) -> None:
        """Adds none: calls take the routes and endpoints that the VPC has."""


def existing_vpc(
    vpc: ec2.IVpc,
    *,
    public_subnets: Sequence[ec2.ISubnet] | None = None,
    private_subnets: Sequence[ec2.ISubnet] | None = None,
    isolated_subnets: Sequence[ec2.ISubnet] | None = None,
    cidr_blocks: Sequence[str] = (),
) -> ExistingVpc:
    """The setting ``vpc`` for a VPC of the same app, which may be in another stack.

    ``vpc.select_subnets(subnet_group_name="App").subnets`` chooses the subnets of a tier with another name. A tier has
    the first subnet of each AZ.

    :param public_subnets: defaults to the public subnets of ``vpc``.
    :param private_subnets: defaults to the private subnets of ``vpc`` with a route to the internet.
    :param isolated_subnets: defaults to the isolated subnets of ``vpc``.
    :param cidr_blocks: defaults to the CIDR block of a VPC that the app makes.
    """
    tiers = [
        vpc.public_subnets if public_subnets is None else public_subnets,
        vpc.private_subnets if private_subnets is None else private_subnets,
        vpc.isolated_subnets if isolated_subnets is None else isolated_subnets,
    ]
    by_zone = [{subnet.availability_zone: subnet for subnet in reversed(tier)} for tier in tiers]
    # A zone's subnets are in the order of the VPC's again.
    public, private, isolated = ({zone: each[zone].subnet_id for zone in reversed(each)} for each in by_zone)
    blocks = cidr_blocks or ((_block_of(vpc),) if isinstance(vpc, ec2.Vpc) else ())
    # Ids and names of AZs are tokens of the CDK, which a user can't write.
    existing = ExistingVpc.model_construct(
        vpc_id=vpc.vpc_id,
        public_subnets=public,
        private_subnets=private,
        isolated_subnets=isolated,
        cidr_blocks=tuple(blocks),
    )
    existing._routes = tuple(subnet.internet_connectivity_established for each in by_zone for subnet in each.values())
    return existing


def _block_of(vpc: ec2.Vpc) -> str:
    """The CIDR block as it was given, because checks at synth cannot read the token. IPAM gives one at deployment."""
    made = vpc.node.default_child
    given = made.cidr_block if isinstance(made, ec2.CfnVPC) else None
    return given or vpc.vpc_cidr_block


def _refuse_other_regions(scope: Construct, name: str, zones: Iterable[str | int]) -> None:
    """Adds an error annotation if AZs are of another Region than the stack's, where that is known."""
    region = cdk.Stack.of(scope).region
    others = [zone for zone in zones if region_of(zone) not in ("", region)]
    if others and not cdk.Token.is_unresolved(region):
        cdk.Annotations.of(scope).add_error(
            f"{name} must have AZs of {region}, the Region of the stack, got {', '.join(map(str, others))}. Set it to "
            f"AZs of {region}, or change the Region of the stack."
        )
