"""Finds workloads that may start before what they need exists, or outlive it.

CloudFormation creates a resource after those that it refers to or names in ``DependsOn``, and deletes it before them.
It creates and deletes all others in parallel:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html

A workload is a resource that runs something, such as an ECS service. Its parts are the resources that it refers to,
such as its task definition, roles, subnets and security groups. It also needs resources that refer to its parts, such
as the route of a subnet or the policy of a role. No reference of the workload leads to these, so it has to name them in
``DependsOn``. Each function in :data:`NEEDS` finds one kind of them. The first paragraph of its docstring says why a
workload needs them.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from inspect import getdoc
from types import FunctionType
from typing import Any, Final

from patternbook.rules.template import Dependencies, Resource, Template

ECS_SERVICES: Final = ("AWS::ECS::ExpressGatewayService", "AWS::ECS::Service")
LOAD_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
NOT_FOLLOWED: Final = (
    *(
        "AWS::CloudWatch::Alarm",
        "AWS::EC2::SecurityGroup",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::RDS::DBSubnetGroup",
    ),
)
"""Types whose references are not followed. For example, the policy of a key names all who use it, and a client of a
database is not in the subnets of the database."""
RESOURCE_POLICIES: Final = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
}
"""Types of resource-based policies, each with the property that refers to the resource."""


class Workload:
    """A resource that runs something, with its parts."""

    def __init__(self, template: Template, resource: Resource, parts: frozenset[str]) -> None:
        self.template = template
        self.resource = resource
        self.ids = parts | {resource.id}

    def parts(self, *types: str) -> set[str]:
        """The ids of the parts of these types."""
        return {each.id for each in self.template.of_type(*types)} & self.ids

    def referring(self, resource_type: str, key: str, to: AbstractSet[str]) -> list[Resource]:
        """The resources of a type of which a property refers to one of these ids."""
        return [each for each in self.template.of_type(resource_type) if each[key].references & to]


def routes(workload: Workload) -> Iterator[Resource]:
    """Without a route, a task cannot pull its image, and an instance cannot register.

    These are the routes of the subnets, the routes of the NAT gateways behind them, and the attachment of the internet
    gateway.

    https://repost.aws/knowledge-center/ecs-fargate-pull-container-error
    """
    subnets, seen = workload.parts("AWS::EC2::Subnet"), set[str]()
    while subnets := subnets - seen:
        seen |= subnets
        associations = workload.referring("AWS::EC2::SubnetRouteTableAssociation", "SubnetId", subnets)
        tables = {table for each in associations for table in each["RouteTableId"].references}
        out = workload.referring("AWS::EC2::Route", "RouteTableId", tables)
        gateways = {name for each in out for key in ("GatewayId", "NatGatewayId") for name in each[key].references}
        yield from (*associations, *out)
        yield from workload.referring("AWS::EC2::VPCGatewayAttachment", "InternetGatewayId", gateways)
        subnets = {subnet for each in gateways for subnet in workload.template.resources[each]["SubnetId"].references}


def public_routes(workload: Workload) -> Iterator[Resource]:
    """An internet-facing load balancer is refused in a VPC without an internet gateway.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html#gatewayattachment
    """
    if workload.resource["Scheme"].text != "internal":
        yield from routes(workload)


def endpoints(workload: Workload) -> Iterator[Resource]:
    """An endpoint takes over the calls of an AWS service when it appears, and interrupts open connections.

    These are the interface endpoints of the VPC, and the gateway endpoints of the workload's route tables.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
    """
    tables = {table for each in routes(workload) for table in each["RouteTableId"].references}
    for each in workload.referring("AWS::EC2::VPCEndpoint", "VpcId", workload.parts("AWS::EC2::VPC")):
        if each["VpcEndpointType"].text == "Interface" or each["RouteTableIds"].references & tables:
            yield each


def security_group_rules(workload: Workload) -> Iterator[Resource]:
    """Until a rule on each side allows it, the workload cannot reach others, and others cannot reach the workload.

    These are the rules that name a security group of the workload, and the rules by which the endpoints and mount
    targets that it uses admit addresses. EKS makes a security group with each cluster.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    groups = workload.parts("AWS::EC2::SecurityGroup", "AWS::EKS::Cluster")
    servers = {
        group
        for server in (*endpoints(workload), *mount_targets(workload))
        for key in ("SecurityGroupIds", "SecurityGroups")
        for group in server[key].references
    }
    for each in workload.template.of_type("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        others = each["SourceSecurityGroupId"].references | each["DestinationSecurityGroupId"].references
        if (each["GroupId"].references | others) & groups or (not others and each["GroupId"].references & servers):
            yield each


def permissions(workload: Workload) -> Iterator[Resource]:
    """A policy that is attached late, or detached early, leaves the role of the workload without permissions.

    An access entry gives a role its permissions in an EKS cluster.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html#cfn-iam-policy-roles
    https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
    """
    roles = workload.parts("AWS::IAM::Role")
    yield from workload.referring("AWS::IAM::Policy", "Roles", roles)
    yield from workload.referring("AWS::IAM::ManagedPolicy", "Roles", roles)
    yield from workload.referring("AWS::IAM::RolePolicy", "RoleName", roles)
    yield from workload.referring("AWS::EKS::AccessEntry", "PrincipalArn", roles)


def resource_policies(workload: Workload) -> Iterator[Resource]:
    """Until its resource-based policy exists, a bucket, queue, topic or secret refuses the workload.

    A workload acts by its role, and a load balancer as an AWS service. A policy that only denies, or that admits the
    other kind of principal, gives it nothing.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
    """
    is_service = workload.resource.type == LOAD_BALANCER
    for resource_type, key in RESOURCE_POLICIES.items():
        for each in workload.referring(resource_type, key, workload.ids):
            allowed = [it for it in each["PolicyDocument"]["Statement"].items if it["Effect"].text == "Allow"]
            if any((it["Principal"].entries.keys() == {"Service"}) == is_service for it in allowed):
                yield each


def log_groups(workload: Workload) -> Iterator[Resource]:
    """A function that is called without its log group makes one without a retention, and creating its own then fails.

    A call during the deletion of a stack makes a deleted log group again. These are the log groups that functions and
    containers write to by their names. If they refer to a log group, it is a part.

    https://github.com/aws/aws-cdk/issues/34612
    https://github.com/aws/aws-cdk/issues/31487
    """
    resources, functions = workload.template.resources, workload.parts("AWS::Lambda::Function")
    written = [("/aws/lambda/", resources[each]["FunctionName"]) for each in functions]
    for task in workload.parts("AWS::ECS::TaskDefinition"):
        for container in resources[task]["ContainerDefinitions"].items:
            written.append(("", container["LogConfiguration"]["Options"]["awslogs-group"]))
    names = {prefix + node.text for prefix, node in written if node.text}
    for each in workload.template.of_type("AWS::Logs::LogGroup"):
        if each["LogGroupName"].references & functions or each["LogGroupName"].text in names:
            yield each


def listeners(workload: Workload) -> Iterator[Resource]:
    """ECS refuses a target group that no listener connects to a load balancer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    """
    groups = workload.parts("AWS::ElasticLoadBalancingV2::TargetGroup")
    for kind in ("Listener", "ListenerRule"):
        for each in workload.template.of_type(f"AWS::ElasticLoadBalancingV2::{kind}"):
            if each.references & groups:
                yield each


def capacity(workload: Workload) -> Iterator[Resource]:
    """ECS disassociates a capacity provider only while no task uses it, and stops tasks only on instances that run.

    These are the capacity provider associations of the cluster. A service with launch type EC2 also needs the instances
    that join its cluster by their user data.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
    """
    clusters = workload.parts("AWS::ECS::Cluster") if workload.resource.type in ECS_SERVICES else set[str]()
    yield from workload.referring("AWS::ECS::ClusterCapacityProviderAssociations", "Cluster", clusters)
    if workload.resource["LaunchType"].text == "EC2":
        joining = {
            each.id for each in workload.template.of_type("AWS::EC2::LaunchTemplate") if each.references & clusters
        }
        for each in workload.template.of_type("AWS::AutoScaling::AutoScalingGroup"):
            if each.references & joining:
                yield each


def mount_targets(workload: Workload) -> Iterator[Resource]:
    """Tasks fail to start until the file system that they mount has a mount target in their AZ.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
    """
    yield from workload.referring("AWS::EFS::MountTarget", "FileSystemId", workload.parts("AWS::EFS::FileSystem"))


def database(workload: Workload) -> Iterator[Resource]:
    """The Data API refuses calls until the cluster has an instance, and the application needs its tables and its login.

    These are the instances of the clusters, and the custom resource that migrates their schema.

    https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html
    """
    clusters = workload.parts("AWS::RDS::DBCluster")
    yield from workload.referring("AWS::RDS::DBInstance", "DBClusterIdentifier", clusters)
    for each in workload.referring("Custom::DatabaseSchema", "ClusterArn", clusters):
        if each.id != workload.resource.id:
            yield each


def invocations(workload: Workload) -> Iterator[Resource]:
    """A stage that is there before its routes refuses their settings, and a route without a permission answers 500.

    These are the routes of the API, and the permissions to invoke functions for it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    """
    apis = workload.parts("AWS::ApiGatewayV2::Api")
    yield from workload.referring("AWS::ApiGatewayV2::Route", "ApiId", apis)
    yield from workload.referring("AWS::Lambda::Permission", "SourceArn", apis)


NEEDS: Final = (
    routes,
    endpoints,
    security_group_rules,
    permissions,
    resource_policies,
    log_groups,
    listeners,
    capacity,
    mount_targets,
    database,
)
"""The needs of everything that runs code."""
CUSTOM_RESOURCE: Final = "AWS::CloudFormation::CustomResource"
WORKLOADS: Final = {
    **dict.fromkeys(
        (
            *ECS_SERVICES,
            "AWS::AppRunner::Service",
            "AWS::AutoScaling::AutoScalingGroup",
            "AWS::CloudFront::Distribution",
            "AWS::EC2::Instance",
            "AWS::ECS::CapacityProvider",
            "AWS::EKS::Addon",
            "AWS::EKS::Cluster",
            "AWS::EKS::FargateProfile",
            "AWS::EKS::Nodegroup",
            # Functions run when these call them. An alias with provisioned concurrency initializes its function.
            CUSTOM_RESOURCE,
            "AWS::Lambda::Alias",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Url",
            "AWS::Scheduler::Schedule",
            "AWS::SecretsManager::RotationSchedule",
        ),
        NEEDS,
    ),
    "AWS::ApiGatewayV2::Stage": (invocations,),
    LOAD_BALANCER: (public_routes, resource_policies),
    # FSx for Lustre refuses security groups that do not admit its own traffic:
    # https://docs.aws.amazon.com/fsx/latest/LustreGuide/limit-access-security-groups.html
    "AWS::FSx::FileSystem": (security_group_rules,),
}
"""The types that run something, or by which something runs, with the kinds of their needs."""


@dataclass(frozen=True, order=True)
class Need:
    """A workload needs a resource that refers to one of its parts."""

    workload: str
    workload_type: str
    kind: str
    reason: str
    needed: str

    def __str__(self) -> str:
        return f"{self.workload} ({self.workload_type}) does not depend on {self.needed}. {self.reason}"


class Order:
    """The order in which CloudFormation creates the resources of a template. It deletes them in reverse."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        references = {name: {"Properties": body.get("Properties")} for name, body in document["Resources"].items()}
        self._template = Template(document, today=date.today())
        self._referred = Dependencies(references)
        self._parts = Dependencies(
            {
                name: {} if document["Resources"][name]["Type"] in NOT_FOLLOWED else body
                for name, body in references.items()
            }
        )

    def needs(self) -> Iterator[Need]:
        """Everything that the workloads of the template need and do not refer to."""
        for resource in self._template.resources.values():
            custom = resource.type.startswith("Custom::")
            workload = Workload(self._template, resource, self._parts.of(resource.id))
            for kind in WORKLOADS.get(CUSTOM_RESOURCE if custom else resource.type, ()):
                for needed in kind(workload):
                    # A resource that refers to the workload can only be created after it.
                    if resource.id not in self._referred.of(needed.id):
                        yield self._need(resource, kind, needed)

    def findings(self) -> set[Need]:
        """The needs that CloudFormation may create after their workload, and delete before it."""
        return {each for each in self.needs() if each.needed not in self._template.dependencies.of(each.workload)}

    def unlogged_functions(self) -> set[str]:
        """The functions without a log group of the template. Lambda makes one at the first call of such a function,
        without a retention, and it outlives the stack.

        Functions at the edge write to a log group in each Region with viewers, so they are left out.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
        """
        functions = self._template.of_type("AWS::Lambda::Function")
        named = {
            name for each in self._template.of_type("AWS::Logs::LogGroup") for name in each["LogGroupName"].references
        }
        groups = {each.id for each in self._template.of_type("AWS::Logs::LogGroup")}
        edge = {
            name
            for each in self._template.of_type("AWS::CloudFront::Distribution")
            for name in self._template.dependencies.of(each.id)
        }
        return {
            each.id
            for each in functions
            if each.id not in named | edge and not each["LoggingConfig"]["LogGroup"].references & groups
        }

    @staticmethod
    def _need(workload: Resource, kind: FunctionType, needed: Resource) -> Need:
        reason = (getdoc(kind) or "").split("\n\n")[0]
        return Need(workload.id, workload.type, kind.__name__.replace("_", " "), reason, needed.id)
