"""A VPC in three tiers, without look-ups."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.data.logs import log_group
from patternbook.limits.logs import check_retention
from patternbook.posture import Posture
from patternbook.settings.fields import VPC_CIDR


class Network(Construct):
    """A VPC over three AZs with public, private and isolated subnets, an S3 gateway endpoint and flow logs.

    - *Public* subnets are for load balancers and NAT gateways.
    - *Private* subnets reach the internet through NAT gateways: one for all, or one an AZ, as the posture says. Where
      nothing runs in them they can be left out, with the gateways; their addresses stay free for later.
    - *Isolated* subnets have no way in or out of the VPC: for data.

    The AZs are the first three of the Region that the stack is deployed to, chosen by CloudFormation at
    deployment. A Region in which the account has fewer than three is refused there.
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
        key: kms.Key | None = None,
        private_subnets: bool = True,
    ) -> None:
        """:param cidr: an IPv4 block, /16 to /23.
        :param log_retention_days: of the flow logs; the posture's where it is None.
        :param key: encrypts the flow logs.
        :param private_subnets: whether there are any, and NAT gateways for them.
        :raises ValueError: for addresses that are no such block, and see
            :func:`patternbook.limits.logs.check_retention`.
        """
        if not VPC_CIDR.accepts(cidr):
            raise ValueError(f"cidr: {cidr!r} given, {VPC_CIDR.text} required")
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self._posture = posture
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            availability_zones=[cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(self.AZS)],
            nat_gateways=posture.nat_gateways if private_subnets else 0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    # Load balancers and NAT gateways get addresses of their own.
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, reserved=not private_subnets
                ),
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
            # CDK would do it with a Lambda function as custom resource, and CloudFormation has no native way.
            # Nothing in a pattern uses the default group, and its one rule admits only its own members.
            restrict_default_security_group=False,
        )
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(self, "FlowLogs", posture=posture, retention_days=log_retention_days, key=key)
            ),
        )

    def add_interface_endpoints(
        self, services: Iterable[ec2.InterfaceVpcEndpointAwsService], *, client: ec2.IConnectable
    ) -> ec2.SecurityGroup | None:
        """Lets ``client``, and nobody else, call these services without leaving the VPC, where the posture asks
        for it; elsewhere the calls go out to the internet, which costs less than an endpoint an AZ.

        :return: what admits the client: whatever calls until it is deleted has to be deleted before it.
        """
        if not self._posture.interface_endpoints:
            return None
        group = ec2.SecurityGroup(
            self, "EndpointGroup", vpc=self.vpc, description="AWS service endpoints", allow_all_outbound=False
        )
        group.connections.allow_from(client, ec2.Port.HTTPS, "HTTPS from clients")
        tier = ec2.SubnetType.PRIVATE_WITH_EGRESS if self.vpc.private_subnets else ec2.SubnetType.PRIVATE_ISOLATED
        for service in services:
            self.vpc.add_interface_endpoint(
                service.short_name,
                service=service,
                subnets=ec2.SubnetSelection(subnet_type=tier),
                security_groups=[group],
                open=False,
            )
        return group
