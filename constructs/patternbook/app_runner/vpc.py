"""Connections between an App Runner service and a VPC: a VPC connector outward, an interface endpoint inward."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_ec2 as ec2
from constructs import Construct
from typing_extensions import Self

from patternbook.app_runner.settings import PrivateIngressSettings
from patternbook.settings.fields import PRIVATE_CIDR


class VpcConnector(Construct):
    """A VPC connector, through which the application of a service sends its traffic.

    The application reaches the internet by HTTPS, and by TCP everything in the VPC that admits :attr:`group`. Nobody
    reaches the application through the connector. App Runner itself pulls images, writes logs, reads secrets and sends
    traces outside of the VPC (https://docs.aws.amazon.com/apprunner/latest/dg/network-vpc.html).
    """

    def __init__(self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, cidr_blocks: Sequence[str] = ()) -> None:
        """:param vpc: has private subnets with a route to the internet. App Runner supports no subnets in a few AZs,
            which its error message names (https://docs.aws.amazon.com/apprunner/latest/dg/network-vpc.html).
        :param cidr_blocks: IPv4 CIDR blocks of the VPC. Defaults to the one that ``vpc`` knows.
        """
        super().__init__(scope, construct_id)
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Instances of App Runner", allow_all_outbound=False
        )
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS")
        for block in cidr_blocks or [vpc.vpc_cidr_block]:
            self.group.add_egress_rule(
                ec2.Peer.ipv4(block), ec2.Port.all_tcp(), "What is in the VPC, if it admits this group"
            )
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, one_per_az=True)
        self.connector = apprunner.CfnVpcConnector(
            self, "Connector", subnets=subnets.subnet_ids, security_groups=[self.group.security_group_id]
        )
        # The application sends traffic from its start to its end, so the routes outlive the service.
        self.connector.node.add_dependency(subnets.internet_connectivity_established)

    @property
    def arn(self) -> str:
        return self.connector.attr_vpc_connector_arn


class PrivateIngress(Construct):
    """An interface endpoint in the private subnets of a VPC, the only way to a service that is not public.

    The security group of the endpoint admits HTTPS from ``allowed_cidrs``. AWS WAF cannot filter these clients by
    address, because App Runner doesn't forward it (https://docs.aws.amazon.com/apprunner/latest/dg/network-pl.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service_arn: str,
        vpc: ec2.IVpc,
        cidr_blocks: Sequence[str] = (),
        allowed_cidrs: Sequence[str] = (),
    ) -> None:
        """:param cidr_blocks: IPv4 CIDR blocks of the VPC. Defaults to the one that ``vpc`` knows.
        :param allowed_cidrs: private IPv4 blocks that may connect. If it is empty, the whole VPC may.
        :raises ValueError: if an entry is not a private IPv4 block.
        """
        wrong = [cidr for cidr in allowed_cidrs if not PRIVATE_CIDR.accepts(cidr)]
        if wrong:
            raise ValueError(f"Each of allowed_cidrs must be {PRIVATE_CIDR.text}, got {', '.join(wrong)}.")
        super().__init__(scope, construct_id)
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Endpoint of App Runner", allow_all_outbound=False
        )
        for cidr in allowed_cidrs or cidr_blocks or [vpc.vpc_cidr_block]:
            self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.HTTPS, "Clients")
        self.endpoint = ec2.InterfaceVpcEndpoint(
            # The endpoint of a VPC that exists, or of another stack, belongs to this stack.
            vpc if isinstance(vpc, ec2.Vpc) and cdk.Stack.of(vpc) is cdk.Stack.of(self) else self,
            "AppRunnerRequests",
            vpc=vpc,
            service=ec2.InterfaceVpcEndpointAwsService.APP_RUNNER_REQUESTS,
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, one_per_az=True),
            security_groups=[self.group],
            open=False,
            # The endpoint has no private DNS name. App Runner makes a public name that resolves to the endpoint.
            private_dns_enabled=False,
        )
        self.connection = apprunner.CfnVpcIngressConnection(
            self,
            "Connection",
            service_arn=service_arn,
            ingress_vpc_configuration=apprunner.CfnVpcIngressConnection.IngressVpcConfigurationProperty(
                vpc_id=vpc.vpc_id, vpc_endpoint_id=self.endpoint.vpc_endpoint_id
            ),
        )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: PrivateIngressSettings,
        *,
        service_arn: str,
        vpc: ec2.IVpc,
        cidr_blocks: Sequence[str] = (),
    ) -> Self:
        return cls(
            scope,
            construct_id,
            service_arn=service_arn,
            vpc=vpc,
            cidr_blocks=cidr_blocks,
            allowed_cidrs=settings.allowed_cidrs,
        )

    @property
    def url(self) -> str:
        """The URL of the service for clients in the VPC."""
        return f"https://{self.connection.attr_domain_name}"
