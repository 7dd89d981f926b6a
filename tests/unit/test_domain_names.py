"""Domain names: which settings go together, and what constructs accept from the app around them."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Annotations, Match, Template

from patternbook import InternalLoadBalancer, PatternStack, PublicLoadBalancer, SiteDistribution
from patternbook.edge.settings import DistributionSettings
from patternbook.limits.dns import check_zone_holds
from patternbook.network.settings import InternalLoadBalancerSettings, PublicLoadBalancerSettings
from patternbook.posture import SANDBOX
from patternbook.settings.base import PatternSettings
from patternbook.settings.loading import load_settings
from patternbook.settings.mistakes import SettingsError
from patternbook.testing.synthesis import unchecked_app
from stacks.ecs_ec2 import EcsEc2Stack
from stacks.fargate_efs import FargateEfsStack

ZONE_ID = "Z0123456789ABCDEFGHIJ"
ARN = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
HERE = cdk.Environment(account="111122223333", region="us-east-1")
CERTIFICATE, RECORD = "AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet"
LONG = f"{'a' * 60}.example.com"


def public(stack: cdk.Stack, **given: Any) -> PublicLoadBalancer:
    front = PublicLoadBalancer(stack, "Front", vpc=ec2.Vpc(stack, "Vpc", max_azs=2), posture=SANDBOX, **given)
    front.listener.add_action("Answer", action=elbv2.ListenerAction.fixed_response(200))
    return front


def internal(stack: cdk.Stack, **given: Any) -> InternalLoadBalancer:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    front = InternalLoadBalancer(stack, "Front", vpc=vpc, posture=SANDBOX, protocol="TLS", **given)
    front.listener.add_target_groups("Targets", elbv2.NetworkTargetGroup(stack, "Targets", vpc=vpc, port=80))
    return front


def site(stack: cdk.Stack, domain_name: str | None = None, **given: Any) -> SiteDistribution:
    names = [] if domain_name is None else [domain_name]
    behavior = cloudfront.BehaviorOptions(origin=origins.HttpOrigin("origin.example.org"))
    return SiteDistribution(stack, "Front", comment="Site", default_behavior=behavior, domain_names=names, **given)


MAKERS: list[Callable[..., Any]] = [public, internal, site]
RECORDS: dict[Callable[..., Any], int] = {public: 2, internal: 2, site: 3}
"""Records for a name: only a distribution has an HTTPS record, too."""


def company() -> tuple[cdk.Stack, cdk.Stack]:
    """The stack with the zones and certificates of a company's app, and the stack of a pattern."""
    app = unchecked_app()
    return cdk.Stack(app, "Company", env=HERE), cdk.Stack(app, "Web", env=HERE)


def zone_of(scope: cdk.Stack) -> route53.PublicHostedZone:
    return route53.PublicHostedZone(scope, "Zone", zone_name="example.com")


@pytest.mark.parametrize("make", MAKERS)
class TestCompanyApp:
    def test_a_zone_of_another_stack_gets_records_and_a_certificate(self, make: Callable[..., Any]) -> None:
        shared, web = company()
        make(web, domain_name="www.example.com", hosted_zone=zone_of(shared))
        template = Template.from_stack(web)
        template.resource_count_is(RECORD, RECORDS[make])
        template.has_resource_properties(CERTIFICATE, {"DomainName": "www.example.com", "ValidationMethod": "DNS"})

    def test_a_certificate_of_another_stack_is_used(self, make: Callable[..., Any]) -> None:
        """Its ARN is a token."""
        shared, web = company()
        zone = zone_of(shared)
        made = acm.Certificate(
            shared, "Certificate", domain_name="*.example.com", validation=acm.CertificateValidation.from_dns(zone)
        )
        make(web, domain_name="www.example.com", hosted_zone=zone, certificate=made)
        template = Template.from_stack(web)
        template.resource_count_is(CERTIFICATE, 0)
        template.resource_count_is(RECORD, RECORDS[make])
        assert str(template.to_json()).count("Company:ExportsOutputRefCertificate") == 1

    def test_a_certificate_alone_makes_no_record(self, make: Callable[..., Any]) -> None:
        _, web = company()
        make(web, domain_name="www.example.com", certificate=acm.Certificate.from_certificate_arn(web, "Given", ARN))
        template = Template.from_stack(web)
        template.resource_count_is(CERTIFICATE, 0)
        template.resource_count_is(RECORD, 0)

    def test_a_private_zone_takes_records_beside_a_certificate(self, make: Callable[..., Any]) -> None:
        shared, web = company()
        zone = route53.PrivateHostedZone(shared, "Zone", zone_name="example.com", vpc=ec2.Vpc(shared, "Vpc"))
        given = acm.Certificate.from_certificate_arn(web, "Given", ARN)
        make(web, domain_name="www.example.com", hosted_zone=zone, certificate=given)
        Template.from_stack(web).resource_count_is(RECORD, RECORDS[make])

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"domain_name": "www.example.com"}, "must come with hosted_zone or certificate, got neither"),
            ({"hosted_zone": zone_of}, "A hosted zone must be set with domain_names?, got Company/Zone alone"),
            (
                {"domain_name": "www.example.org", "hosted_zone": zone_of},
                r"must be example\.com, the name of the hosted zone, or end with \.example\.com, got www\.example\.org",
            ),
            (
                {"domain_name": LONG, "hosted_zone": zone_of},
                "must begin with a name of at most 64 characters without certificate, got 72",
            ),
            (
                {
                    "domain_name": "www.example.com",
                    "hosted_zone": lambda scope: route53.PrivateHostedZone(
                        scope, "Zone", zone_name="example.com", vpc=ec2.Vpc(scope, "Vpc")
                    ),
                },
                "hosted_zone must be a public hosted zone without certificate, got a private one",
            ),
        ],
    )
    def test_mistakes_are_refused_before_anything_is_made(
        self, make: Callable[..., Any], given: dict[str, Any], message: str
    ) -> None:
        shared, web = company()
        if make is internal and message.startswith("must come with"):
            message = "certificate must be an ACM certificate with protocol TLS, got none. Set it, or set domain_name"
        arguments = {name: value(shared) if callable(value) else value for name, value in given.items()}
        with pytest.raises(ValueError, match=message):
            make(web, **arguments)
        assert web.node.try_find_child("Front") is None

    def test_a_certificate_of_another_region_is_refused(self, make: Callable[..., Any]) -> None:
        shared, _ = company()
        app = shared.node.root
        elsewhere = cdk.Environment(account=HERE.account, region="eu-central-1")
        web = cdk.Stack(app, "Elsewhere", env=elsewhere)  # ty: ignore[invalid-argument-type]
        made = acm.Certificate(shared, "Certificate", domain_name="www.example.com")
        with pytest.raises(ValueError, match="certificate must be in eu-central-1, the Region of the stack, got one"):
            make(web, domain_name="www.example.com", certificate=made)

    def test_a_zone_of_another_account_is_refused(self, make: Callable[..., Any]) -> None:
        shared, _ = company()
        app = shared.node.root
        other = cdk.Environment(account="444455556666", region=HERE.region)
        web = cdk.Stack(app, "Other", env=other)  # ty: ignore[invalid-argument-type]
        with pytest.raises(ValueError, match="hosted_zone must be in 444455556666, the account of the stack, got one"):
            make(web, domain_name="www.example.com", hosted_zone=zone_of(shared))


def test_a_site_outside_of_us_east_1_needs_a_certificate_from_there() -> None:
    app = unchecked_app()
    web = cdk.Stack(app, "Web", env=cdk.Environment(account=HERE.account, region="eu-central-1"))
    with pytest.raises(ValueError, match="certificate must be set in a stack in eu-central-1, got none"):
        site(web, "www.example.com", hosted_zone=zone_of(web))


def test_names_that_change_places_keep_their_records() -> None:
    """In a new place a record would be created while it still exists."""
    ids = []
    for names in (["www.example.com", "example.com"], ["example.com", "www.example.com"]):
        shared, web = company()
        behavior = cloudfront.BehaviorOptions(origin=origins.HttpOrigin("origin.example.org"))
        SiteDistribution(
            web, "Site", comment="", default_behavior=behavior, domain_names=names, hosted_zone=zone_of(shared)
        )
        found = Template.from_stack(web).find_resources(RECORD)
        ids.append({(each["Properties"]["Name"], each["Properties"]["Type"]): key for key, each in found.items()})
    assert ids[0] == ids[1]
    assert len(ids[0]) == 6


def test_a_name_that_is_a_token_gets_records() -> None:
    shared, web = company()
    parameter = cdk.CfnParameter(web, "Name")
    public(web, domain_name=parameter.value_as_string, hosted_zone=zone_of(shared))
    found = Template.from_stack(web).find_resources(RECORD).values()
    assert [each["Properties"]["Name"] for each in found] == [{"Fn::Join": ["", [{"Ref": "Name"}, "."]]}] * 2


def test_a_zone_is_compared_by_whole_labels() -> None:
    check_zone_holds(["example.com", "a.b.example.com"], "Example.com.")
    with pytest.raises(ValueError, match=r"got myexample\.com"):
        check_zone_holds(["a.example.com", "myexample.com"], "example.com")


NAME, ZONE, GIVEN = {"domain_name": "www.example.com"}, {"hosted_zone_id": ZONE_ID}, {"certificate_arn": ARN}
SITE = {"domain_names": ["www.example.com", "example.com"]}


class TestSettings:
    @pytest.mark.parametrize(
        ("settings_type", "given"),
        [
            *((PublicLoadBalancerSettings, {**NAME, **more}) for more in (ZONE, GIVEN, {**ZONE, **GIVEN})),
            *(
                (InternalLoadBalancerSettings, {"protocol": "TLS", **NAME, **more})
                for more in (ZONE, GIVEN, {**ZONE, **GIVEN})
            ),
            (InternalLoadBalancerSettings, NAME),
            (InternalLoadBalancerSettings, {**NAME, **ZONE}),
            *((DistributionSettings, {**SITE, **more}) for more in (ZONE, GIVEN, {**ZONE, **GIVEN})),
        ],
    )
    def test_what_goes_together(self, settings_type: type[PatternSettings], given: dict[str, Any]) -> None:
        assert load_settings(settings_type, given)

    @pytest.mark.parametrize(
        ("settings_type", "given", "path", "remedy"),
        [
            (PublicLoadBalancerSettings, ZONE, "hosted_zone_id", "A hosted zone must be set with domain_name, got Z0"),
            (PublicLoadBalancerSettings, NAME, "certificate_arn", "domain_name must come with hosted_zone_id or cert"),
            (
                PublicLoadBalancerSettings,
                {**ZONE, "domain_name": LONG},
                "certificate_arn",
                "at most 64 characters without certificate_arn, got 72",
            ),
            (
                PublicLoadBalancerSettings,
                {**NAME, "hosted_zone_id": "/hostedzone/Z1"},
                "hosted_zone_id",
                'the id of a Route 53 hosted zone, such as "Z0123456789ABCDEFGHIJ"',
            ),
            (InternalLoadBalancerSettings, ZONE, "hosted_zone_id", "A hosted zone must be set with domain_name"),
            (DistributionSettings, ZONE, "hosted_zone_id", "A hosted zone must be set with domain_names"),
            (
                DistributionSettings,
                SITE,
                "certificate_arn",
                "domain_names must come with hosted_zone_id or certificate",
            ),
            (
                DistributionSettings,
                {**ZONE, "domain_names": [f"a{number}.example.com" for number in range(11)]},
                "certificate_arn",
                "domain_names must list at most 10 names without certificate_arn, got 11",
            ),
        ],
    )
    def test_what_does_not(
        self, settings_type: type[PatternSettings], given: dict[str, Any], path: str, remedy: str
    ) -> None:
        with pytest.raises(SettingsError) as caught:
            load_settings(settings_type, given)
        [mistake] = caught.value.mistakes
        assert mistake.path.endswith(path)
        assert remedy in mistake.remedy


def test_a_name_in_two_stacks_is_warned_of() -> None:
    """The second deployment would fail, because the zone has the record."""
    app, found = unchecked_app(), []
    patterns: list[type[PatternStack]] = [EcsEc2Stack, FargateEfsStack]
    for pattern in patterns:
        settings = load_settings(pattern.settings_type, {**NAME, **ZONE})
        stack = pattern(app, pattern.__name__, settings=settings, posture=SANDBOX)
        found.append(Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("A domain name belongs")))
    first, [second] = found
    assert first == []
    assert "EcsEc2Stack has www.example.com in domain_name, too." in str(second.entry.data)
