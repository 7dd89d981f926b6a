"""The role of a Lambda function, and the principals that may call it."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from patternbook.nag import acknowledge

NETWORK_INTERFACES: Final = (
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"),
)
"""The actions of Lambda with the role of a function in a VPC.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
"""


def function_role(
    scope: Construct, construct_id: str, *, log_group: logs.ILogGroup, key: kms.IKey | None, traced: bool
) -> iam.Role:
    """A role that may write logs, send traces and decrypt variables, and nothing else.

    :param key: encrypts the environment variables.
    :param traced: whether the function sends traces. CDK then adds the statement.
    """
    role = iam.Role(scope, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))  # ty: ignore[invalid-argument-type]
    log_group.grant_write(role)
    if key is not None:
        iam.Grant.add_to_principal(grantee=role, actions=["kms:Decrypt"], resource_arns=[key.key_arn])
    if traced:
        reason = "X-Ray's actions to send traces support no resource-level permissions."
        acknowledge(role, "IAM5[Resource::*]", reason)
    return role


def allow_network_interfaces(scope: Construct, construct_id: str, role: iam.Role) -> iam.Policy:
    """Lets Lambda make the network interfaces of a function. The code of the function has the same role, and may not.

    Only a call of the code has ``lambda:SourceFunctionArn`` in its context
    (https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html).

    :return: the policy. The security group of the function depends on it, because Lambda deletes the interfaces some
        time after the function: https://github.com/aws/aws-cdk/issues/6701
    """
    policy = iam.Policy(
        scope,
        construct_id,
        roles=[role],  # ty: ignore[invalid-argument-type]
        statements=[
            iam.PolicyStatement(actions=[*NETWORK_INTERFACES], resources=["*"]),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=[*NETWORK_INTERFACES],
                resources=["*"],
                conditions={"Null": {"lambda:SourceFunctionArn": "false"}},
            ),
        ],
    )
    reason = "Lambda makes and finds network interfaces whose ids are not known before. The code may not."
    acknowledge(policy, "IAM5[Resource::*]", reason)
    return policy


def arn_principal(arn: str, number: int) -> iam.ArnPrincipal:
    """A principal by its ARN, which may be a token.

    :param number: tells principals of a function apart.
    """
    return _TokenPrincipal(arn, number) if cdk.Token.is_unresolved(arn) else iam.ArnPrincipal(arn)


class _TokenPrincipal(iam.ArnPrincipal):
    """A principal whose ARN is a token. The CDK makes the id of a construct from :meth:`to_string`, without tokens."""

    def __init__(self, arn: str, number: int) -> None:
        super().__init__(arn)
        self._number = number

    def to_string(self) -> str:
        return f"Principal{self._number}"
