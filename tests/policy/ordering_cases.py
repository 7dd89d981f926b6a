"""Tiny templates of workloads, each with everything that it needs."""

from dataclasses import dataclass
from typing import Any

Resources = dict[str, dict[str, Any]]


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def get(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def resource(resource_type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{resource_type}", "Properties": properties}


def associated(subnet: str, table: str) -> dict[str, Any]:
    return resource("EC2::SubnetRouteTableAssociation", SubnetId=ref(subnet), RouteTableId=ref(table))


def rule(direction: str, group: str, **peer: Any) -> dict[str, Any]:
    return resource(f"EC2::SecurityGroup{direction}", GroupId=get(group, "GroupId"), **peer)


def interface_endpoint(vpc: str, group: str) -> dict[str, Any]:
    return resource(
        "EC2::VPCEndpoint", VpcId=ref(vpc), VpcEndpointType="Interface", SecurityGroupIds=[get(group, "GroupId")]
    )


def bucket_policy(effect: str, principal: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": get("Bucket")}
    return resource("S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument={"Statement": [statement]})


ROLE = {"Role": resource("IAM::Role")}
POLICY = resource("IAM::Policy", Roles=[ref("Role")])
BUCKET = {"Bucket": resource("S3::Bucket")}
NETWORK = {
    "Vpc": resource("EC2::VPC"),
    "Subnet": resource("EC2::Subnet", VpcId=ref("Vpc")),
    "Group": resource("EC2::SecurityGroup", VpcId=ref("Vpc")),
    "OtherGroup": resource("EC2::SecurityGroup", VpcId=ref("Vpc")),
}
IN_NETWORK = {
    "NetworkConfiguration": {
        "AwsvpcConfiguration": {"Subnets": [ref("Subnet")], "SecurityGroups": [get("Group", "GroupId")]}
    }
}
SERVICE = resource("ECS::Service", **IN_NETWORK)
FILES = {"Files": resource("EFS::FileSystem")}
FILES |= {"Task": resource("ECS::TaskDefinition", Volumes=[{"EFSVolumeConfiguration": {"FilesystemId": ref("Files")}}])}
FUNCTION = {**ROLE, "Function": resource("Lambda::Function", Role=get("Role"))}
DATABASE = {**ROLE, "Database": resource("RDS::DBCluster")}
DATABASE |= {"Function": resource("Lambda::Function", Role=get("Role"), Environment=get("Database", "DBClusterArn"))}
EVENTS = resource("Lambda::EventSourceMapping", FunctionName=ref("Function"))
CLUSTER = {"Cluster": resource("ECS::Cluster")}
EKS = {**NETWORK, **ROLE}
EKS |= {"Eks": resource("EKS::Cluster", ResourcesVpcConfig={"SubnetIds": [ref("Subnet")]})}
ASSOCIATED = {"Associated": resource("ECS::ClusterCapacityProviderAssociations", Cluster=ref("Cluster"))}
USER_DATA = {"Fn::Base64": {"Fn::Sub": "echo ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config"}}
JOINING = {**CLUSTER, "Template": resource("EC2::LaunchTemplate", LaunchTemplateData={"UserData": USER_DATA})}
MIXED = {"LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateId": ref("Template")}}}

INSTANCES = {"Instances": resource("AutoScaling::AutoScalingGroup", MixedInstancesPolicy=MIXED)}
GATEWAY_ENDPOINT = resource(
    "EC2::VPCEndpoint", VpcId=ref("Vpc"), VpcEndpointType="Gateway", RouteTableIds=[ref("Table")]
)


@dataclass(frozen=True)
class Case:
    kind: str
    workload: dict[str, Any]
    parts: Resources
    needed: Resources

    def template(self, *, without: str | None = None) -> dict[str, Any]:
        depends_on = [name for name in self.needed if name != without]
        return {"Resources": {**self.parts, **self.needed, "Workload": {**self.workload, "DependsOn": depends_on}}}


CASES = {
    "routes through a NAT gateway": Case(
        "routes",
        SERVICE,
        {
            **NETWORK,
            **{name: resource("EC2::RouteTable", VpcId=ref("Vpc")) for name in ("Table", "PublicTable")},
            "PublicSubnet": resource("EC2::Subnet", VpcId=ref("Vpc")),
            "Internet": resource("EC2::InternetGateway"),
            "Nat": resource("EC2::NatGateway", SubnetId=ref("PublicSubnet")),
        },
        {
            "Associated": associated("Subnet", "Table"),
            "Route": resource("EC2::Route", RouteTableId=ref("Table"), NatGatewayId=ref("Nat")),
            "PublicAssociated": associated("PublicSubnet", "PublicTable"),
            "PublicRoute": resource("EC2::Route", RouteTableId=ref("PublicTable"), GatewayId=ref("Internet")),
            "Attached": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Internet")),
        },
    ),
    "internet gateway of a load balancer": Case(
        "public routes",
        resource("ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("Subnet")]),
        {**NETWORK, "Table": resource("EC2::RouteTable"), "Internet": resource("EC2::InternetGateway")},
        {
            "Associated": associated("Subnet", "Table"),
            "Route": resource("EC2::Route", RouteTableId=ref("Table"), GatewayId=ref("Internet")),
            "Attached": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Internet")),
        },
    ),
    "interface endpoint": Case("endpoints", SERVICE, NETWORK, {"Endpoint": interface_endpoint("Vpc", "OtherGroup")}),
    "endpoint of Express Mode": Case(
        "endpoints",
        resource("ECS::ExpressGatewayService", NetworkConfiguration={"Subnets": [ref("Subnet")]}),
        NETWORK,
        {"Endpoint": interface_endpoint("Vpc", "OtherGroup")},
    ),
    "endpoint of an App Runner service": Case(
        "endpoints",
        resource("AppRunner::Service", NetworkConfiguration={"VpcConnectorArn": get("Connector", "VpcConnectorArn")}),
        {**NETWORK, "Connector": resource("AppRunner::VpcConnector", Subnets=[ref("Subnet")])},
        {"Endpoint": interface_endpoint("Vpc", "OtherGroup")},
    ),
    "rules to and from others": Case(
        "security group rules",
        SERVICE,
        NETWORK,
        {
            "Out": rule("Egress", "Group", DestinationSecurityGroupId=get("OtherGroup", "GroupId")),
            "OtherIn": rule("Ingress", "OtherGroup", SourceSecurityGroupId=get("Group", "GroupId")),
            "OtherOut": rule("Egress", "OtherGroup", DestinationSecurityGroupId=get("Group", "GroupId")),
            "In": rule("Ingress", "Group", SourceSecurityGroupId=get("OtherGroup", "GroupId")),
            "ToAddresses": rule("Egress", "Group", CidrIp="0.0.0.0/0"),
        },
    ),
    "rules of the security group that EKS makes": Case(
        "security group rules",
        resource("EKS::Nodegroup", ClusterName=ref("Eks")),
        EKS,
        {
            "In": resource(
                "EC2::SecurityGroupIngress",
                GroupId=get("Eks", "ClusterSecurityGroupId"),
                SourceSecurityGroupId=get("OtherGroup", "GroupId"),
            )
        },
    ),
    "rules of a file system for Lustre": Case(
        "security group rules",
        resource("FSx::FileSystem", SecurityGroupIds=[get("Group", "GroupId")]),
        NETWORK,
        {"In": rule("Ingress", "Group", SourceSecurityGroupId=get("Group", "GroupId"))},
    ),
    "policy of a task role": Case(
        "permissions",
        resource("ECS::Service", TaskDefinition=ref("Task")),
        {**ROLE, "Task": resource("ECS::TaskDefinition", TaskRoleArn=get("Role"))},
        {
            "Policy": POLICY,
            "Managed": resource("IAM::ManagedPolicy", Roles=[ref("Role")]),
            "Inline": resource("IAM::RolePolicy", RoleName=ref("Role")),
        },
    ),
    "policy of an instance role": Case(
        "permissions",
        resource("AutoScaling::AutoScalingGroup", MixedInstancesPolicy=MIXED),
        {
            **ROLE,
            "Profile": resource("IAM::InstanceProfile", Roles=[ref("Role")]),
            "Template": resource(
                "EC2::LaunchTemplate", LaunchTemplateData={"IamInstanceProfile": {"Arn": get("Profile")}}
            ),
        },
        {"Policy": POLICY, "Entry": resource("EKS::AccessEntry", PrincipalArn=get("Role"))},
    ),
    "policy of an instance": Case(
        "permissions",
        resource("EC2::Instance", IamInstanceProfile=ref("Profile")),
        {**ROLE, "Profile": resource("IAM::InstanceProfile", Roles=[ref("Role")])},
        {"Policy": POLICY},
    ),
    "policy of an infrastructure role": Case(
        "permissions",
        resource("ECS::CapacityProvider", ManagedInstancesProvider={"InfrastructureRoleArn": get("Role")}),
        ROLE,
        {"Policy": POLICY},
    ),
    "policy of a cluster": Case("permissions", resource("EKS::Cluster", RoleArn=get("Role")), ROLE, {"Policy": POLICY}),
    "policy of an add-on": Case(
        "permissions",
        resource("EKS::Addon", PodIdentityAssociations=[{"RoleArn": get("Role")}]),
        ROLE,
        {"Policy": POLICY},
    ),
    "policy of a Fargate profile": Case(
        "permissions", resource("EKS::FargateProfile", PodExecutionRoleArn=get("Role")), ROLE, {"Policy": POLICY}
    ),
    "policy of a function at the edge": Case(
        "permissions",
        resource("CloudFront::Distribution", DistributionConfig={"LambdaFunctionARN": ref("Version")}),
        {**FUNCTION, "Version": resource("Lambda::Version", FunctionName=ref("Function"))},
        {"Policy": POLICY},
    ),
    "policy of a function with a URL": Case(
        "permissions", resource("Lambda::Url", TargetFunctionArn=get("Function")), FUNCTION, {"Policy": POLICY}
    ),
    "policy of a function with an alias": Case(
        "permissions", resource("Lambda::Alias", FunctionName=ref("Function")), FUNCTION, {"Policy": POLICY}
    ),
    "policy of a function with a schedule": Case(
        "permissions", resource("Scheduler::Schedule", Target={"Arn": get("Function")}), FUNCTION, {"Policy": POLICY}
    ),
    "policy of a bucket for a role": Case(
        "resource policies",
        resource("CloudFormation::CustomResource", ServiceToken=get("Function"), Bucket=ref("Bucket")),
        {**FUNCTION, **BUCKET},
        {"Policy": bucket_policy("Allow", {"AWS": get("Role")})},
    ),
    "policy of a bucket for access logs": Case(
        "resource policies",
        resource("ElasticLoadBalancingV2::LoadBalancer", LoadBalancerAttributes=[{"Value": ref("Bucket")}]),
        BUCKET,
        {"Policy": bucket_policy("Allow", {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"})},
    ),
    "log group of a function that another calls": Case(
        "log groups",
        {"Type": "Custom::Manifest", "Properties": {"ServiceToken": get("Framework")}},
        {
            **FUNCTION,
            "Framework": resource("Lambda::Function", Environment={"Variables": {"HANDLER": get("Function")}}),
        },
        {"Logs": resource("Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${Function}"})},
    ),
    "log group of a function with a name": Case(
        "log groups",
        EVENTS,
        {"Function": resource("Lambda::Function", FunctionName="work")},
        {"Logs": resource("Logs::LogGroup", LogGroupName="/aws/lambda/work")},
    ),
    "log group of a task": Case(
        "log groups",
        resource("ECS::Service", TaskDefinition=ref("Task")),
        {
            "Task": resource(
                "ECS::TaskDefinition",
                ContainerDefinitions=[{"LogConfiguration": {"Options": {"awslogs-group": "/web"}}}],
            )
        },
        {"Logs": resource("Logs::LogGroup", LogGroupName="/web")},
    ),
    "listener and rule": Case(
        "listeners",
        resource("ECS::Service", LoadBalancers=[{"TargetGroupArn": ref("Targets")}]),
        {"Targets": resource("ElasticLoadBalancingV2::TargetGroup")},
        {
            kind: resource(f"ElasticLoadBalancingV2::{kind}", Actions=[{"TargetGroupArn": ref("Targets")}])
            for kind in ("Listener", "ListenerRule")
        },
    ),
    "capacity provider": Case(
        "capacity",
        resource("ECS::Service", Cluster=ref("Cluster")),
        CLUSTER,
        ASSOCIATED,
    ),
    "instances without a capacity provider": Case(
        "capacity",
        resource("ECS::Service", Cluster=ref("Cluster"), LaunchType="EC2"),
        JOINING,
        INSTANCES,
    ),
    "instances of a database": Case(
        "database",
        resource("SecretsManager::RotationSchedule", RotationLambdaARN=get("Function")),
        DATABASE,
        {"Instance": resource("RDS::DBInstance", DBClusterIdentifier=ref("Database"))},
    ),
    "schema of a database": Case(
        "database",
        resource("Lambda::Alias", FunctionName=ref("Function")),
        DATABASE,
        {"Schema": {"Type": "Custom::DatabaseSchema", "Properties": {"ClusterArn": get("Database", "DBClusterArn")}}},
    ),
    "mount targets": Case(
        "mount targets",
        resource("ECS::Service", TaskDefinition=ref("Task")),
        FILES,
        {name: resource("EFS::MountTarget", FileSystemId=ref("Files")) for name in ("TargetA", "TargetB")},
    ),
    "stage of an API": Case(
        "invocations",
        resource("ApiGatewayV2::Stage", ApiId=ref("Api")),
        {"Api": resource("ApiGatewayV2::Api")},
        {
            "Route": resource("ApiGatewayV2::Route", ApiId=ref("Api")),
            "Permission": resource("Lambda::Permission", SourceArn={"Fn::Sub": "arn:aws:execute-api:x:1:${Api}/*"}),
        },
    ),
}
