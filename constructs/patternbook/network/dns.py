"""Domain names of your own in Route 53: DNS-validated certificates, and alias records."""

from collections.abc import Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from patternbook.limits.dns import ARGUMENTS, check_certificate_of_names, check_hosted_zone, check_zone_holds


def check_domain(
    scope: Construct,
    names: Sequence[str],
    *,
    hosted_zone: route53.IHostedZone | None,
    certificate: acm.ICertificate | None,
    certificate_required: bool = True,
    name: str = "domain_name",
) -> None:
    """Checks what a construct was given for its names, before the construct creates anything.

    :param certificate_required: whether the names need a certificate, given or made.
    :param name: the argument of ``names``.
    :raises ValueError: for a hosted zone without a name, a name without a certificate, a name outside of the zone, a
        private zone without a certificate, a zone of another account, and a certificate of another Region.
    """
    check_hosted_zone(None if hosted_zone is None else hosted_zone.node.path, names, name=name)
    if certificate_required:
        check_certificate_of_names(
            names, certificate=certificate, hosted_zone=hosted_zone, name=name, options=ARGUMENTS
        )
    stack = cdk.Stack.of(scope)
    if certificate is not None and _differ(certificate.env.region, stack.region):
        raise ValueError(
            f"certificate must be in {stack.region}, the Region of the stack, got one in {certificate.env.region}. "
            "Make it in a stack of that Region."
        )
    if hosted_zone is None:
        return
    if _differ(hosted_zone.env.account, stack.account):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html
        raise ValueError(
            f"hosted_zone must be in {stack.account}, the account of the stack, got one in {hosted_zone.env.account}. "
            "CloudFormation cannot change zones of another account. Make the records there, and set certificate."
        )
    if certificate_required and certificate is None and isinstance(hosted_zone, route53.PrivateHostedZone):
        # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
        raise ValueError(
            "hosted_zone must be a public hosted zone without certificate, got a private one. ACM validates names in "
            "the public DNS only. Set certificate."
        )
    zone_name = _name_of(hosted_zone)
    if zone_name is not None:
        check_zone_holds([each for each in names if not cdk.Token.is_unresolved(each)], zone_name)


def _differ(one: str, other: str) -> bool:
    """Whether two values are known and differ."""
    return one != other and not cdk.Token.is_unresolved(one) and not cdk.Token.is_unresolved(other)


def _name_of(zone: route53.IHostedZone) -> str | None:
    """The name of a hosted zone, if it is known at synth."""
    try:
        name = zone.zone_name
    except RuntimeError:  # HostedZone.from_hosted_zone_id knows no name
        return None
    return None if cdk.Token.is_unresolved(name) else name


def imported_zone(scope: Construct, construct_id: str, hosted_zone_id: str | None) -> route53.IHostedZone | None:
    """The hosted zone of a setting. Nothing looks up its name."""
    if hosted_zone_id is None:
        return None
    return route53.HostedZone.from_hosted_zone_id(scope, construct_id, hosted_zone_id)


def imported_certificate(scope: Construct, construct_id: str, arn: str | None) -> acm.ICertificate | None:
    """The certificate of a setting."""
    return None if arn is None else acm.Certificate.from_certificate_arn(scope, construct_id, arn)


def validated_certificate(
    scope: Construct, construct_id: str, *, names: Sequence[str], hosted_zone: route53.IHostedZone
) -> acm.Certificate:
    """A certificate that ACM issues and renews by itself, because its validation records are in the hosted zone.

    The deployment waits for the public DNS to answer from the zone. Changed names replace the certificate: the new one
    is in use before CloudFormation deletes the old one. The validation records stay when the certificate is deleted,
    because another certificate for the same name may need them
    (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/837).
    """
    first, *more = names
    return acm.Certificate(
        scope,
        construct_id,
        domain_name=first,
        subject_alternative_names=more or None,
        validation=acm.CertificateValidation.from_dns(hosted_zone),
    )


class AliasRecords(Construct):
    """An A and an AAAA record for each name, as aliases of one target. Queries for aliases of AWS resources are free.

    An HTTPS record tells browsers before the first connection that the target has HTTP/3. Route 53 has such aliases for
    CloudFront distributions only
    (https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_route53.HttpsRecord.html).

    A record that exists already fails the deployment, and stays as it is. CloudFormation creates the records of a new
    name before it deletes those of the old name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Sequence[str],
        hosted_zone: route53.IHostedZone,
        target: route53.IAliasRecordTarget,
        https_records: bool = False,
    ) -> None:
        """:param names: full domain names. Each is the zone's name, or ends with it.
        :param hosted_zone: a public or a private hosted zone.
        :param target: what the names lead to, such as a target of ``aws_cdk.aws_route53_targets``.
        :param https_records: for a CloudFront distribution with HTTP/3.
        """
        super().__init__(scope, construct_id)
        alias = route53.RecordTarget.from_alias(target)
        for number, name in enumerate(names, start=1):
            # An id by the name: the records of names that change places stay. In a new place, a name would exist twice.
            known = f"Name{number}" if cdk.Token.is_unresolved(name) else name
            # The dot ends a full name. Without it, the CDK would ask for the zone's name, which an id does not tell.
            full = f"{name}."
            route53.ARecord(self, f"A-{known}", zone=hosted_zone, record_name=full, target=alias)
            # For a target without IPv6, Route 53 answers as if there were no AAAA record. A target that becomes
            # dual-stack then needs no change here: https://github.com/kubernetes-sigs/external-dns/pull/3605
            route53.AaaaRecord(self, f"AAAA-{known}", zone=hosted_zone, record_name=full, target=alias)
            if https_records:
                route53.HttpsRecord(self, f"HTTPS-{known}", zone=hosted_zone, record_name=full, target=alias)


@jsii.implements(route53.IAliasRecordTarget)
class NetworkLoadBalancerTarget:
    """A Network Load Balancer as the target of alias records.

    ``LoadBalancerTarget`` of the CDK puts "dualstack." before the DNS name, which only Application and Classic Load
    Balancers have (https://github.com/aws/aws-cdk/issues/16987).
    """

    def __init__(self, load_balancer: elbv2.INetworkLoadBalancer) -> None:
        self._load_balancer = load_balancer

    def bind(
        self,
        record: route53.IRecordSet,  # noqa: ARG002 - the name is part of the interface
        zone: route53.IHostedZone | None = None,  # noqa: ARG002
    ) -> route53.AliasRecordTargetConfig:
        return route53.AliasRecordTargetConfig(
            dns_name=self._load_balancer.load_balancer_dns_name,
            hosted_zone_id=self._load_balancer.load_balancer_canonical_hosted_zone_id,
        )
