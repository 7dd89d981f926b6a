"""Cases for the rules of CloudFront."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, ref, resource

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d"
DISTRIBUTION: Final[dict[str, Any]] = {
    "Bucket": resource("AWS::S3::Bucket"),
    "Distribution": resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "Aliases": ["www.example.com"],
            "ViewerCertificate": {"AcmCertificateArn": CERTIFICATE},
            "Origins": [
                {
                    "DomainName": att("Bucket", "RegionalDomainName"),
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                    "OriginAccessControlId": "E123",
                }
            ],
        },
    ),
}

CASES: Final[Mapping[str, Case]] = {
    "cloudfront-alias-certificate": case(
        DISTRIBUTION,
        {"Distribution.DistributionConfig.ViewerCertificate": REMOVED},
        {"Distribution.DistributionConfig.ViewerCertificate": {"CloudFrontDefaultCertificate": True}},
    ),
    "cloudfront-certificate-region": case(
        DISTRIBUTION,
        {
            "Distribution.DistributionConfig.ViewerCertificate.AcmCertificateArn": CERTIFICATE.replace(
                "us-east-1", "eu-west-1"
            )
        },
        {
            "Distribution.DistributionConfig.ViewerCertificate.AcmCertificateArn": ref("Certificate"),
            "Certificate": resource("AWS::CertificateManager::Certificate"),
        },
        region="eu-west-1",
    ),
    "cloudfront-origin-access": case(
        DISTRIBUTION,
        {"Distribution.DistributionConfig.Origins.0.OriginAccessControlId": REMOVED},
        {
            "Distribution.DistributionConfig.Origins.0": {
                "DomainName": "files.s3.eu-west-1.amazonaws.com",
                "S3OriginConfig": {},
            }
        },
        *(
            {"Distribution.DistributionConfig.Origins.0": {"DomainName": {"Fn::Sub": name}, "S3OriginConfig": {}}}
            for name in (
                "${Bucket}.s3.amazonaws.com",
                "${Bucket}.s3.${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-eu-west-1.amazonaws.com",
                "${AWS::StackName}.s3.dualstack.eu-west-1.amazonaws.com",
            )
        ),
        harmless=tuple(
            {"Distribution.DistributionConfig.Origins.0": {"DomainName": {"Fn::Sub": name}, "CustomOriginConfig": {}}}
            for name in (
                "files.s3-website-us-east-1.amazonaws.com",
                "files.s3-website.eu-central-1.amazonaws.com",
                "${Bucket}.s3-website-${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-${AWS::Region}.amazonaws.com",
                "files.example.com",
            )
        ),
    ),
}
