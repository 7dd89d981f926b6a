"""Defects for the rules of CloudFront."""

from typing import Final

from tests.rules.defects.base import DISTRIBUTION, REMOVED, Defect, Template, of_type, set_properties

BEHAVIOR: Final = "DistributionConfig.DefaultCacheBehavior"


def _use_certificate_elsewhere(template: Template) -> bool:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d"
    certificate = {"AcmCertificateArn": arn, "SslSupportMethod": "sni-only"}
    return set_properties(DISTRIBUTION, {"DistributionConfig.ViewerCertificate": certificate})(template)


def _remove_access_control(template: Template) -> bool:
    for _, distribution in of_type(template, DISTRIBUTION):
        config = distribution["DistributionConfig"]
        for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])):
            behavior.pop("LambdaFunctionAssociations", None)  # a function could sign the requests
        for origin in config["Origins"]:
            if origin.pop("OriginAccessControlId", None):
                return True
    return False


def _log_to_a_new_bucket(template: Template) -> bool:
    template["Resources"]["MutantLogs"] = {"Type": "AWS::S3::Bucket", "Properties": {}}
    logging = {"Bucket": {"Fn::GetAtt": ["MutantLogs", "RegionalDomainName"]}}
    return set_properties(DISTRIBUTION, {"DistributionConfig.Logging": logging})(template)


DEFECTS: Final = (
    Defect(
        "cloudfront-alias-certificate",
        "none",
        set_properties(
            DISTRIBUTION,
            {
                "DistributionConfig.Aliases": ["www.example.com"],
                "DistributionConfig.ViewerCertificate": {"CloudFrontDefaultCertificate": True},
            },
        ),
        DISTRIBUTION,
    ),
    Defect("cloudfront-certificate-region", "eu-west-1", _use_certificate_elsewhere, DISTRIBUTION),
    Defect("cloudfront-origin-access", "none", _remove_access_control, DISTRIBUTION),
    Defect(
        "cloudfront-cache-policy",
        "none",
        set_properties(DISTRIBUTION, {f"{BEHAVIOR}.CachePolicyId": REMOVED}, having=f"{BEHAVIOR}.CachePolicyId"),
        DISTRIBUTION,
    ),
    Defect(
        "cloudfront-target-origin",
        "lost",
        set_properties(DISTRIBUTION, {f"{BEHAVIOR}.TargetOriginId": "lost"}),
        DISTRIBUTION,
    ),
    Defect("cloudfront-log-bucket", "no ACLs", _log_to_a_new_bucket, DISTRIBUTION),
)
