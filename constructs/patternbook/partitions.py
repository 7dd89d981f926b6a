"""What differs between the partitions of AWS: the standard one, China, GovCloud and the European Sovereign Cloud.

Most names follow from ``AWS::Partition`` and ``AWS::URLSuffix`` at deployment. A console address and the name of a VPC
endpoint service do not, so a template for another partition than ``aws`` needs a stack with a Region.
"""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import region_info
from constructs import IConstruct

# The addresses of GovCloud and of the European Sovereign Cloud are in these texts. None was found for that of China:
# https://docs.aws.amazon.com/solutions/latest/distributed-load-testing-on-aws/deploy-govcloud.html
# https://github.com/ByteNess/aws-vault/pull/285
_CONSOLES: Final = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}


def partition_of(region: str) -> str | None:
    """The partition of a Region, or None if the Region is unknown at synth or to the CDK."""
    return None if cdk.Token.is_unresolved(region) else region_info.RegionInfo.get(region).partition


def instance_service(scope: IConstruct) -> str:
    """The service principal of EC2, in the Region of a construct. Only China has another one, where the CDK writes
    ``ec2.amazonaws.com``. EC2 in the European Sovereign Cloud refuses its own suffix. In a stack without a Region, the
    suffix of the partition is right everywhere else.

    https://github.com/awslabs/cdk-eks-blueprints/issues/558
    https://github.com/pulumi/pulumi-eks/issues/2341
    """
    partition = partition_of(cdk.Stack.of(scope).region)
    return f"ec2.{cdk.Aws.URL_SUFFIX}" if partition in (None, "aws-cn") else "ec2.amazonaws.com"


def instance_principal(scope: IConstruct) -> iam.ServicePrincipal:
    """EC2, which acts for its instances, see :func:`instance_service`."""
    return iam.ServicePrincipal.from_static_service_principle_name(instance_service(scope))


def refuse_arn_of_other_region(stack: cdk.Stack, name: str, arn: str, *, source: str) -> None:
    """Adds an error, once, for a resource that must be in the Region of a stack.

    :param name: the setting or the argument.
    :param source: URL of the document that says so.
    """
    cdk.Annotations.of(stack).add_error(
        f"{name} must be an ARN of {stack.region}, the Region of the stack, got {arn}. Set it to the ARN of one in "
        f"{stack.region} ({source})."
    )


def refuse_resource_of_other_partition(stack: cdk.Stack, name: str, given: str, *, region: str) -> None:
    """Adds an error, once, for a resource that an account of another partition owns.

    :param name: the setting or the argument.
    :param region: a Region of the stack's partition.
    """
    cdk.Annotations.of(stack).add_error(
        f"{name} must be of the partition {partition_of(region)}, that of {region}, got {given}. Accounts cannot use "
        "resources of another partition "
        "(https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html)."
    )


def console_url(scope: IConstruct, path: str) -> str:
    """The address of a page in the AWS console, in the Region of a construct.

    :param path: the page, such as ``cloudwatch/home``.
    """
    region = cdk.Stack.of(scope).region
    console = _CONSOLES.get(partition_of(region) or "", "console.aws.amazon.com")
    return f"https://{region}.{console}/{path}?region={region}"
