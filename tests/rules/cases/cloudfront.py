"""Cases for the rules of CloudFront."""

from collections.abc import Mapping
from typing import Any, Final

from tests.rules.cases.base import REMOVED, Case, att, case, changed, ref, resource

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d"
CACHING: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
DISTRIBUTION: Final[dict[str, Any]] = {
    "Bucket": resource("AWS::S3::Bucket"),
    "Distribution": resource(
        "AWS::CloudFront::Distribution",
        DistributionConfig={
            "Aliases": ["www.example.com"],
            "ViewerCertificate": {"AcmCertificateArn": CERTIFICATE},
            "DefaultCacheBehavior": {
                "TargetOriginId": "files",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
            "Origins": [
                {
                    "Id": "files",
                    "DomainName": att("Bucket", "RegionalDomainName"),
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                    "OriginAccessControlId": "E123",
                }
            ],
        },
    ),
}
CONFIG: Final = "Distribution.DistributionConfig"
BEHAVIOR: Final = f"{CONFIG}.DefaultCacheBehavior"
WITHOUT_CONTROL: Final = {f"{CONFIG}.Origins.0.OriginAccessControlId": REMOVED}
SIGNED: Final[tuple[Mapping[str, Any], ...]] = (
    {
        **WITHOUT_CONTROL,
        f"{BEHAVIOR}.LambdaFunctionAssociations": [{"EventType": "origin-request", "LambdaFunctionARN": "arn"}],
    },
    {**WITHOUT_CONTROL, f"{BEHAVIOR}.LambdaFunctionAssociations": ref("Parameter")},
    {
        **WITHOUT_CONTROL,
        f"{BEHAVIOR}.FunctionAssociations": [
            {"EventType": "viewer-request", "FunctionARN": att("Router", "FunctionARN")}
        ],
        "Router": resource("AWS::CloudFront::Function", FunctionCode="… cf.updateRequestOrigin({…}) …"),
    },
)
"""Changes by which a function signs the requests to the origin."""
LOGGING: Final[dict[str, Any]] = {
    **changed(DISTRIBUTION, {f"{CONFIG}.Logging": {"Bucket": att("Logs", "RegionalDomainName")}}),
    "Logs": resource("AWS::S3::Bucket", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}),
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
                "Id": "files",
                "DomainName": "files.s3.eu-west-1.amazonaws.com",
                "S3OriginConfig": {},
            }
        },
        *(
            {f"{CONFIG}.Origins.0": {"Id": "files", "DomainName": {"Fn::Sub": name}, "S3OriginConfig": {}}}
            for name in (
                "${Bucket}.s3.amazonaws.com",
                "${Bucket}.s3.${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-eu-west-1.amazonaws.com",
                "${AWS::StackName}.s3.dualstack.eu-west-1.amazonaws.com",
            )
        ),
        harmless=tuple(
            {f"{CONFIG}.Origins.0": {"Id": "files", "DomainName": {"Fn::Sub": name}, "CustomOriginConfig": {}}}
            for name in (
                "files.s3-website-us-east-1.amazonaws.com",
                "files.s3-website.eu-central-1.amazonaws.com",
                "${Bucket}.s3-website-${AWS::Region}.amazonaws.com",
                "${Bucket}.s3-${AWS::Region}.amazonaws.com",
                "files.example.com",
            )
        )
        + SIGNED,
    ),
    "cloudfront-cache-policy": case(
        DISTRIBUTION,
        {f"{BEHAVIOR}.CachePolicyId": REMOVED},
        {f"{BEHAVIOR}.CachePolicyId": ""},
        {f"{BEHAVIOR}.CachePolicyId": ref("AWS::NoValue")},
        {f"{CONFIG}.CacheBehaviors": [{"PathPattern": "/api/*", "TargetOriginId": "files"}]},
        harmless=(
            {f"{BEHAVIOR}.CachePolicyId": REMOVED, f"{BEHAVIOR}.ForwardedValues": {"QueryString": False}},
            {f"{BEHAVIOR}.CachePolicyId": ref("Parameter")},
        ),
    ),
    "cloudfront-target-origin": case(
        DISTRIBUTION,
        {f"{BEHAVIOR}.TargetOriginId": "flies"},
        {f"{CONFIG}.Origins.0.Id": "other"},
        {
            f"{CONFIG}.CacheBehaviors": [
                {
                    "PathPattern": "/api/*",
                    "TargetOriginId": "api",
                    "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
                }
            ]
        },
        {
            f"{CONFIG}.OriginGroups": {
                "Items": [{"Id": "both", "Members": {"Items": [{"OriginId": "files"}, {"OriginId": "lost"}]}}]
            }
        },
        harmless=(
            {f"{BEHAVIOR}.TargetOriginId": ref("Parameter")},
            {f"{CONFIG}.Origins.0.Id": ref("Parameter")},
            {f"{CONFIG}.Origins": ref("Parameter")},
            {
                f"{BEHAVIOR}.TargetOriginId": "both",
                f"{CONFIG}.OriginGroups": {"Items": [{"Id": "both", "Members": {"Items": [{"OriginId": "files"}]}}]},
            },
        ),
    ),
    "cloudfront-log-bucket": case(
        LOGGING,
        {"Logs.OwnershipControls": REMOVED},
        {"Logs.OwnershipControls.Rules.0.ObjectOwnership": "BucketOwnerEnforced"},
        {"Logs.OwnershipControls": REMOVED, "Logs.AccessControl": "BucketOwnerFullControl"},
        {"Logs.OwnershipControls": REMOVED, f"{CONFIG}.Logging.Bucket": {"Fn::Sub": "${Logs}.s3.amazonaws.com"}},
        {
            "Logs.OwnershipControls": REMOVED,
            f"{CONFIG}.Logging.Bucket": {"Fn::Join": ["", [ref("Logs"), ".s3.amazonaws.com"]]},
        },
        harmless=(
            {"Logs.OwnershipControls.Rules.0.ObjectOwnership": "ObjectWriter"},
            {"Logs.OwnershipControls": REMOVED, f"{CONFIG}.Logging": REMOVED},
            {"Logs.OwnershipControls": REMOVED, f"{CONFIG}.Logging.Bucket": "logs.s3.amazonaws.com"},
            {"Logs.OwnershipControls": ref("Parameter")},
        ),
    ),
}
