"""Quotas of CloudFront, App Runner, IAM, Auto Scaling, RDS and S3."""

from collections.abc import Iterator

from patternbook.limits import quotas
from patternbook.preflight.account import Account
from patternbook.preflight.questions import QUOTA_PERMISSIONS, Answer, question, unknown
from patternbook.preflight.quotas.compare import added, compare, compare_own, listed
from patternbook.preflight.stack import Stack


@question("quota-distributions", *QUOTA_PERMISSIONS, "cloudfront:ListDistributions")
def distributions(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the distribution fit into the quota of CloudFront distributions?

    Delete a distribution that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.DISTRIBUTIONS,
        added("AWS::CloudFront::Distribution"),
        listed(account, "cloudfront.list_distributions", "DistributionList.Items"),
    )


@question("quota-cloudfront-functions", "servicequotas:ListServiceQuotas", "cloudfront:ListFunctions")
def cloudfront_functions(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the CloudFront Functions fit into their quota?

    Delete a function that nothing uses, or ask AWS Support for more.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    yield from compare(
        stack,
        account,
        quotas.CLOUDFRONT_FUNCTIONS,
        added("AWS::CloudFront::Function"),
        listed(account, "cloudfront.list_functions", "FunctionList.Items", Stage="DEVELOPMENT"),
    )


@question(
    "quota-cloudfront-policies",
    *QUOTA_PERMISSIONS,
    *("cloudfront:ListCachePolicies", "cloudfront:ListResponseHeadersPolicies"),
)
def cloudfront_policies(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the cache policies and the response headers policies fit into their quotas, which are 20 by default?

    Use a policy that CloudFront manages, delete one that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    """
    caches = listed(account, "cloudfront.list_cache_policies", "CachePolicyList.Items", Type="custom")
    yield from compare(stack, account, quotas.CACHE_POLICIES, added("AWS::CloudFront::CachePolicy"), caches)
    headers = listed(
        account, "cloudfront.list_response_headers_policies", "ResponseHeadersPolicyList.Items", Type="custom"
    )
    policies = added("AWS::CloudFront::ResponseHeadersPolicy")
    yield from compare(stack, account, quotas.RESPONSE_HEADERS_POLICIES, policies, headers)


@question("quota-app-runner", "servicequotas:ListServiceQuotas", "apprunner:ListServices")
def app_runner_services(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the service fit into the quota of App Runner services, in which failed services count, too?

    Delete a service that has failed or that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/general/latest/gr/apprunner.html
    """
    yield from compare(
        stack,
        account,
        quotas.APP_RUNNER_SERVICES,
        added("AWS::AppRunner::Service"),
        listed(account, "apprunner.list_services", "ServiceSummaryList"),
    )


@question("quota-iam", "iam:GetAccountSummary")
def iam_entities(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the roles, instance profiles and managed policies fit into the quotas of IAM?

    Delete roles that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    """
    for resource_type, member, quota in (
        ("AWS::IAM::Role", "Roles", "RolesQuota"),
        ("AWS::IAM::InstanceProfile", "InstanceProfiles", "InstanceProfilesQuota"),
        ("AWS::IAM::ManagedPolicy", "Policies", "PoliciesQuota"),
    ):
        if not stack.added(resource_type):
            continue
        summary = account.ask("iam.get_account_summary")["SummaryMap"]
        if member not in summary or quota not in summary:
            yield unknown(f"{member} of IAM: the account does not say how many it has.")
            continue
        used, most = summary[member], summary[quota]
        yield compare_own(stack, f"{member} of IAM", [resource_type], used=used, most=most)


@question("quota-auto-scaling-groups", "autoscaling:DescribeAccountLimits")
def auto_scaling_groups(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the Auto Scaling groups, of which each managed node group has one, fit into the quota of the Region?

    Delete groups that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAccountLimits.html
    """
    types = ("AWS::AutoScaling::AutoScalingGroup", "AWS::EKS::Nodegroup")
    if not stack.added(*types):
        return
    limits = account.ask("autoscaling.describe_account_limits")
    used, most = limits["NumberOfAutoScalingGroups"], limits["MaxNumberOfAutoScalingGroups"]
    yield compare_own(stack, "Auto Scaling groups", types, used=used, most=most)


@question("quota-rds", "rds:DescribeAccountAttributes")
def databases(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the database clusters and instances fit into the quotas of RDS?

    Delete databases that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
    """
    for resource_type, name in (
        ("AWS::RDS::DBCluster", "DBClusters"),
        ("AWS::RDS::DBInstance", "DBInstances"),
        ("AWS::RDS::DBSubnetGroup", "DBSubnetGroups"),
        ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroups"),
    ):
        if not stack.added(resource_type):
            continue
        found = account.all("rds.describe_account_attributes", "AccountQuotas")
        quota = next((each for each in found if each["AccountQuotaName"] == name), None)
        if quota is None:
            yield unknown(f"{name} of RDS: the account does not say how many it has.")
            continue
        yield compare_own(stack, f"{name} of RDS", [resource_type], used=quota["Used"], most=quota["Max"])


@question("quota-buckets", *QUOTA_PERMISSIONS, "s3:ListAllMyBuckets")
def buckets(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the buckets fit into the quota of the account?

    Delete buckets that nothing uses, or request a higher quota.

    https://docs.aws.amazon.com/general/latest/gr/s3.html
    """
    yield from compare(
        stack, account, quotas.BUCKETS, added("AWS::S3::Bucket"), listed(account, "s3.list_buckets", "Buckets")
    )
