"""The public layer of Powertools for AWS Lambda (Python), which AWS publishes in each partition."""

from typing import Final

import aws_cdk as cdk
from constructs import Construct

VERSION: Final = 36
"""Version of the layer in commercial Regions and in China."""
GOVCLOUD_VERSION: Final = 27
"""Version of the layer in GovCloud, where AWS publishes fewer versions."""
PUBLISHERS: Final = {"aws": "017000801446", "aws-cn": "498634801083", "aws-us-gov": "165093116878"}
"""Accounts that publish the layer, by partition. That of aws-us-gov is for us-gov-west-1.

https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/#lambda-layer
"""
GOVCLOUD_EAST: Final = {"us-gov-east-1": "165087284144"}


def powertools_layer_arn(scope: Construct, construct_id: str, *, python: str = "python314") -> str:
    """The ARN of the layer for functions on ARM64, with pydantic.

    The version of the layer is pinned, so that only a deployment changes it.

    :param python: runtime of the functions, as the layer's name has it.
    """
    stack = cdk.Stack.of(scope)
    if cdk.Token.is_unresolved(stack.region):
        mapping = cdk.CfnMapping(
            scope,
            f"{construct_id}Publishers",
            mapping={
                partition: {
                    "Account": account,
                    "Version": str(GOVCLOUD_VERSION if partition == "aws-us-gov" else VERSION),
                }
                for partition, account in PUBLISHERS.items()
            },
        )
        account, version = (mapping.find_in_map(cdk.Aws.PARTITION, name) for name in ("Account", "Version"))
    else:
        partition = cdk.region_info.RegionInfo.get(stack.region).partition or "aws"
        account = GOVCLOUD_EAST.get(stack.region, PUBLISHERS.get(partition, PUBLISHERS["aws"]))
        version = str(GOVCLOUD_VERSION if partition == "aws-us-gov" else VERSION)
    return stack.format_arn(
        service="lambda",
        account=account,
        resource="layer",
        resource_name=f"AWSLambdaPowertoolsPythonV3-{python}-arm64:{version}",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
