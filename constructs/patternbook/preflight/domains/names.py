"""Names that a template chooses, and that somebody may have already."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, question, stops
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Node, Resource


def _chosen(stack: Stack, resource_type: str, *path: str) -> Iterator[tuple[Resource, str]]:
    """The resources whose name the template says, without those that the stack has under that name."""
    for resource in stack.of_type(resource_type):
        node: Node = resource
        for key in path:
            node = node[key]
        if node.text and not stack.owns(resource, node.text):
            yield resource, node.text


def answer(resource: Resource, kind: str, name: str, taken: bool) -> Answer:
    if taken:
        return stops(f"{resource.id}: there is {kind} {name} already.")
    return fine(f"{resource.id}: the name {name} is free.")


@question("names-log-groups", "logs:DescribeLogGroups")
def log_groups(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the name of each log group free, which outlives a stack that keeps it or a function that made it?

    Delete the log group, import it into the stack, or choose another name.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    for resource, name in _chosen(stack, "AWS::Logs::LogGroup", "LogGroupName"):
        found = account.all("logs.describe_log_groups", "logGroups", logGroupNamePrefix=name)
        yield answer(resource, "a log group", name, any(each["logGroupName"] == name for each in found))


@question("names-buckets")
def buckets(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the name of each bucket free, in all accounts of the partition?

    Choose another name, or none, so that CloudFormation makes one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    for resource, name in _chosen(stack, "AWS::S3::Bucket", "BucketName"):
        # A bucket that exists answers 403 to strangers, and 301 from another Region.
        found = account.ask("s3.head_bucket", absent=("404", "NoSuchBucket"), taken=("403", "301", "400"), Bucket=name)
        yield answer(resource, "a bucket", name, found is not None)


@question("names-repositories", "ecr:DescribeRepositories")
def repositories(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the name of each ECR repository free, which production keeps when its stack is deleted?

    Delete the repository with its images, import it into the stack, or choose another name.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    """
    for resource, name in _chosen(stack, "AWS::ECR::Repository", "RepositoryName"):
        absent = ("RepositoryNotFoundException",)
        found = account.ask("ecr.describe_repositories", absent=absent, repositoryNames=[name])
        yield answer(resource, "a repository", name, found is not None)


@question("names-ecs", "ecs:DescribeCapacityProviders", "ecs:DescribeClusters")
def ecs_names(stack: Stack, account: Account) -> Iterator[Answer]:
    """Are the names of capacity providers and clusters free?

    Delete the capacity provider or the cluster, or choose another name.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
    """
    for resource, name in _chosen(stack, "AWS::ECS::CapacityProvider", "Name"):
        found = account.ask("ecs.describe_capacity_providers", capacityProviders=[name])["capacityProviders"]
        yield answer(resource, "a capacity provider", name, any(each.get("status") == "ACTIVE" for each in found))
    for resource, name in _chosen(stack, "AWS::ECS::Cluster", "ClusterName"):
        found = account.ask("ecs.describe_clusters", clusters=[name])["clusters"]
        yield answer(resource, "a cluster", name, any(each.get("status") == "ACTIVE" for each in found))


@question("names-iam", "iam:GetRole", "iam:GetInstanceProfile")
def iam_names(stack: Stack, account: Account) -> Iterator[Answer]:
    """Are the names of roles and instance profiles free, which an account has once for all Regions?

    Choose no name, or delete the old role.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    """
    absent = ("NoSuchEntity",)
    for resource, name in _chosen(stack, "AWS::IAM::Role", "RoleName"):
        found = account.ask("iam.get_role", absent=absent, RoleName=name)
        yield answer(resource, "a role", name, found is not None)
    for resource, name in _chosen(stack, "AWS::IAM::InstanceProfile", "InstanceProfileName"):
        found = account.ask("iam.get_instance_profile", absent=absent, InstanceProfileName=name)
        yield answer(resource, "an instance profile", name, found is not None)


@question("names-secrets", "secretsmanager:DescribeSecret")
def secrets(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the name of each secret free, also of those that are deleted and still kept for days?

    Restore the secret and import it, choose another name, or delete it at once, by --force-delete-without-recovery.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    """
    for resource in stack.added("AWS::SecretsManager::Secret"):
        name = resource["Name"].text
        if not name:
            continue
        absent = ("ResourceNotFoundException",)
        found = account.ask("secretsmanager.describe_secret", absent=absent, SecretId=name)
        kind = "a deleted secret" if found and found.get("DeletedDate") else "a secret"
        yield answer(resource, kind, name, found is not None)


_Named = tuple[str, str, str, str, Callable[[str], dict[str, Any]], tuple[str, ...]]
_OTHERS: Final[tuple[_Named, ...]] = (
    (
        "AWS::DynamoDB::GlobalTable",
        "TableName",
        "a table",
        "dynamodb.describe_table",
        lambda name: {"TableName": name},
        ("ResourceNotFoundException",),
    ),
    (
        "AWS::DynamoDB::Table",
        "TableName",
        "a table",
        "dynamodb.describe_table",
        lambda name: {"TableName": name},
        ("ResourceNotFoundException",),
    ),
    (
        "AWS::EKS::Cluster",
        "Name",
        "a cluster",
        "eks.describe_cluster",
        lambda name: {"name": name},
        ("ResourceNotFoundException",),
    ),
    (
        "AWS::Lambda::Function",
        "FunctionName",
        "a function",
        "lambda.get_function_concurrency",  # unlike others, it says nothing about code and environment
        lambda name: {"FunctionName": name},
        ("ResourceNotFoundException",),
    ),
    (
        "AWS::SQS::Queue",
        "QueueName",
        "a queue",
        "sqs.get_queue_url",
        lambda name: {"QueueName": name},
        ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Name",
        "a load balancer",
        "elbv2.describe_load_balancers",
        lambda name: {"Names": [name]},
        ("LoadBalancerNotFound", "LoadBalancerNotFoundException"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Name",
        "a target group",
        "elbv2.describe_target_groups",
        lambda name: {"Names": [name]},
        ("TargetGroupNotFound", "TargetGroupNotFoundException"),
    ),
    (
        "AWS::RDS::DBCluster",
        "DBClusterIdentifier",
        "a database cluster",
        "rds.describe_db_clusters",
        lambda name: {"DBClusterIdentifier": name},
        ("DBClusterNotFoundFault",),
    ),
)


@question(
    "names-others",
    *("dynamodb:DescribeTable", "eks:DescribeCluster", "lambda:GetFunctionConcurrency", "sqs:GetQueueUrl"),
    *("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups"),
    "rds:DescribeDBClusters",
)
def other_names(stack: Stack, account: Account) -> Iterator[Answer]:
    """Are the names of tables, clusters, functions, queues, load balancers and target groups free?

    Choose no name, so that CloudFormation makes one, or delete what has the name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    for resource_type, key, kind, operation, parameters, absent in _OTHERS:
        for resource in stack.added(resource_type):
            if name := resource[key].text:
                found = account.ask(operation, absent=absent, **parameters(name))
                yield answer(resource, kind, name, found is not None)


@question("names-sign-in", "cognito-idp:DescribeUserPoolDomain")
def sign_in_domains(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the domain prefix of each Cognito user pool free, which is unique in a Region for all accounts?

    Choose another prefix.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    """
    for resource in stack.added("AWS::Cognito::UserPoolDomain"):
        name = resource["Domain"].text
        if name is None:
            continue
        found = account.ask("cognito-idp.describe_user_pool_domain", Domain=name)["DomainDescription"]
        if found.get("Domain"):
            yield stops(f"{resource.id}: the domain {name} belongs to a user pool already.")
        else:
            yield fine(f"{resource.id}: no user pool that the account may see has the domain {name}.")
