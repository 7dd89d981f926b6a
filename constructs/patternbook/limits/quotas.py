"""Quotas of an account that a new stack can exceed, with their codes in Service Quotas and AWS's documented defaults.

An account has its own values, which ``patternbook preflight`` asks for. AWS's documents name the code of a quota in the
link by which one requests a higher value. Some codes are in no document that we found; then the source names where they
are used.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class ServiceQuota:
    """A quota of an account, in a Region unless it is global."""

    name: str
    """AWS's name for it."""
    service: str
    """The service code."""
    code: str = ""
    """The quota code. Empty if Service Quotas does not have the quota."""
    default: float
    """AWS's documented default, which new accounts may not have."""
    source: str
    """URL of AWS's document."""
    is_global: bool = False


_VPC: Final = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
_CLOUDFRONT: Final = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
_EC2: Final = "https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"
_ECS: Final = "https://docs.aws.amazon.com/general/latest/gr/ecs-service.html"
_ELB: Final = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html",
)

VPCS: Final = ServiceQuota(name="VPCs per Region", service="vpc", code="L-F678F1CE", default=5, source=_VPC)
INTERNET_GATEWAYS: Final = ServiceQuota(
    name="Internet gateways per Region", service="vpc", code="L-A4707A72", default=5, source=_VPC
)
NAT_GATEWAYS: Final = ServiceQuota(
    name="NAT gateways per Availability Zone", service="vpc", code="L-FE5A380F", default=5, source=_VPC
)
GATEWAY_ENDPOINTS: Final = ServiceQuota(
    name="Gateway VPC endpoints per Region", service="vpc", code="L-1B52E74A", default=20, source=_VPC
)
RULES_PER_GROUP: Final = ServiceQuota(
    name="Inbound or outbound rules per security group", service="vpc", code="L-0EA8095F", default=60, source=_VPC
)
SECURITY_GROUPS: Final = ServiceQuota(
    name="VPC security groups per Region", service="vpc", code="L-E79EC296", default=2500, source=_VPC
)
ELASTIC_IPS: Final = ServiceQuota(name="EC2-VPC Elastic IPs", service="ec2", code="L-0263D0A3", default=5, source=_VPC)
ON_DEMAND_VCPUS: Final = ServiceQuota(
    name="Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    service="ec2",
    code="L-1216C47A",
    default=5,
    source=_EC2,
)
SPOT_VCPUS: Final = ServiceQuota(
    name="All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
    service="ec2",
    code="L-34B43A08",
    default=5,
    source=_EC2,
)
STANDARD_FAMILIES: Final = ("a", "c", "d", "h", "i", "m", "r", "t", "z")
"""First letters of the instance families that share these two quotas, which count vCPUs (:data:`_EC2`)."""
FARGATE_VCPUS: Final = ServiceQuota(
    name="Fargate On-Demand vCPU resource count", service="fargate", code="L-3032A538", default=6, source=_ECS
)
FARGATE_SPOT_VCPUS: Final = ServiceQuota(
    name="Fargate Spot vCPU resource count", service="fargate", code="L-36FBB829", default=6, source=_ECS
)
EKS_CLUSTERS: Final = ServiceQuota(
    name="Clusters",
    service="eks",
    code="L-1194D53C",
    default=100,
    source="https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html",
)
DISTRIBUTIONS: Final = ServiceQuota(
    name="Web distributions per AWS account",
    service="cloudfront",
    code="L-24B04930",
    default=200,
    source=_CLOUDFRONT,
    is_global=True,
)
CACHE_POLICIES: Final = ServiceQuota(
    name="Cache policies per AWS account",
    service="cloudfront",
    code="L-7D134442",
    default=20,
    source=_CLOUDFRONT,
    is_global=True,
)
RESPONSE_HEADERS_POLICIES: Final = ServiceQuota(
    name="Response headers policies per AWS account",
    service="cloudfront",
    code="L-CF0D4FC5",
    default=20,
    source=_CLOUDFRONT,
    is_global=True,
)
CLOUDFRONT_FUNCTIONS: Final = ServiceQuota(
    name="Functions per AWS account", service="cloudfront", default=100, source=_CLOUDFRONT, is_global=True
)
TARGET_GROUPS: Final = ServiceQuota(
    name="Target groups per Region",
    service="elasticloadbalancing",
    code="L-B22855CB",
    default=3000,
    source=_ELB[0],
)
APPLICATION_LOAD_BALANCERS: Final = ServiceQuota(
    name="Application Load Balancers per Region",
    service="elasticloadbalancing",
    code="L-53DA6B97",
    default=50,
    source=_ELB[0],
)
NETWORK_LOAD_BALANCERS: Final = ServiceQuota(
    name="Network Load Balancers per Region",
    service="elasticloadbalancing",
    code="L-69A177A2",
    default=50,
    source=_ELB[1],
)
BUCKETS: Final = ServiceQuota(
    name="General purpose buckets",
    service="s3",
    code="L-DC2B2D3D",
    default=10_000,
    source="https://docs.aws.amazon.com/general/latest/gr/s3.html",
    is_global=True,
)
APP_RUNNER_SERVICES: Final = ServiceQuota(
    name="Services",
    service="apprunner",
    default=0,  # unknown: no document that we could read names it, so only the account's own value counts
    source="https://docs.aws.amazon.com/general/latest/gr/apprunner.html",
)
