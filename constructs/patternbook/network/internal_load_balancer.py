"""An internal Network Load Balancer with a security group: for PrivateLink, and for TCP that is not HTTP."""

from collections.abc import Sequence
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.data.access_logs import access_log_bucket, check_access_log_retention
from patternbook.nag import acknowledge
from patternbook.posture import Posture
from patternbook.settings.fields import PRIVATE_CIDR

Protocol = Literal["TCP", "TLS"]
HealthCheckProtocol = Literal["TCP", "HTTP", "HTTPS"]
"""All that a Network Load Balancer offers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""The private addresses of RFC 1918, which clients in most VPCs have."""

INTERVAL_SECONDS: Final = (5, 300)
"""Between two health checks, at least and at most."""
TIMEOUT_SECONDS: Final = (2, 120)
"""For a target to answer one, at least and at most.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""


def check_certificate(*, protocol: Protocol, certificate_arn: str | None) -> None:
    """:raises ValueError: for TLS without a certificate, or a certificate without TLS."""
    if protocol == "TLS" and certificate_arn is None:
        raise ValueError("expected the ARN of an ACM certificate, which a TLS listener needs, or protocol TCP")
    if protocol != "TLS" and certificate_arn is not None:
        raise ValueError(
            f"expected none with protocol {protocol}, which passes bytes on as they are; or protocol TLS, "
            "which ends TLS at the load balancer"
        )


def check_health_check_path(*, protocol: str, path: str | None) -> None:
    """:raises ValueError: for a protocol that a Network Load Balancer does not check health by, or a path with TCP."""
    if protocol not in ("TCP", "HTTP", "HTTPS"):
        raise ValueError(
            f"a Network Load Balancer checks health by TCP, HTTP or HTTPS, not by {protocol}; "
            "an Application Load Balancer offers gRPC"
        )
    if protocol == "TCP" and path is not None:
        raise ValueError(
            "expected none with health_check_protocol TCP, which only opens a connection; or health_check_protocol "
            "HTTP or HTTPS"
        )


def check_health_check_times(*, interval_seconds: int, timeout_seconds: int) -> None:
    """:raises ValueError: for times out of bounds, or a timeout that is not below the interval."""
    for name, value, (least, most) in (
        ("interval", interval_seconds, INTERVAL_SECONDS),
        ("timeout", timeout_seconds, TIMEOUT_SECONDS),
    ):
        if not least <= value <= most:
            raise ValueError(f"a Network Load Balancer takes a health check {name} of {least} to {most} seconds")
    if timeout_seconds >= interval_seconds:
        raise ValueError(f"expected less than the interval between two health checks, {interval_seconds} seconds")


def check_way_in(*, allowed_cidrs: Sequence[str], enforce_inbound_rules: bool) -> None:
    """:raises ValueError: where the rules hold for all and admit nobody."""
    if enforce_inbound_rules and not allowed_cidrs:
        raise ValueError(
            "expected at least one of allowed_cidrs, or enforce_inbound_rules false, which lets clients in by "
            "PrivateLink whatever their addresses are"
        )


class InternalLoadBalancer(Construct):
    """A Network Load Balancer in the private subnets, with one listener for TCP or TLS, and cross-zone load balancing.

    Its security group, which it can only get when it is created, admits the listener's port from ``allowed_cidrs``,
    and reaches the tasks on their port only. By default that holds for traffic by PrivateLink as well, of which the
    group sees the client's private address in the consumer's VPC
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html).
    By posture it refuses to be deleted and, with TLS, writes access logs, of which there are none for TCP
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        posture: Posture,
        protocol: Protocol = "TCP",
        certificate_arn: str | None = None,
        port: int | None = None,
        allowed_cidrs: Sequence[str] = PRIVATE_NETWORKS,
        enforce_inbound_rules: bool = True,
        log_retention_days: int | None = None,
    ) -> None:
        """:param protocol: ``TCP`` passes bytes on as they are, ``TLS`` ends TLS and passes on what was in it.
        :param certificate_arn: of an ACM certificate in the Region of the stack, for TLS.
        :param port: of the listener; 443 for TLS and 80 for TCP where it is None.
        :param allowed_cidrs: IPv4 blocks that may connect.
        :param enforce_inbound_rules: whether that holds for traffic by PrivateLink, which can come from overlapping
            addresses; False leaves it to principals and acceptance of the endpoint service who connects by it.
        :param log_retention_days: of the access logs; the posture's where it is None.
        :raises ValueError: see :func:`check_certificate` and :func:`check_way_in`; for wrong CIDRs or ports, and for a
            retention below a day.
        """
        check_certificate(protocol=protocol, certificate_arn=certificate_arn)
        check_way_in(allowed_cidrs=allowed_cidrs, enforce_inbound_rules=enforce_inbound_rules)
        wrong = [cidr for cidr in allowed_cidrs if not PRIVATE_CIDR.accepts(cidr)]
        if wrong:
            raise ValueError(f"allowed_cidrs: {wrong} given, each {PRIVATE_CIDR.text} required")
        check_access_log_retention(log_retention_days)
        self.port = port if port is not None else (443 if protocol == "TLS" else 80)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port: {self.port} given, 1 to 65535 required")
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Internal load balancer", allow_all_outbound=False
        )
        for cidr in allowed_cidrs:
            self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(self.port), f"Allowed: {cidr}")
        self.load_balancer = elbv2.NetworkLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            internet_facing=False,
            security_groups=[self.group],
            enforce_security_group_inbound_rules_on_private_link_traffic=enforce_inbound_rules,
            # Otherwise a consumer's AZ with no healthy task would have no service.
            cross_zone_enabled=True,
            deletion_protection=posture.deletion_protection,
        )
        certificates = [acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn or "")]
        self.listener = self.load_balancer.add_listener(
            "Listener",
            port=self.port,
            protocol=elbv2.Protocol[protocol],
            certificates=certificates if protocol == "TLS" else None,
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
            ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ if protocol == "TLS" else None,
        )
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

    def serve(
        self,
        service: ecs.BaseService,
        *,
        port: int,
        health_check_protocol: HealthCheckProtocol = "TCP",
        health_check_path: str | None = None,
        health_check_interval_seconds: int = 10,
        health_check_timeout_seconds: int = 5,
        proxy_protocol: bool = False,
    ) -> elbv2.NetworkTargetGroup:
        """Passes connections to the tasks of a service, while they pass two health checks in a row.

        Tasks see the address of a client that connects to the load balancer itself. Of one that comes by PrivateLink
        they see the load balancer's, always; only the header of the proxy protocol has the client's, and its
        endpoint's id (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html).
        Connections to a task that stops are closed after 30 seconds.

        :param port: that the tasks listen on.
        :param health_check_path: that answers 200 to 399, with HTTP and HTTPS; ``/`` where it is None.
        :param proxy_protocol: begin each connection, those of health checks too, with a header of version 2, which
            tasks have to understand.
        :raises ValueError: see :func:`check_health_check_path` and :func:`check_health_check_times`.
        """
        check_health_check_path(protocol=health_check_protocol, path=health_check_path)
        check_health_check_times(
            interval_seconds=health_check_interval_seconds, timeout_seconds=health_check_timeout_seconds
        )
        targets = elbv2.NetworkTargetGroup(
            self,
            "Targets",
            vpc=self._vpc,
            targets=[service],
            protocol=elbv2.Protocol.TCP,
            # Of no effect, as ECS registers each task with its container's port; that in its place would replace
            # the group, and empty it, whenever the port changes.
            port=80,
            preserve_client_ip=True,
            proxy_protocol_v2=proxy_protocol,
            deregistration_delay=cdk.Duration.seconds(30),
            connection_termination=True,
            health_check=elbv2.HealthCheck(
                protocol=elbv2.Protocol[health_check_protocol],
                path=None if health_check_protocol == "TCP" else health_check_path or "/",
                interval=cdk.Duration.seconds(health_check_interval_seconds),
                timeout=cdk.Duration.seconds(health_check_timeout_seconds),
                healthy_threshold_count=2,
                unhealthy_threshold_count=2,
            ),
        )
        self.listener.add_target_groups("Tasks", targets)
        # CDK leaves both ends of this to us.
        service.connections.allow_from(self.group, ec2.Port.tcp(port), "Connections and health checks")
        return targets

    def _write_access_logs(self, posture: Posture, retention_days: int | None) -> None:
        bucket = access_log_bucket(self, "AccessLogs", posture=posture, retention_days=retention_days)
        # What log_access_logs would do, which asks for a Region at synth. Another service delivers these logs than
        # those of an Application Load Balancer, and looks at the bucket first:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
        stack = cdk.Stack.of(self)
        of_this_account = {
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
            written = bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[delivery],  # ty: ignore[invalid-argument-type]
                    actions=[action],
                    resources=[resource],
                    conditions={**of_this_account, "StringEquals": {**of_this_account["StringEquals"], **more}},
                )
            )
        self.load_balancer.set_attribute("access_logs.s3.enabled", "true")
        self.load_balancer.set_attribute("access_logs.s3.bucket", bucket.bucket_name)
        if written.policy_dependable is not None:  # Elastic Load Balancing tries the bucket at once
            self.load_balancer.node.add_dependency(written.policy_dependable)
