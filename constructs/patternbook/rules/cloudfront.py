"""Rules for CloudFront distributions: certificates, origins, cache behaviors and logs."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.edge import REGION
from patternbook.rules.rule import ERROR, WARNING, rule
from patternbook.rules.template import Node, PartialText, Problem, Template

DISTRIBUTION: Final = "AWS::CloudFront::Distribution"


@rule("cloudfront-alias-certificate", ERROR)
def alias_certificate(template: Template) -> Iterator[Problem]:
    """A distribution has alternate domain names, but no certificate.

    Set AcmCertificateArn in ViewerCertificate to a certificate in us-east-1 that covers the names.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        config = distribution["DistributionConfig"]
        certificate = config["ViewerCertificate"]
        without = certificate["AcmCertificateArn"].missing and certificate["IamCertificateId"].missing
        if config["Aliases"].items and without:
            names = ", ".join(each.text or "…" for each in config["Aliases"].items)
            yield config["Aliases"].problem(f"The distribution has no certificate for {names}.")


@rule("cloudfront-certificate-region", ERROR)
def certificate_region(template: Template) -> Iterator[Problem]:
    """The certificate of a distribution must be in us-east-1.

    Request or import the certificate in us-east-1.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        arn = distribution["DistributionConfig"]["ViewerCertificate"]["AcmCertificateArn"]
        found = re.match(r"arn:aws:acm:([a-z0-9-]+):", arn.prefix)
        region = template.region if arn.resource("AWS::CertificateManager::Certificate") else found and found[1]
        if region and region != REGION:
            yield arn.problem(f"The certificate is in {region}.")


_BUCKET_ENDPOINT: Final = re.compile(
    r"[^/]+\.s3(\.dualstack)?(\.[a-z0-9-]+|-(?!website)[a-z0-9-]+)?\.amazonaws\.com(\.cn)?", re.ASCII
)


@rule("cloudfront-origin-access", WARNING)
def origin_access(template: Template) -> Iterator[Problem]:
    """A distribution reads an S3 bucket without origin access control, so the bucket has to be public.

    Set OriginAccessControlId on the origin, and allow the distribution in the bucket policy.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        signed = _signed_origins(distribution["DistributionConfig"])
        for origin in distribution["DistributionConfig"]["Origins"].items:
            if not _is_bucket(origin["DomainName"]) or signed is None or origin["Id"].text in signed:
                continue
            control, identity = origin["OriginAccessControlId"], origin["S3OriginConfig"]["OriginAccessIdentity"]
            if (control.missing or control.text == "") and (identity.missing or identity.text == ""):
                yield origin.problem("The origin is an S3 bucket without origin access control.")


def behaviors_of(config: Node) -> list[Node]:
    """The cache behaviors of a distribution, the default one first."""
    default = config["DefaultCacheBehavior"]
    return [*([] if default.missing else [default]), *config["CacheBehaviors"].items]


def _signed_origins(config: Node) -> set[str] | None:
    """The ids of origins to which a function signs the requests. None if that is not known.

    A Lambda@Edge function does so at origin-request, and a CloudFront Function by choosing the origin.
    """
    found: set[str] = set()
    for behavior in behaviors_of(config):
        functions = behavior["LambdaFunctionAssociations"]
        signs = functions.unknown or any(each["EventType"].text in (None, "origin-request") for each in functions.items)
        for each in behavior["FunctionAssociations"].items:
            function = each["FunctionARN"].resource("AWS::CloudFront::Function")
            signs = signs or (function is not None and "RequestOrigin" in function["FunctionCode"].known_text)
        target = behavior["TargetOriginId"].text
        if signs and target is None:
            return None
        if signs and target is not None:
            found.add(target)
    return found


def _is_bucket(domain: Node) -> bool:
    """Whether a domain is the REST endpoint of a bucket. A website endpoint does not support origin access control."""
    bucket = domain.resource("AWS::S3::Bucket")
    if bucket and domain.reference:
        return domain.reference.attribute in ("DomainName", "RegionalDomainName")
    # An unknown part may be the one that makes it a website endpoint.
    name = domain.value.filled("website") if isinstance(domain.value, PartialText) else domain.text
    return _BUCKET_ENDPOINT.fullmatch(name or "") is not None


@rule("cloudfront-cache-policy", ERROR)
def cache_policy(template: Template) -> Iterator[Problem]:
    """A cache behavior has neither a cache policy nor ForwardedValues, which CloudFront refuses.

    Set CachePolicyId, for instance to the managed policy CachingOptimized (658327ea-f89d-4fab-a63d-7e88639e58f6).

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DefaultCacheBehavior.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        for behavior in behaviors_of(distribution["DistributionConfig"]):
            policy = behavior["CachePolicyId"]
            if (policy.missing or policy.text == "") and behavior["ForwardedValues"].missing:
                yield policy.problem("The behavior has no CachePolicyId.")


@rule("cloudfront-target-origin", ERROR)
def target_origin(template: Template) -> Iterator[Problem]:
    """A cache behavior or an origin group names an origin that the distribution does not have.

    Correct TargetOriginId to the Id of an origin, or of an origin group.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DefaultCacheBehavior.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        config = distribution["DistributionConfig"]
        origins, groups = config["Origins"], config["OriginGroups"]["Items"]
        named = [each["Id"] for each in origins.items]
        if not config["S3Origin"].missing or not config["CustomOrigin"].missing or not origins.fully_known or not named:
            continue
        members = [one["OriginId"] for each in groups.items for one in each["Members"]["Items"].items]
        yield from _unknown_origins(members, named)
        if groups.fully_known and not config["OriginGroups"].unknown:
            targets = [each["TargetOriginId"] for each in behaviors_of(config)]
            yield from _unknown_origins(targets, [*named, *(each["Id"] for each in groups.items)])


def _unknown_origins(targets: list[Node], named: list[Node]) -> Iterator[Problem]:
    """The targets of which it is certain that no origin has their name."""
    names = [each.text for each in named]
    for target in targets:
        if target.text is not None and None not in names and target.text not in names:
            known = ", ".join(repr(each) for each in names)
            yield target.problem(f"No origin has the Id {target.text!r}; there are {known}.")


@rule("cloudfront-log-bucket", ERROR)
def log_bucket(template: Template) -> Iterator[Problem]:
    """A distribution writes its logs to a bucket whose ACLs are disabled, which CloudFront refuses.

    Set ObjectOwnership in OwnershipControls of the bucket to BucketOwnerPreferred. New buckets have no ACLs otherwise.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/AccessLogs.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        place = distribution["DistributionConfig"]["Logging"]["Bucket"]
        buckets = [template.resources.get(name) for name in sorted(place.references)]
        for bucket in buckets if len(buckets) == 1 else ():
            if bucket is None or bucket.type != "AWS::S3::Bucket":
                continue
            controls = bucket["OwnershipControls"]
            rules = controls["Rules"]
            owners = [each["ObjectOwnership"].text for each in rules.items]
            if controls.missing or (rules.fully_known and owners == ["BucketOwnerEnforced"]):
                yield place.problem(f"{bucket.id} has no ACLs.")
