"""Defects for the rules of CloudFront."""

from typing import Final

from tests.rules.defects.base import DISTRIBUTION, Defect, Template, of_type, set_properties


def _use_certificate_elsewhere(template: Template) -> bool:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d"
    certificate = {"AcmCertificateArn": arn, "SslSupportMethod": "sni-only"}
    return set_properties(DISTRIBUTION, {"DistributionConfig.ViewerCertificate": certificate})(template)


def _remove_access_control(template: Template) -> bool:
    for _, distribution in of_type(template, DISTRIBUTION):
        for origin in distribution["DistributionConfig"]["Origins"]:
            if origin.pop("OriginAccessControlId", None):
                return True
    return False


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
)
