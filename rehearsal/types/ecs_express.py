"""Services in Express Mode, with what ECS makes of one.

Every service has a load balancer of its own here; AWS lets those of a VPC share one.
"""

import hashlib
import json
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, ecs, iam

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.ecs_capacity import cluster
from rehearsal.types.seams import (
    ApiError,
    Made,
    Properties,
    Provisioned,
    Record,
    add_json_actions,
    api_tags,
    physical_name,
    regional_store,
    register_type,
    required,
    to_api,
)

SERVICES = regional_store()
"""What was asked, as the API takes it, what was made, and when, by the ARN of the service."""

EXCLUDED = ("PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory")
"""What a task definition says instead (CreateExpressGatewayService)."""
MAIN = "Main"
ANYWHERE = "0.0.0.0/0"
SCALING_ROLE = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
METRICS = {
    "AVERAGE_CPU": "ECSServiceAverageCPUUtilization",
    "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization",
    "REQUEST_COUNT_PER_TARGET": "ALBRequestCountPerTarget",
}


def register() -> None:
    register_type(
        "AWS::ECS::ExpressGatewayService",
        create=create_service,
        update=update_service,
        delete=delete_service,
        tags="Tags",
    )
    add_json_actions(
        "ecs",
        {
            "DescribeExpressGatewayService": describe_service,
            "DescribeServiceRevisions": describe_revisions,
        },
    )


# The type


def create_service(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request = asked(properties)
    name = request.get("serviceName") or physical_name(stack, logical_id, max_len=255)
    arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:service/{request['cluster']}/{name}"
    parts: dict[str, Made] = {}
    try:
        for part in PARTS:
            resource_type, part_properties = part(name, request, parts)
            parts[part.__name__] = Made(resource_type, logical_id, part_properties, stack)
    except ValueError:
        remove(parts)
        raise
    ecs._services[arn.partition(":service/")[2]]["resourceManagementType"] = "ECS"
    ecs._tags[arn] = api_tags(properties.get("Tags"))
    SERVICES[arn] = {"name": name, "request": request, "parts": parts, "created": time.time()}
    return arn, attributes(arn)


def update_service(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    record, request = SERVICES[arn], asked(new)
    if public(request) != public(record["request"]):
        raise ValueError("The subnets of an Express service cannot change from public to private, or back.")
    for part in PARTS:
        _, part_properties = part(record["name"], request, record["parts"])
        record["parts"][part.__name__].change(part_properties)
    record["request"] = request
    return arn, attributes(arn)


def delete_service(arn: str, _properties: Properties) -> None:
    record = SERVICES.pop(arn, None)
    if record:
        remove(record["parts"])
        ecs._tags.pop(arn, None)


def remove(parts: dict[str, Made]) -> None:
    for made in reversed(parts.values()):
        made.remove()


def asked(properties: Properties) -> Record:
    """As CreateExpressGatewayService takes it, with its defaults.

    :raises ValueError: for what AWS would refuse, and for a container without a task definition, of which AWS would
        make one.
    """
    request: dict[str, Any] = to_api("ecs", "CreateExpressGatewayService", properties)
    definition = required(
        request.get("taskDefinitionArn"), "The emulated account makes no task definition of a PrimaryContainer."
    )
    excluded = [name for name in EXCLUDED if name in properties]
    if excluded:
        raise ValueError(f"If you specify taskDefinitionArn, you cannot specify {', '.join(excluded)}.")
    request = {"cluster": "default", "healthCheckPath": "/ping", "scalingTarget": {}, **request}
    role = request["infrastructureRoleArn"]
    required(
        any(record["Arn"] == role for record in iam._roles.values()), f"The infrastructure role {role} does not exist."
    )
    required(
        "FARGATE" in cluster(request["cluster"])["capacityProviders"],
        f"The cluster {request['cluster']} does not have the capacity provider FARGATE.",
    )
    network = request.get("networkConfiguration", {})
    given = network.get("subnets") and network.get("securityGroups")
    required(given, "The emulated account has no default VPC, and makes no security group of tasks: say which.")
    if len({ec2_types.subnet(subnet_id)["AvailabilityZone"] for subnet_id in network["subnets"]}) < 2:
        raise ValueError("Express services need subnets in at least two Availability Zones.")
    for group_id in network["securityGroups"]:
        ec2_types.security_group(group_id)
    if len({is_public(subnet_id) for subnet_id in network["subnets"]}) != 1:
        raise ValueError("The subnets are of mixed types: either all or none may have a route to an internet gateway.")
    port_of(definition)
    scaling = {"minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60}
    return {**request, "scalingTarget": {**scaling, **request["scalingTarget"]}}


def port_of(task_definition: str) -> int:
    """The port that gets the traffic, of a task definition that Express Mode takes."""
    record = required(
        ecs._task_defs.get(task_definition.rpartition("/")[2]), f"Unable to find task definition: {task_definition}"
    )
    if "FARGATE" not in record.get("requiresCompatibilities", []):
        raise ValueError("The task definition must have FARGATE compatibility.")
    ports = [
        mapping
        for container in record["containerDefinitions"]
        if container["name"] == MAIN
        for mapping in container.get("portMappings", [])
    ]
    sound = len(ports) == 1 and ports[0].get("name") and ports[0].get("protocol", "tcp") == "tcp"
    required(
        sound, f"The task definition must have a container named {MAIN} with a single TCP port mapping that has a name."
    )
    return int(ports[0]["containerPort"])


def is_public(subnet_id: str) -> bool:
    """Whether an internet gateway is where a subnet's own route table leads."""
    return any(
        str(route.get("GatewayId", "")).startswith("igw-")
        for table in ec2._route_tables.values()
        if any(association.get("SubnetId") == subnet_id for association in table["Associations"])
        for route in table["Routes"]
    )


def public(request: Record) -> bool:
    return is_public(request["networkConfiguration"]["subnets"][0])


def endpoint_of(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[:2].lower()}-{digest}.ecs.{get_region()}.on.aws"


# What ECS makes, in this order. Each says type and properties, and refers to the parts before it.

Part = tuple[str, Properties]


def balancer_group(name: str, request: Record, _parts: dict[str, Made]) -> Part:
    port = port_of(request["taskDefinitionArn"])
    return "AWS::EC2::SecurityGroup", {
        "GroupName": f"ecs-express-gateway-alb-sg-{name}",
        "GroupDescription": "Load balancer of an Express service",
        "VpcId": vpc_of(request),
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": ANYWHERE}],
        "SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": ANYWHERE}],
    }


def balancer(name: str, request: Record, parts: dict[str, Made]) -> Part:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return "AWS::ElasticLoadBalancingV2::LoadBalancer", {
        "Name": f"ecs-express-gateway-{digest}",
        "Scheme": "internet-facing" if public(request) else "internal",
        "SecurityGroups": [parts["balancer_group"].attributes["GroupId"]],
        "Subnets": request["networkConfiguration"]["subnets"],
        "Type": "application",
        "LoadBalancerAttributes": [{"Key": "routing.http.desync_mitigation_mode", "Value": "monitor"}],
    }


def blue(name: str, request: Record, _parts: dict[str, Made]) -> Part:
    return target_group(f"b-{name}", request)


def green(name: str, request: Record, _parts: dict[str, Made]) -> Part:
    return target_group(f"g-{name}", request)


def target_group(name: str, request: Record) -> Part:
    return "AWS::ElasticLoadBalancingV2::TargetGroup", {
        "Name": f"ecs-gateway-tg-{hashlib.sha256(name.encode()).hexdigest()[:16]}",
        "HealthCheckPath": request["healthCheckPath"],
        "Port": 80,
        "Protocol": "HTTP",
        "TargetType": "ip",
        "VpcId": vpc_of(request),
    }


def certificate(name: str, _request: Record, _parts: dict[str, Made]) -> Part:
    return "AWS::CertificateManager::Certificate", {"DomainName": endpoint_of(name)}


def listener(_name: str, _request: Record, parts: dict[str, Made]) -> Part:
    not_found = {"StatusCode": "404", "ContentType": "text/plain"}
    return "AWS::ElasticLoadBalancingV2::Listener", {
        "Certificates": [{"CertificateArn": parts["certificate"].id}],
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": not_found}],
        "LoadBalancerArn": parts["balancer"].id,
        "Port": 443,
        "Protocol": "HTTPS",
    }


def rule(name: str, _request: Record, parts: dict[str, Made]) -> Part:
    shares = [
        {"TargetGroupArn": parts["blue"].id, "Weight": 100},
        {"TargetGroupArn": parts["green"].id, "Weight": 0},
    ]
    return "AWS::ElasticLoadBalancingV2::ListenerRule", {
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": shares}}],
        "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": [endpoint_of(name)]}}],
        "ListenerArn": parts["listener"].id,
        "Priority": 1,
    }


def rollback_alarm(name: str, _request: Record, parts: dict[str, Made]) -> Part:
    """On the 5xx responses; AWS's is on the share of those and 4xx ones."""
    return "AWS::CloudWatch::Alarm", {
        "AlarmName": f"{name}-rollback",
        "ComparisonOperator": "GreaterThanThreshold",
        "DatapointsToAlarm": 2,
        "Dimensions": [{"Name": "LoadBalancer", "Value": parts["balancer"].id.partition(":loadbalancer/")[2]}],
        "EvaluationPeriods": 3,
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Namespace": "AWS/ApplicationELB",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 1,
    }


def service(name: str, request: Record, parts: dict[str, Made]) -> Part:
    network = request["networkConfiguration"]
    return "AWS::ECS::Service", {
        "AvailabilityZoneRebalancing": "ENABLED",
        "CapacityProviderStrategy": [{"Base": 1, "CapacityProvider": "FARGATE", "Weight": 1}],
        "Cluster": request["cluster"],
        "DeploymentConfiguration": {
            "Alarms": {"AlarmNames": [parts["rollback_alarm"].id], "Enable": True, "Rollback": True},
            "BakeTimeInMinutes": 3,
            "CanaryConfiguration": {"CanaryBakeTimeInMinutes": 3, "CanaryPercent": 5},
            "Strategy": "CANARY",
        },
        "DesiredCount": request["scalingTarget"]["minTaskCount"],
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "ENABLED" if public(request) else "DISABLED",
                "SecurityGroups": network["securityGroups"],
                "Subnets": network["subnets"],
            }
        },
        "ServiceName": name,
        "TaskDefinition": request["taskDefinitionArn"],
    }


def scalable_target(name: str, request: Record, _parts: dict[str, Made]) -> Part:
    return "AWS::ApplicationAutoScaling::ScalableTarget", {
        **scaled(name, request),
        "MinCapacity": request["scalingTarget"]["minTaskCount"],
        "MaxCapacity": request["scalingTarget"]["maxTaskCount"],
        "RoleARN": f"arn:aws:iam::{get_account_id()}:role/aws-service-role/{SCALING_ROLE}",
    }


def scaling_policy(name: str, request: Record, parts: dict[str, Made]) -> Part:
    scaling = request["scalingTarget"]
    metric = {"PredefinedMetricType": METRICS[scaling["autoScalingMetric"]]}
    if scaling["autoScalingMetric"] == "REQUEST_COUNT_PER_TARGET":
        full_name = parts["balancer"].id.partition(":loadbalancer/")[2]
        metric["ResourceLabel"] = f"{full_name}/{parts['blue'].id.rpartition(':')[2]}"
    return "AWS::ApplicationAutoScaling::ScalingPolicy", {
        **scaled(name, request),
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "PredefinedMetricSpecification": metric,
            "TargetValue": scaling["autoScalingTargetValue"],
        },
    }


PARTS = (
    *(balancer_group, balancer, blue, green, certificate, listener, rule),
    *(rollback_alarm, service, scalable_target, scaling_policy),
)


def vpc_of(request: Record) -> str:
    return ec2_types.subnet(request["networkConfiguration"]["subnets"][0])["VpcId"]


def scaled(name: str, request: Record) -> Properties:
    return {
        "ResourceId": f"service/{request['cluster']}/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
    }


# Attributes and actions


def attributes(arn: str) -> dict[str, Any]:
    record = SERVICES[arn]
    parts: dict[str, Made] = record["parts"]
    made = {
        "AutoScaling.ApplicationAutoScalingPolicies": [parts["scaling_policy"].id],
        "AutoScaling.ScalableTarget": parts["scalable_target"].id,
        "IngressPath.CertificateArn": parts["certificate"].id,
        "IngressPath.ListenerArn": parts["listener"].id,
        "IngressPath.ListenerRuleArn": parts["rule"].id,
        "IngressPath.LoadBalancerArn": parts["balancer"].id,
        "IngressPath.LoadBalancerSecurityGroups": [parts["balancer_group"].attributes["GroupId"]],
        "IngressPath.TargetGroupArns": [parts["blue"].id, parts["green"].id],
        "LogGroups": [],
        "MetricAlarms": [parts["rollback_alarm"].attributes["Arn"]],
        "ServiceSecurityGroups": [],
    }
    return {
        "ServiceArn": arn,
        "Endpoint": endpoint_of(record["name"]),
        **{f"ECSManagedResourceArns.{name}": value for name, value in made.items()},
    }


def described(arn: str) -> Record:
    record = SERVICES.get(arn)
    if record is None:
        raise ApiError("ResourceNotFoundException", f"Express service not found: {arn}")
    return record


def revision_of(arn: str) -> str:
    """As long as the same is asked it is the same, whatever was asked in between."""
    request = json.dumps(SERVICES[arn]["request"], sort_keys=True)
    digest = int(hashlib.sha256(request.encode()).hexdigest(), 16) % 10**19
    return f"{arn.replace(':service/', ':service-revision/')}/{digest}"


def describe_service(request: dict[str, Any]) -> dict[str, Any]:
    arn = request["serviceArn"]
    record = described(arn)
    kept = ("healthCheckPath", "networkConfiguration", "scalingTarget", "taskDefinitionArn")
    definition = ecs._task_defs[record["request"]["taskDefinitionArn"].rpartition("/")[2]]
    configuration = {
        "serviceRevisionArn": revision_of(arn),
        "cpu": definition["cpu"],
        "memory": definition["memory"],
        "ingressPaths": [path_of(record)],
        "createdAt": record["created"],
        **{name: record["request"][name] for name in kept},
        **{name: definition[name] for name in ("executionRoleArn", "taskRoleArn") if definition.get(name)},
    }
    tags = {"tags": ecs._tags.get(arn, [])} if "TAGS" in request.get("include", []) else {}
    return {
        "service": {
            "activeConfigurations": [configuration],
            "cluster": record["request"]["cluster"],
            "createdAt": record["created"],
            "infrastructureRoleArn": record["request"]["infrastructureRoleArn"],
            "serviceArn": arn,
            "serviceName": record["name"],
            "status": {"statusCode": "ACTIVE"},
            **tags,
        }
    }


def path_of(record: Record) -> Record:
    access = "PUBLIC" if public(record["request"]) else "PRIVATE"
    return {"accessType": access, "endpoint": endpoint_of(record["name"])}


def describe_revisions(request: dict[str, Any]) -> dict[str, Any]:
    known = {revision_of(arn): arn for arn in SERVICES}
    asked_for = request["serviceRevisionArns"]
    return {
        "serviceRevisions": [described_revision(name, known[name]) for name in asked_for if name in known],
        "failures": [{"arn": name, "reason": "MISSING"} for name in asked_for if name not in known],
    }


def described_revision(revision: str, arn: str) -> Record:
    record = SERVICES[arn]
    request, parts = record["request"], record["parts"]
    port = port_of(request["taskDefinitionArn"])

    def managed(part: str, **more: Any) -> Record:
        return {"arn": parts[part].id, "status": "ACTIVE", "updatedAt": record["created"], **more}

    network = request["networkConfiguration"]
    path = {
        **path_of(record),
        "certificate": managed("certificate", domainName=endpoint_of(record["name"])),
        "listener": managed("listener"),
        "loadBalancer": managed(
            "balancer",
            scheme="internet-facing" if public(request) else "internal",
            securityGroupIds=[parts["balancer_group"].attributes["GroupId"]],
            subnetIds=network["subnets"],
        ),
        "loadBalancerSecurityGroups": [managed("balancer_group")],
        "rule": managed("rule"),
        "targetGroups": [
            managed(part, healthCheckPath=request["healthCheckPath"], healthCheckPort=port, port=port)
            for part in ("blue", "green")
        ],
    }
    return {
        "clusterArn": cluster(request["cluster"])["clusterArn"],
        "createdAt": record["created"],
        "ecsManagedResources": {"ingressPaths": [path], "serviceSecurityGroups": []},
        "serviceArn": arn,
        "serviceRevisionArn": revision,
        "taskDefinition": request["taskDefinitionArn"],
    }
