"""Rules for CloudFront: names with certificates, and origins that only the distribution may read."""

import re
from collections.abc import Iterator
from typing import Final

from patternbook.limits.edge import REGION
from patternbook.rules.engine import ERROR, WARNING, rule
from patternbook.rules.template import Node, Problem, Template, Text

DISTRIBUTION: Final = "AWS::CloudFront::Distribution"


@rule("cloudfront-alias-certificate", ERROR)
def alias_certificate(template: Template) -> Iterator[Problem]:
    """A distribution has names of its own, and no certificate for them.

    Give it a ViewerCertificate with an AcmCertificateArn of us-east-1 that covers the names.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        config = distribution["DistributionConfig"]
        certificate = config["ViewerCertificate"]
        without = certificate["AcmCertificateArn"].missing and certificate["IamCertificateId"].missing
        if config["Aliases"].items and without:
            names = ", ".join(each.text or "…" for each in config["Aliases"].items)
            yield config["Aliases"].problem(f"There is no certificate for {names}.")


@rule("cloudfront-certificate-region", ERROR)
def certificate_region(template: Template) -> Iterator[Problem]:
    """The certificate of a distribution is in another Region than us-east-1.

    Request, or import, the certificate in us-east-1.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        arn = distribution["DistributionConfig"]["ViewerCertificate"]["AcmCertificateArn"]
        begin = arn.value.begin if isinstance(arn.value, Text) else arn.text or ""
        found = re.match(r"arn:aws:acm:([a-z0-9-]+):", begin)
        region = template.region if arn.resource("AWS::CertificateManager::Certificate") else found and found[1]
        if region and region != REGION:
            yield arn.problem(f"It is in {region}.")


_OF_BUCKET: Final = re.compile(
    r"[^/]+\.s3(\.dualstack)?(\.[a-z0-9-]+|-(?!website)[a-z0-9-]+)?\.amazonaws\.com(\.cn)?", re.ASCII
)


@rule("cloudfront-origin-access", WARNING)
def origin_access(template: Template) -> Iterator[Problem]:
    """A distribution reads a bucket as everybody does, so that the bucket would have to be public.

    Give the origin an OriginAccessControlId, and the bucket a policy for the distribution.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    for distribution in template.of_type(DISTRIBUTION):
        for origin in distribution["DistributionConfig"]["Origins"].items:
            if not _is_bucket(origin["DomainName"]):
                continue
            control, identity = origin["OriginAccessControlId"], origin["S3OriginConfig"]["OriginAccessIdentity"]
            if (control.missing or control.text == "") and (identity.missing or identity.text == ""):
                yield origin.problem("The origin is a bucket, without origin access control.")


def _is_bucket(domain: Node) -> bool:
    """Whether it is the REST endpoint of a bucket. That of a website is another, and takes no access control."""
    bucket = domain.resource("AWS::S3::Bucket")
    if bucket and domain.reference:
        return domain.reference.attribute in ("DomainName", "RegionalDomainName")
    # What is not known may be all that tells the one from the other.
    name = domain.value.filled("website") if isinstance(domain.value, Text) else domain.text
    return _OF_BUCKET.fullmatch(name or "") is not None
