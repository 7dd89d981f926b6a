"""Acknowledgements of cdk-nag findings, beside the resource."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    """Acknowledges a finding of an AwsSolutions rule, such as ``S1`` or ``IAM5[Resource::*]``, below ``scope``."""
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))
