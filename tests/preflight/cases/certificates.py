"""Certificates and hosted zones."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.preflight.world import ACCOUNT_ID, Case, Refused, att, ref, resource

ARN = f"arn:aws:acm:us-east-1:{ACCOUNT_ID}:certificate/1"
NAMES = ("shop.example.com",)


def site(arn: str = ARN, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    config = {"Aliases": list(names), "ViewerCertificate": {"AcmCertificateArn": arn}}
    return {"Site": resource("AWS::CloudFront::Distribution", DistributionConfig=config)}


def listener(arn: str = ARN, name: str = "shop.example.com.") -> dict[str, Any]:
    return {
        "Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "Listener": resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("Balancer"),
            Certificates=[{"CertificateArn": arn}],
        ),
        "Record": resource("AWS::Route53::RecordSet", Name=name, AliasTarget={"DNSName": att("Balancer", "DNSName")}),
    }


def certificate(*names: str, days: int = 300, **more: Any) -> dict[str, Any]:
    found = {
        "CertificateArn": ARN,
        "DomainName": names[0],
        "SubjectAlternativeNames": list(names),
        "Status": "ISSUED",
        "NotAfter": datetime.now(timezone.utc) + timedelta(days=days, hours=1),
        **more,
    }
    return {"acm.describe_certificate": {"Certificate": found}}


def zone(name: str = "example.com.", *servers: str, private: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "HostedZone": {
            "Id": "/hostedzone/Z1",
            "Name": name,
            "CallerReference": "x",
            "Config": {"PrivateZone": private},
        }
    }
    if servers:
        found["DelegationSet"] = {"NameServers": list(servers)}
    return {"route53.get_hosted_zone": found}


def validated(name: str = "shop.example.com") -> dict[str, Any]:
    options = [{"DomainName": name, "HostedZoneId": "Z1"}]
    return {
        "Certificate": resource(
            "AWS::CertificateManager::Certificate", DomainName=name, DomainValidationOptions=options
        )
    }


RECORD = {"Record": resource("AWS::Route53::RecordSet", Name="shop.example.com", Type="A", HostedZoneId="Z1")}
NOT_REGISTERED = {"route53domains.get_domain_detail": Refused("InvalidInput")}


def registered(*servers: str) -> dict[str, Any]:
    return {
        "route53domains.get_domain_detail": {"DomainName": "x", "Nameservers": [{"Name": each} for each in servers]}
    }


def parent(*servers: str, name: str = "example.com.") -> dict[str, Any]:
    above = {"Id": "/hostedzone/Z0", "Name": name, "CallerReference": "x", "Config": {"PrivateZone": False}}
    return {
        **NOT_REGISTERED,
        "route53.list_hosted_zones_by_name": {"HostedZones": [above], "IsTruncated": False, "MaxItems": "1"},
        **records("NS", "shop.example.com.", *servers),
    }


def records(kind: str, name: str, *values: str) -> dict[str, Any]:
    record = {"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": [{"Value": each} for each in values]}
    return {
        "route53.list_resource_record_sets": {
            "ResourceRecordSets": [record] if values else [],
            "IsTruncated": False,
            "MaxItems": "1",
        }
    }


issued = Case("certificates", "fine", "is issued", site(), certificate("example.com", "*.example.com"))
exists = Case("hosted-zones", "fine", "The hosted zone Z1 is example.com", RECORD, zone())
delegated = Case("hosted-zone-delegation", "fine", "leads to the name servers of Z1", validated())
delegated = replace(delegated, given={**zone("example.com.", "ns-1.awsdns.com"), **registered("NS-1.awsdns.com.")})
below = replace(delegated, given={**zone("shop.example.com.", "ns-1.awsdns.com"), **parent("ns-1.awsdns.com.")})
CASES = (
    issued,
    replace(issued, resources=listener()),
    replace(issued, given=certificate("shop.example.com")),
    replace(issued, given=certificate("example.com"), verdict="stops", says="and not shop.example.com"),
    replace(issued, resources=listener(name="a.b.example.com"), verdict="stops", says="and not a.b.example.com"),
    replace(
        issued,
        given=certificate("shop.example.com", Status="PENDING_VALIDATION"),
        verdict="stops",
        says="is PENDING_VALIDATION",
    ),
    replace(issued, given=certificate("shop.example.com", days=9), verdict="may", says="expires in 9 days"),
    replace(
        issued,
        given={"acm.describe_certificate": Refused("ResourceNotFoundException")},
        verdict="stops",
        says="there is no certificate",
    ),
    replace(
        issued, resources=site(ARN.replace("us-east-1", "eu-west-1")), verdict="stops", says="must be in us-east-1"
    ),
    replace(
        issued,
        resources=listener(ARN),
        region="eu-west-1",
        verdict="stops",
        says="must be in eu-west-1",
    ),
    replace(issued, resources=site(ARN.replace(ACCOUNT_ID, "9" * 12)), verdict="stops", says="is in account 999999"),
    replace(
        issued,
        resources=listener(f"arn:aws:iam::{ACCOUNT_ID}:server-certificate/x"),
        verdict="unknown",
        says="is no certificate of ACM",
    ),
    exists,
    replace(exists, resources=validated()),
    replace(
        exists,
        given={"route53.get_hosted_zone": Refused("NoSuchHostedZone")},
        verdict="stops",
        says="There is no hosted",
    ),
    replace(exists, given=zone("example.org."), verdict="stops", says="is example.org, which cannot hold shop.example"),
    replace(exists, given=zone(private=True)),
    replace(exists, resources=validated(), given=zone(private=True), verdict="stops", says="Z1 is private"),
    delegated,
    replace(
        delegated,
        given={**zone("example.com.", "ns-1.awsdns.com"), **registered("ns.other.net")},
        verdict="stops",
        says="example.com leads to ns.other.net, but Z1 has ns-1.awsdns.com",
    ),
    below,
    replace(
        below,
        given={**zone("shop.example.com.", "ns-1.awsdns.com"), **parent("ns.other.net.")},
        verdict="stops",
        says="shop.example.com leads to ns.other.net",
    ),
    replace(
        below,
        given={**zone("shop.example.com.", "ns-1.awsdns.com"), **parent("x", name="unrelated.org.")},
        verdict="unknown",
        says="its parent zone and its registration are not in the account",
    ),
)
