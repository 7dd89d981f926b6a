"""A VPC endpoint service for other VPCs and accounts (AWS PrivateLink), and a VPC that consumes it."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from typing_extensions import Self

from patternbook.data.logs import LogGroup
from patternbook.limits.logs import check_retention
from patternbook.network.internal_load_balancer import InternalLoadBalancer
from patternbook.network.settings import EndpointSettings
from patternbook.posture import Posture
from patternbook.settings.fields import CONSUMER_CIDR, DOMAIN_NAME, PRINCIPAL_ARN


class EndpointService(Construct):
    """Publishes the service behind a load balancer as a VPC endpoint service.

    Only ``allowed_principals`` may request a connection, and by default nobody may. ``*`` is refused, because it would
    let everyone in AWS request a connection. Unless ``acceptance_required`` is off, a connection waits until a person
    accepts it (https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        load_balancer: InternalLoadBalancer,
        acceptance_required: bool = True,
        allowed_principals: Sequence[str] = (),
        allow_own_account: bool = False,
        private_dns_name: str | None = None,
    ) -> None:
        """:param load_balancer: forwards connections to the service.
        :param acceptance_required: whether a person must accept each connection.
        :param allowed_principals: ARNs of AWS accounts, IAM roles and IAM users.
        :param allow_own_account: whether to allow the stack's own account, too.
        :param private_dns_name: DNS name for consumers, once its domain is verified.
        :raises ValueError: if a principal is no such ARN, or the name is no domain name.
        """
        for principal in allowed_principals:
            if not PRINCIPAL_ARN.accepts(principal):
                raise ValueError(f"Each of allowed_principals must be {PRINCIPAL_ARN.text}, got {principal!r}.")
        if private_dns_name is not None and not DOMAIN_NAME.accepts(private_dns_name):
            raise ValueError(f"private_dns_name must be {DOMAIN_NAME.text}, got {private_dns_name!r}.")
        super().__init__(scope, construct_id)
        own_account = iam.AccountRootPrincipal().arn
        self.load_balancer = load_balancer
        self.acceptance_required = acceptance_required
        self.service = ec2.VpcEndpointService(
            self,
            "Service",
            vpc_endpoint_service_load_balancers=[load_balancer.load_balancer],
            acceptance_required=acceptance_required,
            allowed_principals=[
                iam.ArnPrincipal(principal)
                for principal in (*allowed_principals, *([own_account] if allow_own_account else []))
            ],
        )
        resource = self.service.node.find_child("Service")
        assert isinstance(resource, ec2.CfnVPCEndpointService)
        self._resource = resource
        # The L2 has no such property, and VpcEndpointServiceDomainName of Route 53 needs three custom resources.
        resource.private_dns_name = private_dns_name

    @classmethod
    def from_settings(
        cls, scope: Construct, construct_id: str, settings: EndpointSettings, *, load_balancer: InternalLoadBalancer
    ) -> Self:
        return cls(
            scope,
            construct_id,
            load_balancer=load_balancer,
            acceptance_required=settings.acceptance_required,
            allowed_principals=settings.allowed_principals,
            allow_own_account=settings.consumer,
            private_dns_name=settings.private_dns_name,
        )

    @property
    def name(self) -> str:
        """The service name that consumers create their endpoints for."""
        return self.service.vpc_endpoint_service_name

    @property
    def verification_record(self) -> str:
        """Name and value of the TXT record that verifies the domain of the private DNS name.

        https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
        """
        name = self._resource.attr_private_dns_name_configuration_name
        return f"{name} TXT {self._resource.attr_private_dns_name_configuration_value}"

    @property
    def requests_command(self) -> str:
        """The command that lists the connections that wait for acceptance."""
        return (
            "aws ec2 describe-vpc-endpoint-connections --filters"
            f" Name=service-id,Values={self.service.vpc_endpoint_service_id}"
            " Name=vpc-endpoint-state,Values=pendingAcceptance"
        )

    @property
    def accept_command(self) -> str:
        """The command that accepts one of them. Append the id of its endpoint."""
        return (
            f"aws ec2 accept-vpc-endpoint-connections --service-id {self.service.vpc_endpoint_service_id}"
            " --vpc-endpoint-ids"
        )


class EndpointConsumer(Construct):
    """An isolated VPC with an interface endpoint of a service, to try the service in one account.

    The endpoint is in the AZs of the service. It admits the VPC's own addresses on the service's port only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        posture: Posture,
        service: EndpointService,
        cidr: str = "10.1.0.0/24",
        log_retention_days: int | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        """:param service: a service of the same account with acceptance off, because CloudFormation cannot accept a
            connection.
        :param cidr: IPv4 CIDR block, /16 to /26. It may overlap the service's VPC.
        :param log_retention_days: retention of the flow logs. Defaults to the posture's.
        :param key: encrypts the flow logs.
        :raises ValueError: if the service requires acceptance, or the CIDR block is wrong; see
            :func:`patternbook.limits.logs.check_retention`.
        """
        if service.acceptance_required:
            raise ValueError(
                "service must not require acceptance, because CloudFormation cannot accept a connection. Set its "
                "acceptance_required to false."
            )
        if not CONSUMER_CIDR.accepts(cidr):
            raise ValueError(f"cidr must be {CONSUMER_CIDR.text}, got {cidr!r}.")
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self._port = port = service.load_balancer.port
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            # An endpoint can only be in the AZs of its service. The smallest block has room for three subnets.
            availability_zones=service.load_balancer.availability_zones[:3],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
            restrict_default_security_group=False,  # see patternbook.network.vpc
        )
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                LogGroup(self, "FlowLogs", posture=posture, retention_days=log_retention_days, key=key)
            ),
        )
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=self.vpc, description="Endpoint of the service", allow_all_outbound=False
        )
        self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(port), "Clients in this VPC")
        self.endpoint = self.vpc.add_interface_endpoint(
            "Endpoint",
            service=ec2.InterfaceVpcEndpointService(service.name, port),
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[self.group],
            open=False,
            # Until its domain is verified, a service rejects endpoints that ask for its private DNS name.
            private_dns_enabled=False,
        )
        self.endpoint.node.add_dependency(service)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: EndpointSettings,
        *,
        posture: Posture,
        service: EndpointService,
        key: kms.IKey | None = None,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            posture=posture,
            service=service,
            cidr=settings.consumer_cidr,
            log_retention_days=settings.log_retention_days,
            key=key,
        )

    @property
    def dns_name(self) -> str:
        """The Regional DNS name of the endpoint."""
        # Each entry is a hosted zone and a name. The first entry is the Regional one.
        first = cdk.Fn.select(0, self.endpoint.vpc_endpoint_dns_entries)
        return cdk.Fn.select(1, cdk.Fn.split(":", first))

    @property
    def address(self) -> str:
        """DNS name and port for clients in this VPC."""
        return f"{self.dns_name}:{self._port}"
