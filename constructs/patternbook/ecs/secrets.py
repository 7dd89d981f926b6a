"""Secrets and parameters that containers read as environment variables."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from patternbook.partitions import refuse_arn_of_other_region
from patternbook.settings.fields import PARAMETER_URL


def container_secrets(
    scope: Construct, secrets: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, ecs.Secret]:
    """The secrets of a container definition, from environment variables with ARNs.

    :param secrets: each has the full ARN of a secret in Secrets Manager.
    :param parameters: each has the ARN of an SSM parameter. An error annotation refuses one of another Region.
    """
    if parameters:
        cdk.Annotations.of(cdk.Stack.of(scope)).acknowledge_warning(
            "aws-cdk-lib/aws-ssm:crossAccountReferenceSameRegion", "ECS reads the parameter by its ARN."
        )
    complete_arn = secretsmanager.Secret.from_secret_complete_arn
    return {
        name: ecs.Secret.from_secrets_manager(complete_arn(scope, f"Secret-{name}", arn))
        for name, arn in secrets.items()
    } | {name: ecs.Secret.from_ssm_parameter(_parameter(scope, name, arn)) for name, arn in parameters.items()}


def _parameter(scope: Construct, name: str, arn: str) -> ssm.IStringParameter:
    stack, construct_id = cdk.Stack.of(scope), f"Parameter-{name}"
    if not cdk.Token.is_unresolved(arn):
        _, partition, service, region, *others = arn.split(":")
        if not cdk.Token.is_unresolved(stack.region) and region != stack.region:
            refuse_arn_of_other_region(stack, f"parameters.{name}", arn, source=PARAMETER_URL)
            # The CDK would raise an exception instead.
            arn = ":".join(["arn", partition, service, stack.region, *others])
        return ssm.StringParameter.from_string_parameter_arn(scope, construct_id, arn)
    # The CDK refuses the ARN of a parameter in the same app. Its name gives the same ARN again, in the account of the
    # stack. The import of a secure string adds no parameter to the template, unlike that of a string.
    return ssm.StringParameter.from_secure_string_parameter_attributes(
        scope,
        construct_id,
        parameter_name=cdk.Fn.select(1, cdk.Fn.split(":parameter/", arn)),
        simple_name=True,
    )
