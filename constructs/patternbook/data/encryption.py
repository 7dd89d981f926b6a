"""The KMS key for a stack's data at rest."""

import json
from collections.abc import Sequence
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import region_info
from constructs import Construct

from patternbook.partitions import partition_of, refuse_arn_of_other_region, refuse_resource_of_other_partition
from patternbook.posture import Posture

KEY_POLICY_URL: Final = (
    "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"
    "#key-policy-default-allow-root-enable-iam"
)
SAME_REGION_URL: Final = "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html"
KEY_POLICY: Final = "patternbook:keyPolicy"
"""The id of the warning with the statements that the policy of an existing key must have."""


Service = Literal["logs", "cloudwatch", "s3", "sns", "delivery"]
"""A service that uses a key without an IAM policy: CloudWatch Logs for log groups, CloudWatch for its alarms, S3 for
events that it publishes to topics, SNS for messages that it delivers to queues, or the delivery of logs for those of
encrypted state machines."""
SERVICES: Final[tuple[Service, ...]] = ("logs", "cloudwatch")
EVENT_SERVICES: Final[tuple[Service, ...]] = (*SERVICES, "s3", "sns")
"""The services of a stack in which S3 publishes events to a topic, and the topic delivers them to queues."""
WORKFLOW_SERVICES: Final[tuple[Service, ...]] = (*SERVICES, "delivery")
"""The services of a stack with a Step Functions workflow."""


def data_key(
    scope: Construct,
    construct_id: str,
    *,
    posture: Posture,
    key_arn: str | None = None,
    services: Sequence[Service] = SERVICES,
) -> kms.IKey | None:
    """One customer managed key for all data of a stack: an existing key, or a key of the stack with yearly rotation.

    It is None if there is no existing key and the posture leaves encryption to AWS managed keys.

    Principals of the account use the key by their IAM policies, so the key policy must let IAM policies allow access,
    as the default key policy does (:data:`KEY_POLICY_URL`).
    For services, the key policy has :func:`service_statements`. The stack cannot change the policy of an existing key.
    So a warning prints the statements before the deployment fails without them, in a form to copy. To acknowledge it,
    call ``cdk.Annotations.of(stack).acknowledge_warning(KEY_POLICY, "…")``.

    An existing key has a life of its own:

    - Its rotation changes neither its ARN nor anything in the stack
      (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html).
    - A key that is disabled or waits for its deletion stops each service when that needs KMS again, which can be much
      later (https://docs.aws.amazon.com/kms/latest/developerguide/unusable-kms-keys.html). Deployments fail at once.
    - Another key, also the way back to a key of the stack, replaces EFS and FSx file systems, ECR repositories, EKS
      clusters and App Runner services. The new ones are empty. Log groups, queues, topics and functions change in
      place, and need the old key for what they had encrypted. So production retains the key of the stack.
    - The policy of a key in another account must allow the account of the stack to use it, and let it create grants
      (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html).

    :param key_arn: ARN of an existing symmetric key in the Region of the stack, also as a token. A key that is made in
        the same app gets the statements by :func:`allow_services`.
    :param services: the services that the key policy must allow. Leave out those that the stack does not have.
    """
    stack = cdk.Stack.of(scope)
    if key_arn is not None:
        _refuse_elsewhere(stack, key_arn)
        cdk.Annotations.of(stack).add_warning_v2(KEY_POLICY, _requirements(stack, key_arn, services))
        # An import, even of a key in the same app: grants must not add the roles of this stack to the policy of a key
        # in another stack, because the two stacks would then depend on each other.
        return kms.Key.from_key_arn(scope, construct_id, key_arn)
    if not posture.customer_managed_keys:
        return None
    key = kms.Key(
        scope,
        construct_id,
        description=f"Data at rest of {stack.stack_name}",
        enable_key_rotation=True,
        removal_policy=posture.removal_policy,
    )
    allow_services(key, services)  # ty: ignore[invalid-argument-type]
    return key  # ty: ignore[invalid-explicit-return]


def _refuse_elsewhere(stack: cdk.Stack, key_arn: str) -> None:
    """Adds an error if the key is not in the Region or the partition of a stack, as far as both are known."""
    if not key_arn.startswith("arn:") or cdk.Token.is_unresolved(stack.region):  # otherwise it is a token
        return
    _, partition, _, region, *_ = key_arn.split(":")
    if partition_of(stack.region) not in (None, partition):
        refuse_resource_of_other_partition(stack, "key_arn", key_arn, region=stack.region)
    elif region != stack.region:
        refuse_arn_of_other_region(stack, "key_arn", key_arn, source=SAME_REGION_URL)


def allow_services(key: kms.IKey, services: Sequence[Service] = SERVICES) -> None:
    """Adds :func:`service_statements` to the policy of a key that is made in the app, for stacks of its account and
    Region.

    :raises RuntimeError: if the key is imported, because the CDK cannot change its policy.
    """
    stack = cdk.Stack.of(key)
    for statement in service_statements(
        services,
        partition=stack.partition,
        region=stack.region,
        account=stack.account,
        url_suffix=stack.url_suffix,
    ):
        key.add_to_resource_policy(statement, False)


def service_statements(
    services: Sequence[Service] = SERVICES, *, partition: str, region: str, account: str, url_suffix: str
) -> list[iam.PolicyStatement]:
    """The statements of a key policy for the services that act for a stack without an IAM policy. Each has a condition
    on resources of the account.

    - CloudWatch Logs, for log groups
      (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html);
    - CloudWatch alarms, which publish to an encrypted topic
      (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services);
    - S3, which publishes events to an encrypted topic
      (https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html);
    - SNS, which delivers messages to an encrypted queue
      (https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html);
    - the delivery of logs, which decrypts those of an encrypted state machine
      (https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html). The role of the state machine
      encrypts them with the logs of the account as the context, so the condition is on that.

    EventBridge is not among them, because its statement could have no condition on the account. EventBridge rules
    publish by a role instead (``targets.SnsTopic(…, authorize_using_role=True)``). EFS, FSx, ECR, EKS, App Runner and
    Lambda use a key by a grant that they create with the permissions of the caller, which is CloudFormation.
    """

    def allow(service: str, actions: list[str], condition: str, name: str, value: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)],  # ty: ignore[invalid-argument-type]
            actions=actions,
            resources=["*"],  # means this key in a key policy
            conditions={condition: {name: value}},
        )

    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"]
    data_keys = ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
    log_groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
    topics, publish = f"arn:{partition}:sns:{region}:{account}:*", ["kms:Decrypt", "kms:GenerateDataKey"]
    # The principal of CloudWatch Logs has the Region and the suffix of the partition, as the CDK says itself:
    # https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/region-info/lib/default.ts
    logs = f"logs.{region}.{url_suffix}"
    statements: dict[Service, iam.PolicyStatement] = {
        "logs": allow(logs, [*use, *data_keys], "ArnLike", "kms:EncryptionContext:aws:logs:arn", log_groups),
        "cloudwatch": allow(
            "cloudwatch.amazonaws.com", ["kms:Decrypt", *data_keys], "StringEquals", "aws:SourceAccount", account
        ),
        "s3": allow("s3.amazonaws.com", publish, "StringEquals", "aws:SourceAccount", account),
        "sns": allow("sns.amazonaws.com", publish, "ArnLike", "aws:SourceArn", topics),
        "delivery": allow(
            "delivery.logs.amazonaws.com",
            ["kms:Decrypt"],
            "StringEquals",
            "kms:EncryptionContext:SourceArn",
            f"arn:{partition}:logs:{region}:{account}:*",
        ),
    }
    return [statement for service, statement in statements.items() if service in services]


def _requirements(stack: cdk.Stack, key_arn: str, services: Sequence[Service]) -> str:
    """The text of the warning. Where the stack has no account and Region yet, those of the key stand in for them."""
    key = stack.split_arn(key_arn, cdk.ArnFormat.SLASH_RESOURCE_NAME)

    def literal(name: str, *candidates: str | None) -> str:
        return next((each for each in candidates if each and not cdk.Token.is_unresolved(each)), name)

    account, agnostic = literal("ACCOUNT_ID", stack.account, key.account), cdk.Token.is_unresolved(stack.account)
    region = literal("REGION", stack.region, key.region)
    # Without a feature flag of the CDK, the partition of a stack is a token even if its Region is known.
    partition = literal("PARTITION", stack.partition, key.partition, partition_of(region))
    statements = service_statements(
        services,
        partition=partition,
        region=region,
        account=account,
        url_suffix=region_info.RegionInfo.get(region).domain_suffix or "amazonaws.com",
    )
    own = [name for name, value in (("REGION", region), ("ACCOUNT_ID", account)) if value == name]
    placeholders = f" Write the Region and the account of the stack in place of {' and '.join(own)}." if own else ""
    if partition == "PARTITION":
        placeholders += " Write aws in place of PARTITION, aws-cn in China, or aws-us-gov in GovCloud."
    text = json.dumps(stack.resolve([each.to_statement_json() for each in statements]), indent=2)
    if cdk.Token.is_unresolved(key_arn):
        more = "" if tuple(services) == SERVICES else f", {tuple(services)}"
        how = f"If the key is made in this app, call patternbook.allow_services(key{more}), which adds them."
    else:
        how = (
            f"Save the policy with: aws kms get-key-policy --key-id {key_arn} --query Policy --output text > key.json\n"
            f"Add the statements. Then type: aws kms put-key-policy --key-id {key_arn} --policy file://key.json"
        )
    add = (
        f'Before you deploy, add these statements to the list "Statement" of the policy:\n{text}\n{how}{placeholders}\n'
    )
    return (
        "key_arn is an existing key, and this stack cannot change its key policy. "
        + (add if statements else "")
        + f"The key policy must {'also ' if statements else ''}let IAM policies of account {account} allow access to "
        "the key, as the default key policy does. Otherwise, it must name the role of CloudFormation and the roles of "
        f"this stack ({KEY_POLICY_URL})."
        + (f" If the stack is in another account than {account}, write that one." if agnostic and not own else "")
    )


def grant_decrypt(
    role: iam.IRole, key_arns: Sequence[str], *, services: Sequence[str] = ("secretsmanager", "ssm")
) -> None:
    """Lets a role decrypt secrets and SSM parameters with customer managed keys, and nothing else.

    :param services: the services that call KMS for the role.
    """
    stack = cdk.Stack.of(role)
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["kms:Decrypt"],
        resource_arns=list(key_arns),
        conditions={
            "StringEquals": {"kms:ViaService": [f"{name}.{stack.region}.{stack.url_suffix}" for name in services]}
        },
    )
