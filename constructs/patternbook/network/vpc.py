"""A VPC with public, private and isolated subnets, NAT gateways, endpoints and flow logs."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct, DependencyGroup
from typing_extensions import Self

from patternbook.data.logs import LogGroup
from patternbook.limits.logs import check_retention
from patternbook.network.settings import NetworkSettings
from patternbook.posture import Posture
from patternbook.settings.fields import VPC_CIDR


class Network(Construct):
    """A VPC over three AZs with public, private and isolated subnets, an S3 gateway endpoint and flow logs.

    - *Public* subnets are for load balancers and NAT gateways.
    - *Private* subnets reach the internet through NAT gateways: one in total or one per AZ, as the posture says. If
      nothing runs in them, both can be left out; their addresses stay reserved.
    - *Isolated* subnets have no route out of the VPC. They are for data.

    CloudFormation chooses the AZs at deployment: the first three of the Region. A Region in which the account has
    fewer than three is refused there.
    """

    AZS = 3

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        cidr: str = "10.0.0.0/16",
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
        private_subnets: bool = True,
        dual_stack: bool = False,
    ) -> None:
        """:param cidr: IPv4 CIDR block, /16 to /23.
        :param log_retention_days: retention of the flow logs. Defaults to the posture's.
        :param key: encrypts the flow logs.
        :param private_subnets: whether to make private subnets and their NAT gateways.
        :param dual_stack: whether subnets have IPv6 addresses, too. Private subnets reach out through an
            egress-only internet gateway, and isolated subnets do not.
        :raises ValueError: if the CIDR block is wrong; see :func:`patternbook.limits.logs.check_retention`.
        """
        if not VPC_CIDR.accepts(cidr):
            raise ValueError(f"cidr must be {VPC_CIDR.text}, got {cidr!r}.")
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self._posture = posture
        self._dual_stack = dual_stack
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            ip_protocol=ec2.IpProtocol.DUAL_STACK if dual_stack else None,
            availability_zones=[cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(self.AZS)],
            nat_gateways=posture.nat_gateways if private_subnets else 0,
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
        self.connectivity = DependencyGroup(
            self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3),
            *(subnet.internet_connectivity_established for subnet in self.vpc.private_subnets),
        )
        """The routes of the private subnets, and the endpoints with their rules. A workload depends on it, so that it
        reaches AWS as long as it runs. Endpoints that are added later belong to it, too."""
        self.vpc.add_flow_log(
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
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            cidr=settings.vpc_cidr,
            log_retention_days=settings.log_retention_days,
            key=key,
            private_subnets=private_subnets,
        )

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
