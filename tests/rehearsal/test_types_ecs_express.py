"""ECS services in Express Mode in the emulated account, and their API."""

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.account import REGION
from tests.rehearsal.templates import (
    NETWORK,
    Stack,
    check_life_cycle,
    get_att,
    of,
    only,
    ref,
    tags,
    trust,
)


def express(*, container: Mapping[str, Any] = {}, task: Mapping[str, Any] = {}, **changed: Any) -> dict[str, Any]:
    """A service in two public subnets, in a cluster with the capacity provider FARGATE."""
    second = {**NETWORK["Subnet"]["Properties"], "CidrBlock": "10.0.16.0/20", "AvailabilityZone": "us-east-1c"}
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
    port = {"ContainerPort": 8080, "Name": "http", "Protocol": "tcp"}
    out = {"DestinationCidrBlock": "0.0.0.0/0", "RouteTableId": ref("Table")}
    properties = {
        "Cluster": ref("Cluster"),
        "HealthCheckPath": "/",
        "InfrastructureRoleArn": get_att("Infrastructure", "Arn"),
        "NetworkConfiguration": {
            "SecurityGroups": [get_att("Group", "GroupId")],
            "Subnets": [ref("Subnet"), ref("Second")],
        },
        "ScalingTarget": {"MinTaskCount": 2, "MaxTaskCount": 4},
        "TaskDefinitionArn": ref("Task"),
        **changed,
    }
    return {
        **NETWORK,
        "Second": of("EC2::Subnet", **second),
        "Internet": of("EC2::InternetGateway"),
        "Attachment": of("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Internet")),
        "Table": of("EC2::RouteTable", VpcId=ref("Vpc")),
        "Route": {**of("EC2::Route", GatewayId=ref("Internet"), **out), "DependsOn": "Attachment"},
        **{
            f"TableOf{name}": of("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref(name))
            for name in ("Subnet", "Second")
        },
        "Cluster": of("ECS::Cluster"),
        "Capacity": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=["FARGATE"],
            Cluster=ref("Cluster"),
            DefaultCapacityProviderStrategy=[],
        ),
        "Infrastructure": of(
            "IAM::Role", AssumeRolePolicyDocument=trust("ecs.amazonaws.com"), ManagedPolicyArns=[policy]
        ),
        "Task": of(
            "ECS::TaskDefinition",
            ContainerDefinitions=[{"Image": "nginx", "Name": "Main", "PortMappings": [port], **container}],
            **{"Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"], **task},
        ),
        "Service": {
            **of("ECS::ExpressGatewayService", **properties),
            "DependsOn": ["Capacity", "Route", "TableOfSubnet", "TableOfSecond"],
        },
    }


def test_express_services(stack: Stack) -> None:
    """The resources that ECS creates are read from the APIs of their services."""

    def read() -> Any:
        ecs, elbv2, arn = stack.client("ecs"), stack.client("elbv2"), stack.id_of("Service")
        described = ecs.describe_express_gateway_service(serviceArn=arn)["service"]
        configuration = only(described["activeConfigurations"])
        revision = only(
            ecs.describe_service_revisions(serviceRevisionArns=[configuration["serviceRevisionArn"]])[
                "serviceRevisions"
            ]
        )
        path = only(revision["ecsManagedResources"]["ingressPaths"])
        running = only(
            ecs.describe_services(cluster=stack.id_of("Cluster"), services=[described["serviceName"]])["services"]
        )
        assert running["serviceArn"] == arn
        assert running["resourceManagementType"] == "ECS"
        front = only(elbv2.describe_load_balancers(LoadBalancerArns=[path["loadBalancer"]["arn"]])["LoadBalancers"])
        assert front["SecurityGroups"] == [only(path["loadBalancerSecurityGroups"])["arn"]]
        assert front["VpcId"] == stack.id_of("Vpc")
        listener = only(elbv2.describe_listeners(LoadBalancerArn=front["LoadBalancerArn"])["Listeners"])
        assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
        certificate = only(listener["Certificates"])["CertificateArn"]
        issued = stack.client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]
        assert issued["DomainName"] == path["endpoint"]
        rules = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        condition = only([rule["Conditions"] for rule in rules if not rule["IsDefault"]])
        assert only(condition)["Values"] == [path["endpoint"]]
        groups = elbv2.describe_target_groups(TargetGroupArns=[group["arn"] for group in path["targetGroups"]])
        scaling = stack.client("application-autoscaling")
        target = only(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"])
        policy = only(scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"])
        tracked = policy["TargetTrackingScalingPolicyConfiguration"]
        return {
            "endpoint": path["endpoint"],
            "access": (path["accessType"], front["Scheme"]),
            "public addresses": running["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"],
            "strategy": running["deploymentConfiguration"]["strategy"],
            "paths": [
                configuration["healthCheckPath"],
                *(group["HealthCheckPath"] for group in groups["TargetGroups"]),
            ],
            "size": (configuration["cpu"], configuration["memory"]),
            "tasks": (target["MinCapacity"], target["MaxCapacity"]),
            "metric": tracked["PredefinedMetricSpecification"]["PredefinedMetricType"],
            "target": tracked["TargetValue"],
        }

    scaling = {
        "MinTaskCount": 3,
        "MaxTaskCount": 30,
        "AutoScalingMetric": "REQUEST_COUNT_PER_TARGET",
        "AutoScalingTargetValue": 1000,
    }
    larger = {"Cpu": "512", "Memory": "1024"}
    changed = express(HealthCheckPath="/up", ScalingTarget=scaling, task=larger)
    first, second = check_life_cycle(stack, express(), changed, read)
    assert first == {
        "endpoint": first["endpoint"],
        "access": ("PUBLIC", "internet-facing"),
        "public addresses": "ENABLED",
        "strategy": "CANARY",
        "paths": ["/"] * 3,
        "size": ("256", "512"),
        "tasks": (2, 4),
        "metric": "ECSServiceAverageCPUUtilization",
        "target": 60,
    }
    assert first["endpoint"].endswith(f".ecs.{REGION}.on.aws")
    assert second == {
        **first,
        "paths": ["/up"] * 3,
        "size": ("512", "1024"),
        "tasks": (3, 30),
        "metric": "ALBRequestCountPerTarget",
        "target": 1000,
    }


def test_attributes_of_express_services(stack: Stack) -> None:
    """The attributes are the ids of the resources that ECS has created."""
    made = "ECSManagedResourceArns.IngressPath"
    acl = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/main/1a2b3c4d"
    parameters = {
        "Front": get_att("Service", f"{made}.LoadBalancerArn"),
        "Group": {"Fn::Select": [0, get_att("Service", f"{made}.LoadBalancerSecurityGroups")]},
        "Second": {"Fn::Select": [1, get_att("Service", f"{made}.TargetGroupArns")]},
        "Target": get_att("Service", "ECSManagedResourceArns.AutoScaling.ScalableTarget"),
        "Name": {"Fn::Select": [2, {"Fn::Split": ["/", get_att("Service", "ServiceArn")]}]},
        "Url": {"Fn::Join": ["", ["https://", get_att("Service", "Endpoint")]]},
    }
    resources = {
        **express(),
        **{f"P{name}": of("SSM::Parameter", Type="String", Value=value) for name, value in parameters.items()},
        "WebAcl": of("WAFv2::WebACLAssociation", ResourceArn=parameters["Front"], WebACLArn=acl),
    }
    stack.deploy(resources)
    value = {
        name: stack.client("ssm").get_parameter(Name=stack.id_of(f"P{name}"))["Parameter"]["Value"]
        for name in parameters
    }
    elbv2 = stack.client("elbv2")
    front = only(elbv2.describe_load_balancers(LoadBalancerArns=[value["Front"]])["LoadBalancers"])
    assert front["SecurityGroups"] == [value["Group"]]
    assert only(elbv2.describe_target_groups(TargetGroupArns=[value["Second"]])["TargetGroups"])
    described = stack.client("ecs").describe_express_gateway_service(serviceArn=stack.id_of("Service"))["service"]
    assert described["serviceName"] == value["Name"]
    path = only(only(described["activeConfigurations"])["ingressPaths"])
    assert value["Url"] == f"https://{path['endpoint']}"
    assert value["Target"] == f"service/{stack.id_of('Cluster')}/{value['Name']}|ecs:service:DesiredCount|ecs"
    found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=value["Front"])
    assert found["WebACL"]["ARN"] == acl


def test_changing_tags_replaces_an_express_service(stack: Stack) -> None:
    stack.deploy(express(Tags=tags(Team="one")))
    arn = stack.id_of("Service")
    ecs = stack.client("ecs")
    described = ecs.describe_express_gateway_service(serviceArn=arn, include=["TAGS"])["service"]
    assert [tag for tag in described["tags"] if not tag["key"].startswith("aws:")] == [{"key": "Team", "value": "one"}]
    stack.deploy(express(Tags=tags(Team="one"), HealthCheckPath="/up"))
    assert stack.id_of("Service") == arn
    stack.deploy(express(Tags=tags(Team="two"), HealthCheckPath="/up"))
    assert stack.id_of("Service") != arn
    assert not ecs.describe_services(cluster=stack.id_of("Cluster"), services=[arn])["services"]


def test_a_deleted_express_service_is_not_found(stack: Stack) -> None:
    stack.deploy(express())
    ecs, arn = stack.client("ecs"), stack.id_of("Service")
    revision = ecs.describe_express_gateway_service(serviceArn=arn)["service"]["activeConfigurations"][0]
    stack.delete()
    with pytest.raises(ecs.exceptions.ResourceNotFoundException):
        ecs.describe_express_gateway_service(serviceArn=arn)
    answer = ecs.describe_service_revisions(serviceRevisionArns=[revision["serviceRevisionArn"]])
    assert not answer["serviceRevisions"]
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"InfrastructureRoleArn": "arn:missing"}, "The infrastructure role arn:missing does not exist"),
        ({"Cluster": "missing"}, "Cluster not found: missing"),
        ({"TaskDefinitionArn": "arn:task-definition/missing:1"}, "Unable to find task definition: arn:task-definition"),
        ({"Cpu": "256"}, "you cannot specify Cpu"),
        ({"TaskRoleArn": "arn:some"}, "you cannot specify TaskRoleArn"),
        (
            {"NetworkConfiguration": {"Subnets": [ref("Subnet")], "SecurityGroups": [get_att("Group", "GroupId")]}},
            "at least two Availability Zones",
        ),
        (
            {"NetworkConfiguration": {"Subnets": ["subnet-missing"], "SecurityGroups": ["sg-missing"]}},
            "subnet-missing' does not exist",
        ),
        (
            {"NetworkConfiguration": {"Subnets": [ref("Subnet"), ref("Second")], "SecurityGroups": ["sg-missing"]}},
            "security group 'sg-missing' does not exist",
        ),
        ({"NetworkConfiguration": {"Subnets": [ref("Subnet"), ref("Second")]}}, "creates no security group"),
        ({"container": {"Name": "web"}}, "a container named Main"),
        ({"container": {"PortMappings": [{"ContainerPort": 8080}]}}, "port mapping that has a name"),
        ({"task": {"RequiresCompatibilities": ["EC2"]}}, "must have FARGATE compatibility"),
        ({"Hue": "blue"}, "Encountered unsupported property Hue"),
    ],
)
def test_express_mode_refuses_invalid_properties(stack: Stack, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        stack.deploy(express(**wrong))


def test_express_mode_requires_a_task_definition(stack: Stack) -> None:
    resources = express(PrimaryContainer={"Image": "nginx"})
    del resources["Service"]["Properties"]["TaskDefinitionArn"]
    with pytest.raises(AssertionError, match="creates no task definition for a PrimaryContainer"):
        stack.deploy(resources)


def test_express_mode_requires_fargate_in_the_cluster(stack: Stack) -> None:
    resources = express()
    del resources["Capacity"]
    resources["Service"]["DependsOn"].remove("Capacity")
    with pytest.raises(AssertionError, match="does not have the capacity provider FARGATE"):
        stack.deploy(resources)


def test_express_mode_refuses_public_and_private_subnets_together(stack: Stack) -> None:
    """This also happens if the service does not depend on a route of one of the subnets."""
    resources = express()
    del resources["TableOfSecond"]
    resources["Service"]["DependsOn"].remove("TableOfSecond")
    with pytest.raises(AssertionError, match="The subnets are of mixed types"):
        stack.deploy(resources)


def test_an_express_service_cannot_change_between_public_and_private(stack: Stack) -> None:
    private = express()
    del private["TableOfSubnet"], private["TableOfSecond"]
    private["Service"]["DependsOn"] = ["Capacity"]
    stack.deploy(private)
    described = stack.client("ecs").describe_express_gateway_service(serviceArn=stack.id_of("Service"))["service"]
    path = only(only(described["activeConfigurations"])["ingressPaths"])
    assert path["accessType"] == "PRIVATE"
    third = {**NETWORK["Subnet"]["Properties"], "CidrBlock": "10.0.32.0/20"}
    fourth = {**third, "CidrBlock": "10.0.48.0/20", "AvailabilityZone": "us-east-1c"}
    more = {
        "Third": of("EC2::Subnet", **third),
        "Fourth": of("EC2::Subnet", **fourth),
        **{
            f"TableOf{name}": of("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref(name))
            for name in ("Third", "Fourth")
        },
    }
    moved = {"SecurityGroups": [get_att("Group", "GroupId")], "Subnets": [ref("Third"), ref("Fourth")]}
    public = {**private, **more, "Service": {**express(NetworkConfiguration=moved)["Service"]}}
    public["Service"]["DependsOn"] = ["Capacity", "Route", "TableOfThird", "TableOfFourth"]
    with pytest.raises(AssertionError, match="cannot change from public to private, or back"):
        stack.deploy(public)
