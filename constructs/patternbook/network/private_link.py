"""A service for other VPCs and accounts by AWS PrivateLink, and a VPC that consumes one."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.data.logs import log_group
from patternbook.limits.logs import check_retention
from patternbook.network.internal_load_balancer import InternalLoadBalancer
from patternbook.network.vpc import Network
from patternbook.posture import Posture
from patternbook.settings.fields import CONSUMER_CIDR, DOMAIN_NAME, PRINCIPAL_ARN


class EndpointService(Construct):
    """Publishes what is behind a load balancer as a VPC endpoint service.

    Who may connect is named, principal by principal, and nobody is by default: ``*`` would let anyone in AWS who
    hears of the name ask and, without acceptance, in. A connection of those who may then waits until someone accepts
    it, unless ``acceptance_required`` is off
    (https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        front: InternalLoadBalancer,
        acceptance_required: bool = True,
        allowed_principals: Sequence[str] = (),
        allow_own_account: bool = False,
        private_dns_name: str | None = None,
    ) -> None:
        """:param front: passes connections to the service.
        :param acceptance_required: whether somebody has to accept each connection.
        :param allowed_principals: ARNs of accounts, roles and users of IAM.
        :param allow_own_account: whether principals of the stack's own account are among them.
        :param private_dns_name: that consumers may call the service by, once its domain is verified.
        :raises ValueError: for a principal without such an ARN, ``*`` above all, and for a name that is none.
        """
        wrong = [principal for principal in allowed_principals if not PRINCIPAL_ARN.accepts(principal)]
        if wrong:
            raise ValueError(f"allowed_principals: {wrong} given, each {PRINCIPAL_ARN.text} required")
        if private_dns_name is not None and not DOMAIN_NAME.accepts(private_dns_name):
            raise ValueError(f"private_dns_name: {private_dns_name!r} given, {DOMAIN_NAME.text} required")
        super().__init__(scope, construct_id)
        own_account = iam.AccountRootPrincipal().arn
        self.front = front
        self.acceptance_required = acceptance_required
        self.service = ec2.VpcEndpointService(
            self,
            "Service",
            vpc_endpoint_service_load_balancers=[front.load_balancer],
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

    @property
    def name(self) -> str:
        """What consumers create their endpoints for."""
        return self.service.vpc_endpoint_service_name

    @property
    def verification_record(self) -> str:
        """The TXT record, name and value, that proves who owns the domain of the private DNS name.

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
        """The command that accepts one of them; the endpoint's id comes last."""
        return (
            f"aws ec2 accept-vpc-endpoint-connections --service-id {self.service.vpc_endpoint_service_id}"
            " --vpc-endpoint-ids"
        )


class EndpointConsumer(Construct):
    """A VPC, without a way in or out, with an interface endpoint of a service: to try the service in one account.

    The endpoint, in the AZs of the service, admits the VPC's own addresses on the service's port only.
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
        key: kms.Key | None = None,
    ) -> None:
        """:param service: of the same account, and with acceptance off: CloudFormation has nothing that accepts a
            connection, so the endpoint would wait for a person.
        :param cidr: an IPv4 block, /16 to /26; that of the service's VPC may overlap it.
        :param log_retention_days: of the flow logs; the posture's where it is None.
        :param key: encrypts the flow logs.
        :raises ValueError: for a service that has to accept, or addresses that are no such block; and see
            :func:`patternbook.limits.logs.check_retention`.
        """
        if service.acceptance_required:
            raise ValueError("service: acceptance_required is true, and nothing in a stack accepts a connection")
        if not CONSUMER_CIDR.accepts(cidr):
            raise ValueError(f"cidr: {cidr!r} given, {CONSUMER_CIDR.text} required")
        check_retention(log_retention_days)
        super().__init__(scope, construct_id)
        port = service.front.port
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            # Those of the service's network: an endpoint can be only where its service is.
            availability_zones=[cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(Network.AZS)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
            restrict_default_security_group=False,  # as in patternbook.network
        )
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                log_group(self, "FlowLogs", posture=posture, retention_days=log_retention_days, key=key)
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
            # Until its domain is verified, a service with a private DNS name takes no endpoint that asks for it.
            private_dns_enabled=False,
        )
        self.endpoint.node.add_dependency(service)

    @property
    def dns_name(self) -> str:
        """The endpoint's own name, in all of its AZs."""
        # Each entry is a hosted zone and a name; the first is the one of the Region.
        first = cdk.Fn.select(0, self.endpoint.vpc_endpoint_dns_entries)
        return cdk.Fn.select(1, cdk.Fn.split(":", first))
