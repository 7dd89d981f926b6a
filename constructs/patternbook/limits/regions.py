"""The services and features of the patterns that are not in every Region or partition, each with its source.

A partition is a group of Regions with accounts of its own: ``aws``, ``aws-cn`` (China), ``aws-us-gov`` (GovCloud) or
``aws-eusc`` (European Sovereign Cloud).
A service that is missing here is either everywhere or AWS documents no Regions for it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class RegionalService:
    """A service, or a feature of one, that some Regions lack."""

    name: str
    source: str
    """URL of AWS's document."""
    regions: tuple[str, ...] = ()
    """The only Regions that offer it. Empty means all Regions, except for those of ``missing_partitions``."""
    missing_partitions: tuple[str, ...] = ()
    remedy: str

    def is_in(self, region: str, partition: str | None) -> bool:
        """Whether the Region offers it, as far as AWS documents that.

        :param partition: the partition of the Region; None if it is unknown.
        """
        return partition not in self.missing_partitions and (not self.regions or region in self.regions)

    @property
    def where(self) -> str:
        """The Regions that offer it."""
        return ", ".join(self.regions) or f"any Region that is not in {' or '.join(self.missing_partitions)}"


APP_RUNNER: Final = RegionalService(
    name="App Runner",
    regions=(
        *("us-east-1", "us-east-2", "us-west-2", "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    ),
    source="https://docs.aws.amazon.com/general/latest/gr/apprunner.html",
    remedy="Deploy it to one of them, or use its successor (EcsExpressStack)",
)
ECR_PUBLIC: Final = RegionalService(
    name="ECR Public",
    missing_partitions=("aws-cn", "aws-us-gov", "aws-eusc"),
    source="https://docs.amazonaws.cn/en_us/aws/latest/userguide/ecr-public.html, "
    "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-ecr.html",
    remedy="Unset public_repository",
)
# The schemas of China's Regions have neither type of it (2026-11), although the documents of China describe it.
ECR_SIGNING: Final = RegionalService(
    name="Managed signing of images by CloudFormation",
    missing_partitions=("aws-cn",),
    source="https://docs.amazonaws.cn/en_us/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html",
    remedy="Unset signing, and set it up by the AWS CLI if ECR offers it there",
)
# Earlier versions of the page exclude China, and later ones do not mention it. The pattern is not made for China: the
# script that registers a machine comes from the partition aws.
ECS_ANYWHERE: Final = RegionalService(
    name="ECS Anywhere",
    missing_partitions=("aws-cn",),
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html#ecs-anywhere-considerations",
    remedy="Use EcsEc2Stack or FargateEfsStack",
)
EKS_FARGATE: Final = RegionalService(
    name="EKS on Fargate",
    missing_partitions=("aws-us-gov",),
    source="https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-eks.html",
    remedy="Use EksManagedNodesStack or EksAutoModeStack",
)
ENDPOINT_DNS_NAME: Final = RegionalService(
    name="A private DNS name of an endpoint service",
    missing_partitions=("aws-cn",),
    source="https://docs.amazonaws.cn/en_us/aws/latest/userguide/vpc.html",
    remedy="Unset private_dns_name",
)
FUNCTION_URL: Final = RegionalService(
    name="The URL of a Lambda function",
    missing_partitions=("aws-cn", "aws-us-gov"),
    source="https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html, "
    "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-lambda.html",
    remedy="Unset invoke_principals, and allow the principals to invoke the alias",
)
# ECR Public and functions of Lambda@Edge are in us-east-1, which accounts of other partitions cannot reach. CloudFront
# in China also serves nothing without a domain name of its own with an ICP registration.
LAMBDA_EDGE: Final = RegionalService(
    name="CloudFront with Lambda@Edge",
    missing_partitions=("aws-cn", "aws-us-gov", "aws-eusc"),
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-the-edge.html, "
    "https://docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html, "
    "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/setting-up-credentials.html",
    remedy="Deploy the site to an account of the partition aws",
)
LAMBDA_TRACING: Final = RegionalService(
    name="X-Ray tracing of Lambda functions",
    missing_partitions=("aws-cn",),
    source="https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html",
    remedy="Trace in the code of the function",
)
USER_POOLS: Final = RegionalService(
    name="Cognito user pools",
    missing_partitions=("aws-cn",),
    source="https://docs.amazonaws.cn/en_us/aws/latest/userguide/cognito.html",
    remedy="Use JwtApi with the issuer of another identity provider",
)
