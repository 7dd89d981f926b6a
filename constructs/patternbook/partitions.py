"""What differs between the partitions of AWS: the standard one, China and GovCloud.

Most names follow from ``AWS::Partition`` and ``AWS::URLSuffix`` at deployment. A console address and the name of a VPC
endpoint service do not, so a template for China or GovCloud needs a stack with a Region.
"""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import region_info
from constructs import IConstruct

# AWS shows the address of GovCloud here, and no document was found for that of China:
# https://docs.aws.amazon.com/solutions/latest/distributed-load-testing-on-aws/deploy-govcloud.html
_CONSOLES: Final = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

INSTANCE_SERVICE: Final = f"ec2.{cdk.Aws.URL_SUFFIX}"
"""The service principal of EC2. It is ``ec2.amazonaws.com.cn`` in China, where the CDK writes ``ec2.amazonaws.com``.
Of the other services that the patterns use, only CloudWatch Logs has another principal there.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSEC2SpotFleetServiceRolePolicy.html
https://github.com/hashicorp/terraform-provider-aws/pull/47141
"""


def partition_of(region: str) -> str | None:
    """The partition of a Region, or None if the Region is unknown at synth or to the CDK."""
    return None if cdk.Token.is_unresolved(region) else region_info.RegionInfo.get(region).partition


def instance_principal() -> iam.ServicePrincipal:
    """EC2, which acts for its instances, see :data:`INSTANCE_SERVICE`."""
    return iam.ServicePrincipal.from_static_service_principle_name(INSTANCE_SERVICE)


def console_url(scope: IConstruct, path: str) -> str:
    """The address of a page in the AWS console, in the Region of a construct.

    :param path: the page, such as ``cloudwatch/home``.
    """
    region = cdk.Stack.of(scope).region
    console = _CONSOLES.get(partition_of(region) or "", "console.aws.amazon.com")
    return f"https://{region}.{console}/{path}?region={region}"
