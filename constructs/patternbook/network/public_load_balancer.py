"""A public Application Load Balancer, with HTTPS if it has a certificate."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct
from typing_extensions import Self

from patternbook.data.access_logs import (
    access_log_bucket,
    admit_application_load_balancers,
    check_access_log_retention,
    write_access_logs,
)
from patternbook.limits.load_balancers import DEREGISTRATION_DELAY_SECONDS
from patternbook.nag import acknowledge
from patternbook.network.dns import (
    AliasRecords,
    check_domain,
    imported_certificate,
    imported_zone,
    validated_certificate,
)
from patternbook.network.request_shifting import shifting_target
from patternbook.network.settings import ANYWHERE, ApplicationHealthCheck, PublicLoadBalancerSettings
from patternbook.posture import Posture
from patternbook.settings.fields import CIDR


class PublicLoadBalancer(Construct):
    """An Application Load Balancer in the public subnets.

    With a certificate it serves HTTPS with TLS 1.2 and 1.3 (forward secrecy and post-quantum key exchange) and
    redirects HTTP to HTTPS. Without one it serves plain HTTP, with a warning at synth. If the posture requires TLS, an
    error annotation makes the CDK CLI refuse the stack, unless ``allow_plain_http`` permits plain HTTP.

    It drops requests with invalid headers. The posture decides whether it writes access logs and has deletion
    protection.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet] | None = None,
        posture: Posture,
        domain_name: str | None = None,
        hosted_zone: route53.IHostedZone | None = None,
        certificate: acm.ICertificate | None = None,
        allow_plain_http: bool = False,
        allowed_cidrs: Sequence[str] = (ANYWHERE,),
        web_acl_arn: str | None = None,
        health_check: ApplicationHealthCheck | None = None,
        log_retention_days: int | None = None,
        dual_stack: bool = False,
    ) -> None:
        """:param subnets: one subnet in each of at least two AZs. Defaults to public subnets.
        :param domain_name: a name of your own. It requires ``hosted_zone`` or ``certificate``.
        :param hosted_zone: the zone that gets the records of the name, and of its certificate if none is given.
        :param certificate: an ACM certificate in the stack's Region.
        :param allow_plain_http: serve without a certificate even if the posture requires TLS.
        :param allowed_cidrs: IPv4 CIDR blocks that may connect.
        :param web_acl_arn: ARN of a regional AWS WAF web ACL.
        :param health_check: how the load balancer finds out which tasks are healthy.
        :param log_retention_days: retention of the access logs. Defaults to the posture's.
        :param dual_stack: whether to serve IPv6 clients, too. The VPC must be dual-stack. ``allowed_cidrs`` without
            0.0.0.0/0 admit no IPv6 client.
        :raises ValueError: if no CIDR block is allowed, or the retention is below a day; see
            :func:`patternbook.network.dns.check_domain`.
        """
        names = [] if domain_name is None else [domain_name]
        check_domain(scope, names, hosted_zone=hosted_zone, certificate=certificate)
        if not allowed_cidrs:
            raise ValueError("allowed_cidrs must list at least one CIDR block, got none.")
        for cidr in allowed_cidrs:
            if not CIDR.accepts(cidr):
                raise ValueError(f"Each of allowed_cidrs must be {CIDR.text}, got {cidr!r}.")
        check_access_log_retention(log_retention_days)
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._health_check = health_check or ApplicationHealthCheck()
        self.alternate_targets: elbv2.ApplicationTargetGroup | None = None
        """The second target group of a service whose deployments shift requests."""
        subnets = subnets or vpc.select_subnets(subnet_type=ec2.SubnetType.PUBLIC, one_per_az=True).subnets
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=subnets),
            internet_facing=True,
            ip_address_type=elbv2.IpAddressType.DUAL_STACK if dual_stack else None,
            drop_invalid_header_fields=True,
            deletion_protection=posture.deletion_protection,
        )
        if certificate is None and hosted_zone is not None:
            certificate = validated_certificate(self, "Certificate", names=names, hosted_zone=hosted_zone)
        if certificate is None:
            if posture.require_tls and not allow_plain_http:
                cdk.Annotations.of(self).add_error(
                    f"Posture {posture.name} requires HTTPS, and the load balancer has no certificate. Set domain_name "
                    "and hosted_zone_id to get one, or certificate_arn to the ARN of an ACM certificate in the Region "
                    "of the stack, or set allow_plain_http to true."
                )
            else:
                cdk.Annotations.of(self).add_warning_v2(
                    "patternbook:plainHttp",
                    "The load balancer serves plain HTTP, which others can read and change on the way. Set "
                    "domain_name and hosted_zone_id, or certificate_arn, to serve HTTPS.",
                )
            self.listener = self.load_balancer.add_listener("Http", protocol=elbv2.ApplicationProtocol.HTTP, open=False)
        else:
            self.listener = self.load_balancer.add_listener(
                "Https",
                certificates=[certificate],
                # Recommended by AWS and the default of its console:
                # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
                ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ,
                protocol=elbv2.ApplicationProtocol.HTTPS,
                open=False,
            )
            # add_redirect would make another listener for port 80. CloudFormation creates it before it deletes the
            # old one, so adding a certificate to an existing stack would fail.
            self.load_balancer.add_listener(
                "Http",
                protocol=elbv2.ApplicationProtocol.HTTP,
                default_action=elbv2.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True),
                open=False,
            )
        if hosted_zone is not None:
            records = AliasRecords(
                self,
                "Records",
                names=names,
                hosted_zone=hosted_zone,
                target=route53_targets.LoadBalancerTarget(self.load_balancer),  # ty: ignore[invalid-argument-type]
            )
            # The name leads to the load balancer only while it listens.
            records.node.add_dependency(self.listener)
        self.dns_name = self.load_balancer.load_balancer_dns_name
        """The DNS name that AWS gives the load balancer."""
        self.url = f"http{'' if certificate is None else 's'}://{domain_name or self.dns_name}"
        dns = ". Point the domain name of the certificate at it" if certificate and not domain_name else ""
        self.outputs = [("Url", self.url, f"URL of the load balancer{dns}")]
        """Name, value and description of each output for a person to use."""
        if domain_name:
            self.outputs += [("LoadBalancerDnsName", self.dns_name, "Target of records for the domain name")]
        ports = [ec2.Port.HTTP] if certificate is None else [ec2.Port.HTTPS, ec2.Port.HTTP]
        for cidr in allowed_cidrs:
            for port in ports:
                self.load_balancer.connections.allow_from(ec2.Peer.ipv4(cidr), port, f"Allowed: {cidr}")
        if dual_stack and ANYWHERE in allowed_cidrs:
            for port in ports:
                self.load_balancer.connections.allow_from(ec2.Peer.any_ipv6(), port, "Allowed: ::/0")
        if web_acl_arn is not None:
            wafv2.CfnWebACLAssociation(
                self, "WebAcl", resource_arn=self.load_balancer.load_balancer_arn, web_acl_arn=web_acl_arn
            )
        if ANYWHERE in allowed_cidrs:
            acknowledge(
                self.load_balancer,
                "EC23",
                "A public load balancer serves the internet unless allowed_cidrs narrows it.",
            )
        if not posture.access_logs:
            acknowledge(self.load_balancer, "ELB2", f"Posture {posture.name} keeps no access logs; production does.")
        else:
            bucket = access_log_bucket(self, "AccessLogs", posture=posture, retention_days=log_retention_days)
            admit_application_load_balancers(bucket)
            write_access_logs(self.load_balancer, bucket)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: PublicLoadBalancerSettings,
        *,
        vpc: ec2.IVpc,
        posture: Posture,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            vpc=vpc,
            posture=posture,
            domain_name=settings.domain_name,
            hosted_zone=imported_zone(scope, f"{construct_id}Zone", settings.hosted_zone_id),
            certificate=imported_certificate(scope, f"{construct_id}Certificate", settings.certificate_arn),
            allow_plain_http=settings.allow_plain_http,
            allowed_cidrs=settings.allowed_cidrs,
            web_acl_arn=settings.web_acl_arn,
            health_check=settings.health_check,
            log_retention_days=settings.log_retention_days,
        )

    def serve(
        self, service: ecs.FargateService | ecs.Ec2Service, *, shifts_requests: bool = False
    ) -> elbv2.ApplicationTargetGroup:
        """Sends requests to the healthy tasks of a service. A stopping task has 30 seconds to finish its requests.

        :param shifts_requests: whether deployments shift requests to :attr:`alternate_targets` and back. The strategy
            of the service must be blue/green, canary or linear.
        :return: the target group of the first deployment.
        """
        targets = self._target_group("Targets")
        self.listener.add_target_groups("Tasks", target_groups=[targets])
        if shifts_requests:
            self.alternate_targets = self._target_group("AlternateTargets", target_type=elbv2.TargetType.IP)
            targets.add_target(shifting_target(self, service, self.listener, targets, self.alternate_targets))
        else:
            targets.add_target(service)
        # Until the load balancer may reach the tasks, its health checks fail and ECS replaces them.
        service.node.add_dependency(*self.load_balancer.connections.security_groups)
        return targets

    def _target_group(
        self, construct_id: str, *, target_type: elbv2.TargetType | None = None
    ) -> elbv2.ApplicationTargetGroup:
        # The target group is not a child of the listener. Adding a certificate replaces the listener, and its child
        # would be replaced by an empty group.
        return elbv2.ApplicationTargetGroup(
            self,
            construct_id,
            vpc=self._vpc,
            target_type=target_type,
            protocol=elbv2.ApplicationProtocol.HTTP,
            # Unused: ECS registers the container port. Using it here would replace the target group on every change.
            port=80,
            deregistration_delay=cdk.Duration.seconds(DEREGISTRATION_DELAY_SECONDS),
            health_check=elbv2.HealthCheck(
                path=self._health_check.path,
                healthy_http_codes=self._health_check.matcher,
                interval=cdk.Duration.seconds(self._health_check.interval_seconds),
                timeout=cdk.Duration.seconds(self._health_check.timeout_seconds),
                healthy_threshold_count=self._health_check.healthy_threshold,
                unhealthy_threshold_count=self._health_check.unhealthy_threshold,
            ),
        )
