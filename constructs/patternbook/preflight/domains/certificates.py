"""Certificates and hosted zones that a template names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from patternbook.limits.edge import REGION as EDGE_REGION
from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops, unknown
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node, Resource

ARN: Final = re.compile(r"arn:[\w-]+:acm:(?P<region>[\w-]+):(?P<account>\d{12}):certificate/[\w-]+", re.ASCII)
BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
SOON_DAYS: Final = 30
"""ACM renews a certificate 60 days before it expires, and warns from 45 days on if it cannot:
https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html"""


@dataclass(frozen=True)
class _Use:
    """A certificate that a resource uses."""

    node: Node
    region: str
    """The Region that it must be in."""
    names: list[str]
    """The names that clients call, as far as they are known."""


def _uses(stack: Stack) -> Iterator[_Use]:
    here = stack.target.region
    for site in stack.of_type(DISTRIBUTION):
        config = site["DistributionConfig"]
        names = [text for each in config["Aliases"].items if (text := each.text)]
        yield _Use(config["ViewerCertificate"]["AcmCertificateArn"], EDGE_REGION, names)
    for listener in stack.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        balancer = listener["LoadBalancerArn"].resource(BALANCER)
        names = _names_of(balancer, stack) if balancer else []
        for each in listener["Certificates"].items:
            yield _Use(each["CertificateArn"], here, names)
    for each in stack.of_type("AWS::ElasticLoadBalancingV2::ListenerCertificate"):
        for certificate in each["Certificates"].items:
            yield _Use(certificate["CertificateArn"], here, [])
    for domain in stack.of_type("AWS::Cognito::UserPoolDomain"):
        names = [text] if (text := domain["Domain"].text) else []
        yield _Use(domain["CustomDomainConfig"]["CertificateArn"], EDGE_REGION, names)
    for domain in stack.of_type("AWS::ApiGatewayV2::DomainName"):
        names = [text] if (text := domain["DomainName"].text) else []
        for each in domain["DomainNameConfigurations"].items:
            yield _Use(each["CertificateArn"], here, names)
    for domain in stack.of_type("AWS::ApiGateway::DomainName"):
        names = [text] if (text := domain["DomainName"].text) else []
        yield _Use(domain["CertificateArn"], EDGE_REGION, names)
        yield _Use(domain["RegionalCertificateArn"], here, names)


def _names_of(balancer: Resource, stack: Stack) -> list[str]:
    """The DNS names that lead to a load balancer."""
    records = stack.of_type("AWS::Route53::RecordSet")
    return [
        text.rstrip(".")
        for each in records
        if balancer.id in each["AliasTarget"]["DNSName"].references and (text := each["Name"].text)
    ]


@question("certificates", "acm:DescribeCertificate")
def certificates(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is each certificate issued, in the right Region, and does it cover the names?

    Request a certificate for the names in that Region, and wait until ACM has issued it.

    https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html
    """
    for use in _uses(stack):
        arn = use.node.text
        if use.node.reference or arn is None:
            continue  # the stack makes it, or there is none
        found = ARN.fullmatch(arn)
        if not found:
            yield unknown(f"{use.node.resource_id}: {arn} is no certificate of ACM, so it is not asked about.")
        elif found["account"] != stack.target.account_id:
            yield stops(f"{use.node.resource_id}: {arn} is in account {found['account']}.")
        elif found["region"] != use.region:
            yield stops(f"{use.node.resource_id}: {arn} must be in {use.region}.")
        else:
            yield from _certificate(use, arn, account)


def _certificate(use: _Use, arn: str, account: Account) -> Iterator[Answer]:
    name = use.node.resource_id
    answer = account.ask(
        "acm.describe_certificate",
        region=use.region,
        absent=("ResourceNotFoundException",),
        CertificateArn=arn,
    )
    if answer is None:
        yield stops(f"{name}: there is no certificate {arn}.")
        return
    certificate = answer["Certificate"]
    if certificate["Status"] != "ISSUED":
        yield stops(f"{name}: the certificate {arn} is {certificate['Status']}.")
        return
    covered = certificate.get("SubjectAlternativeNames") or [certificate["DomainName"]]
    missing = [each for each in use.names if not any(_covers(pattern, each) for pattern in covered)]
    for each in missing:
        yield stops(f"{name}: the certificate {arn} covers {', '.join(covered)}, and not {each}.")
    days = _days_left(certificate)
    if days is not None and days <= SOON_DAYS:
        yield may(f"{name}: the certificate {arn} expires in {days} days.", "Renew it, or import a new one.")
    elif not missing:
        yield fine(f"{name}: the certificate for {', '.join(covered)} is issued.")


def _covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate covers a DNS name. An asterisk stands for one label."""
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] or name == pattern
    return name == pattern


def _days_left(certificate: dict[str, Any]) -> int | None:
    end = certificate.get("NotAfter")
    return (end - datetime.now(timezone.utc)).days if isinstance(end, datetime) else None


def _zones(stack: Stack) -> dict[str, list[Node]]:
    """The hosted zones that are named by their ids, and the records and certificates in them."""
    found = dict[str, list[Node]]()
    for record in stack.of_type("AWS::Route53::RecordSet"):
        if zone := record["HostedZoneId"].text:
            found.setdefault(zone, []).append(record["Name"])
    for certificate in stack.of_type("AWS::CertificateManager::Certificate"):
        for each in certificate["DomainValidationOptions"].items:
            if zone := each["HostedZoneId"].text:
                found.setdefault(zone, []).append(each["DomainName"])
    return found


@question("hosted-zones", "route53:GetHostedZone")
def hosted_zones(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does each hosted zone exist in the account, and can it hold the names?

    Use the id of a public hosted zone of the account that is the domain of the name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html
    """
    for zone_id, nodes in _zones(stack).items():
        answer = account.ask("route53.get_hosted_zone", Id=zone_id, absent=("NoSuchHostedZone", "InvalidInput"))
        if answer is None:
            yield stops(f"There is no hosted zone {zone_id} in the account.")
            continue
        zone = answer["HostedZone"]["Name"].rstrip(".")
        names = {text.rstrip(".").lower() for each in nodes if (text := each.text)}
        outside = sorted(each for each in names if each != zone and not each.endswith(f".{zone}"))
        validates = any(each.path[:1] == ("DomainValidationOptions",) for each in nodes)
        if outside:
            yield stops(f"The hosted zone {zone_id} is {zone}, which cannot hold {', '.join(outside)}.")
        elif validates and answer["HostedZone"].get("Config", {}).get("PrivateZone"):
            yield stops(f"The hosted zone {zone_id} is private, so ACM cannot see the record of a certificate in it.")
        else:
            yield fine(f"The hosted zone {zone_id} is {zone}.")


@question(
    "hosted-zone-delegation",
    *("route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:ListResourceRecordSets"),
    "route53domains:GetDomainDetail",
)
def delegations(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the domain lead to the name servers of the hosted zone, so that ACM finds its record?

    Set the name servers of the zone at the registrar, or as NS record in the zone of the parent domain. Without that,
    the deployment waits for hours.

    https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-DNS-validation.html
    """
    for zone_id, nodes in _zones(stack).items():
        if not any(each.path[:1] == ("DomainValidationOptions",) for each in nodes):
            continue
        answer = account.ask("route53.get_hosted_zone", Id=zone_id, absent=("NoSuchHostedZone", "InvalidInput"))
        if answer is None or answer["HostedZone"].get("Config", {}).get("PrivateZone"):
            continue  # hosted-zones says so
        zone = answer["HostedZone"]["Name"].rstrip(".")
        own = {each.rstrip(".").lower() for each in answer.get("DelegationSet", {}).get("NameServers", [])}
        found = _delegated_to(zone, account)
        shown = ", ".join(sorted(own))
        if not found:
            yield unknown(
                f"{zone}: its parent zone and its registration are not in the account. Its name servers are {shown}.",
                f"They must be the answer of: dig +short NS {zone}",
            )
        elif found & own:
            yield fine(f"{zone} leads to the name servers of {zone_id}.")
        else:
            yield stops(f"{zone} leads to {', '.join(sorted(found))}, but {zone_id} has {shown}.")


def _delegated_to(zone: str, account: Account) -> set[str]:
    """The name servers of a domain, as far as the account knows: by its registration, or by the zone above it."""
    registered = account.ask(
        "route53domains.get_domain_detail",
        region=EDGE_REGION,
        absent=("InvalidInput", "UnsupportedTLD"),
        DomainName=zone,
    )
    if registered:
        return {each["Name"].rstrip(".").lower() for each in registered.get("Nameservers", [])}
    parent = zone.partition(".")[2]
    while "." in parent:
        zones = account.ask("route53.list_hosted_zones_by_name", DNSName=parent, MaxItems="1")["HostedZones"]
        if zones and zones[0]["Name"].rstrip(".") == parent and not zones[0].get("Config", {}).get("PrivateZone"):
            records = records_of(account, zones[0]["Id"], zone, "NS")
            return {each["Value"].rstrip(".").lower() for record in records for each in record["ResourceRecords"]}
        parent = parent.partition(".")[2]
    return set()


def records_of(account: Account, zone_id: str, name: str, kind: str) -> list[dict[str, Any]]:
    """The records of a name and a type."""
    answer = account.ask(
        "route53.list_resource_record_sets",
        absent=("NoSuchHostedZone", "InvalidInput"),
        HostedZoneId=zone_id,
        StartRecordName=name,
        StartRecordType=kind,
        MaxItems="1",
    )
    found = answer["ResourceRecordSets"] if answer else []
    # Route 53 writes an asterisk as its octal number.
    wanted = name.rstrip(".").lower().replace("*", "\\052")
    return [each for each in found if each["Type"] == kind and each["Name"].rstrip(".").lower() == wanted]
