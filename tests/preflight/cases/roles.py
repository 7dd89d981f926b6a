"""Service-linked roles."""

from dataclasses import replace
from typing import Any

from patternbook.preflight.domains.service_linked_roles import ROLES
from tests.preflight.cases.account import nothing
from tests.preflight.cases.compute import group, nodes
from tests.preflight.world import Case, Refused, resource


def roles(*missing: str) -> dict[str, Any]:
    """An account that has all roles except for these."""

    def role(parameters: dict[str, Any]) -> Any:
        name = parameters["RoleName"]
        if name in missing:
            return Refused("NoSuchEntity")
        arn = f"arn:aws:iam::123456789012:role/{name}"
        return {
            "Role": {"Path": "/", "RoleName": name, "RoleId": "AROA1234567890123", "Arn": arn, "CreateDate": "2026"}
        }

    return {"iam.get_role": role}


def target(namespace: str) -> dict[str, Any]:
    return {"Target": resource("AWS::ApplicationAutoScaling::ScalableTarget", ServiceNamespace=namespace)}


BEHAVIOR = {"LambdaFunctionAssociations": [{"EventType": "viewer-request", "LambdaFunctionARN": "x"}]}
MIXED = {"InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 50}, "LaunchTemplate": {"Overrides": []}}
NEEDED: dict[str, dict[str, Any]] = {
    "ecs": {"A": resource("AWS::ECS::Cluster")},
    "ecs-compute": {
        "A": resource("AWS::ECS::CapacityProvider", ManagedInstancesProvider={"InfrastructureRoleArn": "x"})
    },
    "elasticloadbalancing": {"A": resource("AWS::ElasticLoadBalancingV2::LoadBalancer")},
    "autoscaling": group(),
    "ecs.application-autoscaling": target("ecs"),
    "lambda.application-autoscaling": target("lambda"),
    "dynamodb.application-autoscaling": target("dynamodb"),
    "rds.application-autoscaling": target("rds"),
    "spot": {"A": resource("AWS::AutoScaling::AutoScalingGroup", MixedInstancesPolicy=MIXED)},
    "eks": {"A": resource("AWS::EKS::Cluster")},
    "eks-nodegroup": nodes("ON_DEMAND"),
    "eks-fargate": {"A": resource("AWS::EKS::FargateProfile")},
    "rds": {"A": resource("AWS::RDS::DBCluster")},
    "apprunner": {"A": resource("AWS::AppRunner::Service")},
    "networking.apprunner": {"A": resource("AWS::AppRunner::VpcConnector")},
    "elasticfilesystem": {"A": resource("AWS::EFS::FileSystem")},
    "fsx": {"A": resource("AWS::FSx::FileSystem")},
    "replication.ecr": {"A": resource("AWS::ECR::ReplicationConfiguration")},
    "pullthroughcache.ecr": {"A": resource("AWS::ECR::PullThroughCacheRule")},
    "inspector2": {"A": resource("AWS::ECR::RegistryScanningConfiguration", ScanType="ENHANCED")},
    "replicator.lambda": {
        "A": resource("AWS::CloudFront::Distribution", DistributionConfig={"DefaultCacheBehavior": BEHAVIOR})
    },
    "logger.cloudfront": {
        "A": resource("AWS::CloudFront::Distribution", DistributionConfig={"CacheBehaviors": [BEHAVIOR]})
    },
    "replication.dynamodb": {"A": resource("AWS::DynamoDB::GlobalTable", Replicas=[{}, {}])},
    "ops.apigateway": {"A": resource("AWS::ApiGatewayV2::VpcLink")},
}
"""A template that needs each role, by the start of the principal."""
role = Case("service-linked-roles", "fine", "The role AWSServiceRoleForECS exists", NEEDED["ecs"], roles())
CASES = (
    role,
    replace(role, given={}, before=nothing, verdict="may", says="has no role AWSServiceRoleForECS yet"),
    *(
        replace(
            role,
            resources=NEEDED[each.service.removesuffix(".amazonaws.com")],
            given=roles(each.role),
            verdict="may",
            says=f"The account has no role {each.role} yet",
        )
        for each in ROLES
    ),
)
