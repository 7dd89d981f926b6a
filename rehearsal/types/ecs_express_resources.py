"""The resources that ECS creates for a service in Express Mode."""

import hashlib

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, ecs

from rehearsal.types import ec2 as ec2_types
from rehearsal.types.registry import GeneratedResource
from rehearsal.types.shapes import Properties, Record, require

MAIN = "Main"
ANYWHERE = "0.0.0.0/0"
SCALING_ROLE = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
METRICS = {
    "AVERAGE_CPU": "ECSServiceAverageCPUUtilization",
    "AVERAGE_MEMORY": "ECSServiceAverageMemoryUtilization",
    "REQUEST_COUNT_PER_TARGET": "ALBRequestCountPerTarget",
}


def port_of(task_definition: str) -> int:
    """The container port that gets the traffic.

    :raises ValueError: if Express Mode refuses the task definition.
    """
    record = require(
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
    require(
        sound, f"The task definition must have a container named {MAIN} with a single TCP port mapping that has a name."
    )
    return int(ports[0]["containerPort"])


def is_public(subnet_id: str) -> bool:
    """Whether the subnet's route table has a route to an internet gateway."""
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


# ECS creates these resources in the order of PARTS. Each function returns a type and properties, which may refer to the
# resources before it.

Part = tuple[str, Properties]


def balancer_group(name: str, request: Record, _parts: dict[str, GeneratedResource]) -> Part:
    port = port_of(request["taskDefinitionArn"])
    return "AWS::EC2::SecurityGroup", {
        "GroupName": f"ecs-express-gateway-alb-sg-{name}",
        "GroupDescription": "Load balancer of an Express service",
        "VpcId": vpc_of(request),
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": ANYWHERE}],
        "SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": ANYWHERE}],
    }


def balancer(name: str, request: Record, parts: dict[str, GeneratedResource]) -> Part:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return "AWS::ElasticLoadBalancingV2::LoadBalancer", {
        "Name": f"ecs-express-gateway-{digest}",
        "Scheme": "internet-facing" if public(request) else "internal",
        "SecurityGroups": [parts["balancer_group"].attributes["GroupId"]],
        "Subnets": request["networkConfiguration"]["subnets"],
        "Type": "application",
        "LoadBalancerAttributes": [{"Key": "routing.http.desync_mitigation_mode", "Value": "monitor"}],
    }


def blue(name: str, request: Record, _parts: dict[str, GeneratedResource]) -> Part:
    return target_group(f"b-{name}", request)


def green(name: str, request: Record, _parts: dict[str, GeneratedResource]) -> Part:
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


def certificate(name: str, _request: Record, _parts: dict[str, GeneratedResource]) -> Part:
    return "AWS::CertificateManager::Certificate", {"DomainName": endpoint_of(name)}


def listener(_name: str, _request: Record, parts: dict[str, GeneratedResource]) -> Part:
    not_found = {"StatusCode": "404", "ContentType": "text/plain"}
    return "AWS::ElasticLoadBalancingV2::Listener", {
        "Certificates": [{"CertificateArn": parts["certificate"].id}],
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": not_found}],
        "LoadBalancerArn": parts["balancer"].id,
        "Port": 443,
        "Protocol": "HTTPS",
    }


def rule(name: str, _request: Record, parts: dict[str, GeneratedResource]) -> Part:
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


def rollback_alarm(name: str, _request: Record, parts: dict[str, GeneratedResource]) -> Part:
    """An alarm on 5xx responses. On AWS, it is on the share of 4xx and 5xx responses."""
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


def service(name: str, request: Record, parts: dict[str, GeneratedResource]) -> Part:
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


def scalable_target(name: str, request: Record, _parts: dict[str, GeneratedResource]) -> Part:
    return "AWS::ApplicationAutoScaling::ScalableTarget", {
        **scaled(name, request),
        "MinCapacity": request["scalingTarget"]["minTaskCount"],
        "MaxCapacity": request["scalingTarget"]["maxTaskCount"],
        "RoleARN": f"arn:aws:iam::{get_account_id()}:role/aws-service-role/{SCALING_ROLE}",
    }


def scaling_policy(name: str, request: Record, parts: dict[str, GeneratedResource]) -> Part:
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
