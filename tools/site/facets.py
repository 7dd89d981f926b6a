"""What a template is made of, for the filters of the gallery. Everything is read from its resources."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

SERVICES: Final = {
    "ApiGatewayV2": "API Gateway",
    "AppRunner": "App Runner",
    "Athena": "Athena",
    "CloudFront": "CloudFront",
    "CodeDeploy": "CodeDeploy",
    "Cognito": "Cognito",
    "DynamoDB": "DynamoDB",
    "ECR": "ECR",
    "ECS": "ECS",
    "EFS": "EFS",
    "EKS": "EKS",
    "ElasticLoadBalancingV2": "Elastic Load Balancing",
    "FSx": "FSx",
    "Glue": "Glue",
    "KinesisFirehose": "Firehose",
    "RDS": "Aurora",
    "S3": "S3",
    "SQS": "SQS",
    "StepFunctions": "Step Functions",
}
"""The services to filter by, under their names in the types of resources. Those that every pattern has, such as IAM and
CloudWatch, tell none from another."""
FARGATE, EC2, MANAGED_EC2, LAMBDA = "Fargate", "EC2", "EC2, run by AWS", "Lambda"
APP_RUNNER, OUTSIDE = "App Runner", "Outside of AWS"
SERVERS: Final = {EC2, MANAGED_EC2, OUTSIDE}
STORAGE: Final = {
    "AWS::S3::Bucket": "S3",
    "AWS::EFS::FileSystem": "EFS",
    "AWS::FSx::FileSystem": "FSx",
    "AWS::DynamoDB::GlobalTable": "DynamoDB",
    "AWS::RDS::DBCluster": "Aurora",
    "AWS::ECR::Repository": "ECR",
}
COMPUTE: Final = {
    "AWS::EKS::FargateProfile": FARGATE,
    "AWS::ECS::ExpressGatewayService": FARGATE,
    "AWS::AutoScaling::AutoScalingGroup": EC2,
    "AWS::EKS::Nodegroup": EC2,
    "AWS::AppRunner::Service": APP_RUNNER,
}
SERVERLESS, WITH_SERVERS = "Serverless", "With servers"
COSTS: Final = {1: "Less than 1 USD", 50: "1 to 50 USD", 200: "50 to 200 USD", float("inf"): "More than 200 USD"}
"""The costs of a month at rest to filter by, each with its upper bound in USD."""
LAUNCH_TYPES: Final = {"FARGATE": FARGATE, "EXTERNAL": OUTSIDE}


@dataclass(frozen=True)
class Facets:
    """What the gallery filters by."""

    service: tuple[str, ...]
    compute: tuple[str, ...]
    storage: tuple[str, ...]

    @property
    def servers(self) -> str:
        """Whether there are servers, whoever starts and patches them."""
        return WITH_SERVERS if SERVERS & set(self.compute) else SERVERLESS


def facets_of(template: Mapping[str, Any]) -> Facets:
    """The facets of a CloudFormation template."""
    resources = template["Resources"].values()
    types = {each["Type"] for each in resources}
    services = {SERVICES.get(kind.split("::")[1], "") for kind in types if kind.startswith("AWS::")}
    compute = {name for kind, name in COMPUTE.items() if kind in types} | set(_compute(resources))
    if _functions(template["Resources"]):
        compute.add(LAMBDA)
    storage = {name for kind, name in STORAGE.items() if kind in types} | set(_volumes(resources))
    return Facets(
        _sorted(services | {LAMBDA} if LAMBDA in compute else services),
        _sorted(compute),
        _sorted(storage),
    )


def cost_of(usd: Decimal) -> str:
    """The name of the range that a cost is in.

    :param usd: the cost of a month at rest.
    """
    return next(name for bound, name in COSTS.items() if usd < bound)


def _sorted(names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(filter(None, names), key=str.lower))


def _compute(resources: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for each in resources:
        properties = each.get("Properties", {})
        if each["Type"] == "AWS::ECS::TaskDefinition":
            yield from (LAUNCH_TYPES.get(name, "") for name in properties["RequiresCompatibilities"])
        if "ManagedInstancesProvider" in properties or properties.get("ComputeConfig", {}).get("Enabled"):
            yield MANAGED_EC2


def _functions(resources: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The functions that run the workload.

    One that only CloudFormation calls, such as the one behind a custom resource, has no version. One that a schedule
    calls looks after the workload.
    """

    def functions(kind: str) -> dict[str, str]:
        found = {name: each.get("Properties", {}) for name, each in resources.items() if each["Type"] == kind}
        return {name: str(properties.get("FunctionName")) for name, properties in found.items()}

    aliases = functions("AWS::Lambda::Alias")
    schedules = [each for each in resources.values() if each["Type"] == "AWS::Scheduler::Schedule"]
    scheduled = {aliases.get(each["Properties"]["Target"]["Arn"].get("Ref")) for each in schedules}
    return set(functions("AWS::Lambda::Version").values()) - scheduled


def _volumes(resources: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """EBS has no resource in a template: Kubernetes makes the volumes, by a driver or in Auto Mode."""
    for each in resources:
        properties = each.get("Properties", {})
        if properties.get("AddonName") == "aws-ebs-csi-driver" or properties.get("StorageConfig"):
            yield "EBS"
