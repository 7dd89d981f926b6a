"""Names that are taken."""

from dataclasses import replace
from typing import Any

from tests.preflight.cases.account import nothing, stack_is
from tests.preflight.cases.certificates import records
from tests.preflight.cases.distributions import distribution
from tests.preflight.cases.references import secret
from tests.preflight.cases.roles import roles
from tests.preflight.cases.services import PAGE
from tests.preflight.world import Case, Refused, resource

GROUP = {"Group": resource("AWS::Logs::LogGroup", LogGroupName="/web")}
BUCKET = {"Bucket": resource("AWS::S3::Bucket", BucketName="my-bucket")}
REPOSITORY = {"Repository": resource("AWS::ECR::Repository", RepositoryName="web")}
PROVIDER = {"Provider": resource("AWS::ECS::CapacityProvider", Name="web")}
CLUSTER = {"Cluster": resource("AWS::ECS::Cluster", ClusterName="web")}
SITE = {"Site": resource("AWS::CloudFront::Distribution", DistributionConfig={"Aliases": ["shop.example.com"]})}
CACHE = {"Cache": resource("AWS::CloudFront::CachePolicy", CachePolicyConfig={"Name": "web"})}
HEADERS = {"H": resource("AWS::CloudFront::ResponseHeadersPolicy", ResponseHeadersPolicyConfig={"Name": "web"})}
CONTROL = {"C": resource("AWS::CloudFront::OriginAccessControl", OriginAccessControlConfig={"Name": "web"})}
FUNCTION = {"F": resource("AWS::CloudFront::Function", Name="web")}
ROLE = {"Role": resource("AWS::IAM::Role", RoleName="Web")}
PROFILE = {"Profile": resource("AWS::IAM::InstanceProfile", InstanceProfileName="Web")}
RECORD = {"Record": resource("AWS::Route53::RecordSet", Name="shop.example.com", Type="A", HostedZoneId="Z1")}
SECRET = {"Secret": resource("AWS::SecretsManager::Secret", Name="db")}
DOMAIN = {"Domain": resource("AWS::Cognito::UserPoolDomain", Domain="web")}
MANY = {"MaxItems": 100, "Quantity": 1}
DATED = {"LastModifiedTime": "2026-11-29T00:00:00Z"}


def make(service: str, operation: str, **parameters: Any) -> Any:
    """Makes something in moto's account."""
    return lambda session: getattr(session.client(service), operation)(**parameters)


def caches(name: str) -> dict[str, Any]:
    policy = {"Id": "x", **DATED, "CachePolicyConfig": {"Name": name, "MinTTL": 0}}
    found = {**MANY, "Items": [{"Type": "custom", "CachePolicy": policy}]}
    return {"cloudfront.list_cache_policies": {"CachePolicyList": found}}


def headers(name: str) -> dict[str, Any]:
    policy = {"Id": "x", **DATED, "ResponseHeadersPolicyConfig": {"Name": name}}
    found = {**MANY, "Items": [{"Type": "custom", "ResponseHeadersPolicy": policy}]}
    return {"cloudfront.list_response_headers_policies": {"ResponseHeadersPolicyList": found}}


def controls(name: str) -> dict[str, Any]:
    control = {
        "Id": "x",
        "Name": name,
        "Description": "",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    found = {**PAGE, "Quantity": 1, "Items": [control]}
    return {"cloudfront.list_origin_access_controls": {"OriginAccessControlList": found}}


def functions(name: str) -> dict[str, Any]:
    function = {
        "Name": name,
        "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
        "FunctionMetadata": {"FunctionARN": "arn", **DATED},
    }
    return {"cloudfront.list_functions": {"FunctionList": {**MANY, "Items": [function]}}}


def sites(*aliases: str) -> dict[str, Any]:
    found = {**PAGE, "Quantity": 1, "Items": [distribution(*aliases)]}
    return {"cloudfront.list_distributions": {"DistributionList": found}}


def other(resource_type: str, key: str, name: str = "web-service") -> dict[str, Any]:
    return {"Thing": resource(resource_type, **{key: name})}


OTHERS: tuple[tuple[dict[str, Any], str, str, dict[str, Any]], ...] = (
    (other("AWS::DynamoDB::GlobalTable", "TableName"), "dynamodb.describe_table", "ResourceNotFoundException", {}),
    (other("AWS::DynamoDB::Table", "TableName"), "dynamodb.describe_table", "ResourceNotFoundException", {}),
    (other("AWS::EKS::Cluster", "Name"), "eks.describe_cluster", "ResourceNotFoundException", {}),
    (
        other("AWS::Lambda::Function", "FunctionName"),
        "lambda.get_function_concurrency",
        "ResourceNotFoundException",
        {},
    ),
    (
        other("AWS::SQS::Queue", "QueueName"),
        "sqs.get_queue_url",
        "AWS.SimpleQueueService.NonExistentQueue",
        {"QueueUrl": "https://sqs"},
    ),
    (
        other("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
        "elbv2.describe_load_balancers",
        "LoadBalancerNotFound",
        {"LoadBalancers": []},
    ),
    (
        other("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
        "elbv2.describe_target_groups",
        "TargetGroupNotFound",
        {"TargetGroups": []},
    ),
    (
        other("AWS::RDS::DBCluster", "DBClusterIdentifier"),
        "rds.describe_db_clusters",
        "DBClusterNotFoundFault",
        {"DBClusters": []},
    ),
)
logs = Case(
    "names-log-groups",
    "fine",
    "the name /web is free",
    GROUP,
    before=make("logs", "create_log_group", logGroupName="/web2"),
)
bucket = Case("names-buckets", "fine", "the name my-bucket is free", BUCKET, before=nothing)
repository = Case("names-repositories", "fine", "the name web is free", REPOSITORY, before=nothing)
provider = Case("names-ecs", "fine", "the name web is free", PROVIDER)
alias = Case("names-aliases", "unknown", "Other accounts are not asked", SITE, sites("www.example.com"))
names = Case("names-cloudfront", "fine", "the name web is free", CACHE, caches("other"))
role = Case("names-iam", "fine", "the name Web is free", ROLE, roles("Web"))
record = Case("names-records", "fine", "the name shop.example.com is free", RECORD)
hidden = Case("names-secrets", "fine", "the name db is free", SECRET)
domain = Case("names-sign-in", "fine", "no user pool that the account may see", DOMAIN)
CASES = (
    logs,
    replace(
        logs,
        before=make("logs", "create_log_group", logGroupName="/web"),
        verdict="stops",
        says="there is a log group /web already",
    ),
    bucket,
    replace(
        bucket,
        before=make("s3", "create_bucket", Bucket="my-bucket"),
        verdict="stops",
        says="there is a bucket my-bucket already",
    ),
    replace(bucket, before=None, given={"s3.head_bucket": Refused("403")}, verdict="stops", says="already"),
    replace(bucket, before=None, given={"s3.head_bucket": Refused("301")}, verdict="stops", says="already"),
    repository,
    replace(
        repository,
        before=make("ecr", "create_repository", repositoryName="web"),
        verdict="stops",
        says="there is a repository web already",
    ),
    replace(provider, given={"ecs.describe_capacity_providers": {"capacityProviders": []}}),
    replace(provider, given={"ecs.describe_capacity_providers": {"capacityProviders": [{"status": "INACTIVE"}]}}),
    replace(
        provider,
        given={"ecs.describe_capacity_providers": {"capacityProviders": [{"status": "ACTIVE"}]}},
        verdict="stops",
        says="there is a capacity provider web already",
    ),
    replace(
        provider,
        resources=CLUSTER,
        given={"ecs.describe_clusters": {"clusters": [{"status": "ACTIVE"}]}},
        verdict="stops",
        says="there is a cluster web already",
    ),
    alias,
    replace(alias, given=sites("shop.example.com"), verdict="stops", says="E1 has shop.example.com already"),
    replace(
        alias,
        given={
            **sites("shop.example.com"),
            **stack_is("CREATE_COMPLETE", "Site"),
            "cloudfront.list_distributions": {
                "DistributionList": {
                    **PAGE,
                    "Quantity": 1,
                    "Items": [distribution("shop.example.com", distribution_id="Site-physical")],
                }
            },
        },
        stack_name="Web",
        verdict="fine",
        says="it has shop.example.com already",
    ),
    names,
    replace(names, given=caches("web"), verdict="stops", says="Cache: there is one of the name web already"),
    replace(names, resources=HEADERS, given=headers("web"), verdict="stops", says="web already"),
    replace(names, resources=CONTROL, given=controls("web"), verdict="stops", says="web already"),
    replace(names, resources=FUNCTION, given=functions("web"), verdict="stops", says="web already"),
    role,
    replace(role, given=roles(), verdict="stops", says="there is a role Web already"),
    replace(role, resources=PROFILE, given={"iam.get_instance_profile": Refused("NoSuchEntity")}),
    replace(
        role,
        resources=PROFILE,
        given={},
        before=make("iam", "create_instance_profile", InstanceProfileName="Web"),
        verdict="stops",
        says="there is an instance profile Web already",
    ),
    replace(record, given=records("A", "shop.example.com.")),
    replace(record, given=records("A", "tea.example.com.", "192.0.2.1")),
    replace(
        record,
        given=records("A", "shop.example.com.", "192.0.2.1"),
        verdict="stops",
        says="there is a record A shop.example.com already",
    ),
    replace(hidden, given={"secretsmanager.describe_secret": Refused("ResourceNotFoundException")}),
    replace(hidden, given=secret(), verdict="stops", says="there is a secret db already"),
    replace(hidden, given=secret(DeletedDate="2026-11-29T00:00:00Z"), verdict="stops", says="a deleted secret db"),
    replace(domain, given={"cognito-idp.describe_user_pool_domain": {"DomainDescription": {}}}),
    replace(
        domain,
        given={"cognito-idp.describe_user_pool_domain": {"DomainDescription": {"Domain": "web"}}},
        verdict="stops",
        says="belongs to a user pool already",
    ),
    *(
        case
        for resources, operation, code, taken in OTHERS
        for case in (
            Case("names-others", "fine", "the name web-service is free", resources, {operation: Refused(code)}),
            Case("names-others", "stops", "web-service already", resources, {operation: taken}),
        )
    ),
)
KEPT = replace(logs, before=None, given={**stack_is("CREATE_COMPLETE", "Group")}, stack_name="Web")
