"""The KMS key for a stack's data at rest."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from patternbook.posture import Posture


def data_key(scope: Construct, construct_id: str, *, posture: Posture) -> kms.Key | None:
    """One customer managed key with yearly rotation for all data of a stack.

    It is None if the posture leaves encryption to AWS managed keys.

    Principals of the account use the key by their IAM policies. Two services act for the stack without such a policy,
    so the key policy names them, each with a condition on resources of this account:

    - CloudWatch Logs, for log groups
      (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html);
    - CloudWatch alarms, which publish to an encrypted topic
      (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).

    The key policy doesn't name EventBridge, because its statement could have no condition on the account. EventBridge
    rules publish by a role instead (``targets.SnsTopic(…, authorize_using_role=True)``).
    """
    if not posture.customer_managed_keys:
        return None
    stack = cdk.Stack.of(scope)
    key = kms.Key(
        scope,
        construct_id,
        description=f"Data at rest of {stack.stack_name}",
        enable_key_rotation=True,
        removal_policy=posture.removal_policy,
    )

    def allow(service: str, actions: list[str], condition: str, name: str, value: str) -> None:
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],  # ty: ignore[invalid-argument-type]
                actions=actions,
                resources=["*"],  # means this key in a key policy
                conditions={condition: {name: value}},
            )
        )

    log_groups = stack.format_arn(
        service="logs", resource="log-group", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
    )
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"]
    data_keys = ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
    allow(
        f"logs.{stack.region}.{stack.url_suffix}",  # ends with .cn in China
        [*use, *data_keys],
        "ArnLike",
        "kms:EncryptionContext:aws:logs:arn",
        log_groups,
    )
    publish = ["kms:Decrypt", *data_keys]
    allow("cloudwatch.amazonaws.com", publish, "StringEquals", "aws:SourceAccount", stack.account)
    return key


def grant_decrypt(role: iam.IRole, key_arns: Sequence[str]) -> None:
    """Lets a role decrypt secrets and SSM parameters with customer managed keys, and nothing else."""
    stack = cdk.Stack.of(role)
    services = [f"{name}.{stack.region}.{stack.url_suffix}" for name in ("secretsmanager", "ssm")]
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["kms:Decrypt"],
        resource_arns=list(key_arns),
        conditions={"StringEquals": {"kms:ViaService": services}},
    )
