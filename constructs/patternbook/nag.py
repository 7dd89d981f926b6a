"""Acknowledgements of cdk-nag findings, beside the resource."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    """Acknowledges a finding of an AwsSolutions rule, such as ``S1`` or ``IAM5[Resource::*]``, below ``scope``.

    :param rule: cdk-nag writes references in angle brackets, such as ``<AWS::Region>``. In a stack whose account and
        Region are known, it finds their values, so they replace the references here.
    """
    if "<AWS::" in rule:
        rule = _in_stack(cdk.Stack.of(scope), rule)
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))


def _in_stack(stack: cdk.Stack, rule: str) -> str:
    values = {"Region": stack.region, "AccountId": stack.account, "Partition": stack.partition}
    if rule.startswith("IAM4"):  # CDK refers to the partition in ARNs of AWS managed policies, even if it is known
        del values["Partition"]
    for name, value in values.items():
        if not cdk.Token.is_unresolved(value):
            rule = rule.replace(f"<AWS::{name}>", value)
    return rule
