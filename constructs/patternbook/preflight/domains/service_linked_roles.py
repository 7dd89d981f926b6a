"""The service-linked roles that the types of a template need."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question
from patternbook.preflight.quotas.capacity import fleets_of
from patternbook.preflight.stack import Stack
from patternbook.rules.template import Resource


@dataclass(frozen=True)
class ServiceLinkedRole:
    """A role that AWS makes for one of its services, once in an account."""

    service: str
    """The principal that ``aws iam create-service-linked-role`` takes."""
    role: str
    is_needed: Callable[[Stack], bool]


def _types(*names: str) -> Callable[[Stack], bool]:
    return lambda stack: bool(stack.added(*names))


def _scales(namespace: str) -> Callable[[Stack], bool]:
    def found(stack: Stack) -> bool:
        targets = stack.added("AWS::ApplicationAutoScaling::ScalableTarget")
        return any(each["ServiceNamespace"].text == namespace for each in targets)

    return found


def _has(resource_type: str, key: str) -> Callable[[Stack], bool]:
    return lambda stack: any(not each[key].missing for each in stack.added(resource_type))


def _has_managed_instances(stack: Stack) -> bool:
    return _has("AWS::ECS::CapacityProvider", "ManagedInstancesProvider")(stack)


def _has_spot(stack: Stack) -> bool:
    return any(each.is_spot or _is_mixed(each.resource) for each in fleets_of(stack.template))


def _is_mixed(group: Resource) -> bool:
    share = group["MixedInstancesPolicy"]["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"].number
    return share is not None and share < 100


def _has_replicas(stack: Stack) -> bool:
    return any(len(each["Replicas"].items) > 1 for each in stack.added("AWS::DynamoDB::GlobalTable"))


def _scans_by_inspector(stack: Stack) -> bool:
    found = stack.added("AWS::ECR::RegistryScanningConfiguration")
    return any(each["ScanType"].text == "ENHANCED" for each in found)


def _has_edge_functions(stack: Stack) -> bool:
    for site in stack.added("AWS::CloudFront::Distribution"):
        config = site["DistributionConfig"]
        behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"].items]
        if any(each["LambdaFunctionAssociations"].items for each in behaviors):
            return True
    return False


def _custom_names(stack: Stack) -> bool:
    return _types("AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::VpcLink")(stack)


EXPRESS: Final = "AWS::ECS::ExpressGatewayService"
# Each row is in the document of its service about service-linked roles, which the IAM user guide links:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
ROLES: Final = (
    ServiceLinkedRole("ecs.amazonaws.com", "AWSServiceRoleForECS", _types("AWS::ECS::Cluster", EXPRESS)),
    ServiceLinkedRole("ecs-compute.amazonaws.com", "AWSServiceRoleForECSCompute", _has_managed_instances),
    ServiceLinkedRole(
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
        _types("AWS::ElasticLoadBalancingV2::LoadBalancer", EXPRESS),
    ),
    ServiceLinkedRole(
        "autoscaling.amazonaws.com",
        "AWSServiceRoleForAutoScaling",
        _types("AWS::AutoScaling::AutoScalingGroup", "AWS::EKS::Nodegroup"),
    ),
    ServiceLinkedRole(
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        lambda stack: _scales("ecs")(stack) or _types(EXPRESS)(stack),
    ),
    ServiceLinkedRole(
        "lambda.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
        _scales("lambda"),
    ),
    ServiceLinkedRole(
        "dynamodb.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
        _scales("dynamodb"),
    ),
    ServiceLinkedRole(
        "rds.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_RDSCluster",
        _scales("rds"),
    ),
    ServiceLinkedRole("spot.amazonaws.com", "AWSServiceRoleForEC2Spot", _has_spot),
    ServiceLinkedRole("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", _types("AWS::EKS::Cluster")),
    ServiceLinkedRole(
        "eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup", _types("AWS::EKS::Nodegroup")
    ),
    ServiceLinkedRole(
        "eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate", _types("AWS::EKS::FargateProfile")
    ),
    ServiceLinkedRole(
        "rds.amazonaws.com", "AWSServiceRoleForRDS", _types("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
    ),
    ServiceLinkedRole("apprunner.amazonaws.com", "AWSServiceRoleForAppRunner", _types("AWS::AppRunner::Service")),
    ServiceLinkedRole(
        "networking.apprunner.amazonaws.com",
        "AWSServiceRoleForAppRunnerNetworking",
        _types("AWS::AppRunner::VpcConnector", "AWS::AppRunner::VpcIngressConnection"),
    ),
    ServiceLinkedRole(
        "elasticfilesystem.amazonaws.com",
        "AWSServiceRoleForAmazonElasticFileSystem",
        _types("AWS::EFS::FileSystem"),
    ),
    ServiceLinkedRole("fsx.amazonaws.com", "AWSServiceRoleForAmazonFSx", _types("AWS::FSx::FileSystem")),
    ServiceLinkedRole(
        "replication.ecr.amazonaws.com",
        "AWSServiceRoleForECRReplication",
        _types("AWS::ECR::ReplicationConfiguration"),
    ),
    ServiceLinkedRole(
        "pullthroughcache.ecr.amazonaws.com",
        "AWSServiceRoleForECRPullThroughCache",
        _types("AWS::ECR::PullThroughCacheRule"),
    ),
    ServiceLinkedRole("inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2", _scans_by_inspector),
    ServiceLinkedRole("replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator", _has_edge_functions),
    ServiceLinkedRole("logger.cloudfront.amazonaws.com", "AWSServiceRoleForCloudFrontLogger", _has_edge_functions),
    ServiceLinkedRole("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication", _has_replicas),
    ServiceLinkedRole("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway", _custom_names),
)


@question("service-linked-roles", "iam:GetRole")
def service_linked_roles(stack: Stack, account: Account) -> Iterator[Answer]:
    """Does the account have the service-linked roles of the services in the template?

    Create the role a minute before the deployment. A service makes its role on first use, if the caller may call
    iam:CreateServiceLinkedRole. It then often fails once, because IAM takes some time to know the role everywhere.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
    """
    for each in ROLES:
        if not each.is_needed(stack):
            continue
        if account.ask("iam.get_role", RoleName=each.role, absent=("NoSuchEntity",)) is None:
            command = f"aws iam create-service-linked-role --aws-service-name {each.service}"
            yield may(f"The account has no role {each.role} yet: it has never used {each.service}.", command)
        else:
            yield fine(f"The role {each.role} exists.")
