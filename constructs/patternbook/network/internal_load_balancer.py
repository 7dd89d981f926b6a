"""An internal Network Load Balancer with a security group: for PrivateLink, and for TCP protocols other than HTTP."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from constructs import Construct
from typing_extensions import Self

from patternbook.data.access_logs import access_log_bucket, check_access_log_retention, write_access_logs
from patternbook.limits.dns import ARGUMENTS
from patternbook.limits.load_balancers import (
    DEREGISTRATION_DELAY_SECONDS,
    PRIVATE_NETWORKS,
    Protocol,
    check_certificate,
    check_inbound_rules,
)
from patternbook.nag import acknowledge
from patternbook.network.dns import (
    AliasRecords,
    NetworkLoadBalancerTarget,
    check_domain,
    imported_certificate,
    imported_zone,
    validated_certificate,
)
from patternbook.network.settings import InternalLoadBalancerSettings, NetworkHealthCheck
from patternbook.posture import Posture
from patternbook.settings.fields import PRIVATE_CIDR


class InternalLoadBalancer(Construct):
    """A Network Load Balancer in the private subnets, with one listener for TCP or TLS, and cross-zone load balancing.

    Its security group, which AWS accepts at creation only, admits ``allowed_cidrs`` on the listener's port and reaches
    the tasks on their port only. By default the inbound rules apply to PrivateLink traffic, too: they match the
    client's private address in the consumer's VPC
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html).

    Tasks see the address of a client that connects to the load balancer directly. For PrivateLink clients they always
    see the load balancer's address; only the proxy protocol header has the client's address and endpoint id
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html).

    The posture decides whether it has deletion protection and, with TLS, writes access logs. AWS writes none for TCP
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet] | None = None,
        posture: Posture,
        protocol: Protocol = "TCP",
        domain_name: str | None = None,
        hosted_zone: route53.IHostedZone | None = None,
        certificate: acm.ICertificate | None = None,
        port: int | None = None,
        allowed_cidrs: Sequence[str] = PRIVATE_NETWORKS,
        enforce_inbound_rules: bool = True,
        health_check: NetworkHealthCheck | None = None,
        proxy_protocol: bool = False,
        log_retention_days: int | None = None,
    ) -> None:
        """:param subnets: one subnet in each AZ. Defaults to private subnets.
        :param protocol: ``TCP`` forwards bytes as they are; ``TLS`` ends TLS at the load balancer.
        :param domain_name: a name of your own.
        :param hosted_zone: the zone that gets the records of the name, and of its certificate if TLS has none. The
            records have private addresses, in a public zone, too.
        :param certificate: an ACM certificate in the stack's Region, for TLS.
        :param port: port of the listener. Defaults to 443 for TLS and 80 for TCP.
        :param allowed_cidrs: IPv4 CIDR blocks that may connect.
        :param enforce_inbound_rules: whether ``allowed_cidrs`` applies to PrivateLink traffic, whose addresses may
            overlap. If not, the endpoint service alone decides who connects by PrivateLink.
        :param health_check: how the load balancer finds out which tasks are healthy.
        :param proxy_protocol: begin each connection with a proxy protocol header (version 2). Tasks must understand it,
            on connections of health checks, too.
        :param log_retention_days: retention of the access logs. Defaults to the posture's.
        :raises ValueError: see the checks of :mod:`patternbook.limits.load_balancers` and
            :func:`patternbook.network.dns.check_domain`; if a CIDR block or the port is wrong, or the retention is
            below a day.
        """
        check_certificate(
            protocol=protocol,
            certificate=certificate.certificate_arn if certificate else None,
            hosted_zone=hosted_zone,
            options=ARGUMENTS,
        )
        names = [] if domain_name is None else [domain_name]
        check_domain(
            scope, names, hosted_zone=hosted_zone, certificate=certificate, certificate_required=protocol == "TLS"
        )
        check_inbound_rules(allowed_cidrs=allowed_cidrs, enforce_inbound_rules=enforce_inbound_rules)
        for cidr in allowed_cidrs:
            if not PRIVATE_CIDR.accepts(cidr):
                raise ValueError(f"Each of allowed_cidrs must be {PRIVATE_CIDR.text}, got {cidr!r}.")
        check_access_log_retention(log_retention_days)
        self.port = port if port is not None else (443 if protocol == "TLS" else 80)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be 1 to 65535, got {self.port}.")
        super().__init__(scope, construct_id)
        subnets = subnets or vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, one_per_az=True).subnets
        self.availability_zones = [subnet.availability_zone for subnet in subnets]
        self._vpc = vpc
        self._proxy_protocol = proxy_protocol
        health_check = health_check or NetworkHealthCheck()
        self._health_check = elbv2.HealthCheck(
            protocol=elbv2.Protocol[health_check.protocol],
            path=None if health_check.protocol == "TCP" else health_check.path or "/",
            healthy_http_codes=health_check.matcher,
            interval=cdk.Duration.seconds(health_check.interval_seconds),
            timeout=cdk.Duration.seconds(health_check.timeout_seconds),
            healthy_threshold_count=health_check.healthy_threshold,
            unhealthy_threshold_count=health_check.unhealthy_threshold,
        )
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Internal load balancer", allow_all_outbound=False
        )
        for cidr in allowed_cidrs:
            self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(self.port), f"Allowed: {cidr}")
        self.load_balancer = elbv2.NetworkLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=subnets),
            internet_facing=False,
            security_groups=[self.group],
            enforce_security_group_inbound_rules_on_private_link_traffic=enforce_inbound_rules,
            # Without it, a consumer in an AZ without a healthy task would have no service.
            cross_zone_enabled=True,
            deletion_protection=posture.deletion_protection,
        )
        if protocol == "TLS" and certificate is None and hosted_zone is not None:
            certificate = validated_certificate(self, "Certificate", names=names, hosted_zone=hosted_zone)
        self.listener = self.load_balancer.add_listener(
            "Listener",
            port=self.port,
            protocol=elbv2.Protocol[protocol],
            certificates=[certificate] if certificate else None,
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
            ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ if protocol == "TLS" else None,
        )
        self.dns_name = self.load_balancer.load_balancer_dns_name
        """The DNS name that AWS gives the load balancer."""
        self.address = f"{domain_name or self.dns_name}:{self.port}"
        """DNS name and port for clients in the VPC."""
        if hosted_zone is not None:
            target = NetworkLoadBalancerTarget(self.load_balancer)
            records = AliasRecords(self, "Records", names=names, hosted_zone=hosted_zone, target=target)
            # The name leads to the load balancer only while it listens.
            records.node.add_dependency(self.listener)
        if not posture.access_logs:
            acknowledge(self.load_balancer, "ELB2", f"Posture {posture.name} keeps no access logs; production does.")
        elif protocol == "TLS":
            self._write_access_logs(posture, log_retention_days)
        else:
            acknowledge(
                self.load_balancer,
                "ELB2",
                "A Network Load Balancer writes access logs for TLS listeners only; flow logs record TCP.",
            )

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: InternalLoadBalancerSettings,
        *,
        vpc: ec2.IVpc,
        posture: Posture,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            vpc=vpc,
            posture=posture,
            protocol=settings.protocol,
            domain_name=settings.domain_name,
            hosted_zone=imported_zone(scope, f"{construct_id}Zone", settings.hosted_zone_id),
            certificate=imported_certificate(scope, f"{construct_id}Certificate", settings.certificate_arn),
            port=settings.listener_port,
            allowed_cidrs=settings.allowed_cidrs,
            enforce_inbound_rules=settings.enforce_inbound_rules,
            health_check=settings.health_check,
            proxy_protocol=settings.proxy_protocol,
            log_retention_days=settings.log_retention_days,
        )

    def serve(self, service: ecs.BaseService) -> elbv2.NetworkTargetGroup:
        """Forwards connections to the healthy tasks of a service, on the port of their default container.

        Connections to a task that stops are closed after 30 seconds.

        :raises ValueError: if the service has no container with a port.
        """
        container = service.task_definition.default_container
        if container is None or not container.port_mappings:
            raise ValueError(
                "service must have a task definition with a container that has a port, got none. Set port."
            )
        targets = elbv2.NetworkTargetGroup(
            self,
            "Targets",
            vpc=self._vpc,
            targets=[service],
            protocol=elbv2.Protocol.TCP,
            # Unused: ECS registers the container port. Using it here would replace the target group on every change.
            port=80,
            preserve_client_ip=True,
            proxy_protocol_v2=self._proxy_protocol,
            deregistration_delay=cdk.Duration.seconds(DEREGISTRATION_DELAY_SECONDS),
            connection_termination=True,
            health_check=self._health_check,
        )
        self.listener.add_target_groups("Tasks", targets)
        # CDK adds no rules between a Network Load Balancer and its targets.
        port = ec2.Port.tcp(container.container_port)
        service.connections.allow_from(self.group, port, "Connections and health checks")
        # Until the load balancer may reach the tasks, its health checks fail and ECS replaces them.
        service.node.add_dependency(self.group)
        return targets

    def _write_access_logs(self, posture: Posture, retention_days: int | None) -> None:
        bucket = access_log_bucket(self, "AccessLogs", posture=posture, retention_days=retention_days)
        # CloudWatch Logs delivers the logs of a Network Load Balancer, and reads the bucket's ACL first:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
        stack = cdk.Stack.of(self)
        from_this_account = {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
        }
        delivery = iam.ServicePrincipal("delivery.logs.amazonaws.com")
        for action, resource, more in (
            ("s3:GetBucketAcl", bucket.bucket_arn, {}),
            (
                "s3:PutObject",
                bucket.arn_for_objects(f"AWSLogs/{stack.account}/*"),
                {"s3:x-amz-acl": "bucket-owner-full-control"},
            ),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[delivery],  # ty: ignore[invalid-argument-type]
                    actions=[action],
                    resources=[resource],
                    conditions={**from_this_account, "StringEquals": {**from_this_account["StringEquals"], **more}},
                )
            )
        write_access_logs(self.load_balancer, bucket)
