"""Defects for the rules of the network, the capacity and the roles of ECS services."""

from collections.abc import Iterator
from typing import Any, Final

from tests.rules.cases.ecs_networks import TASK_ROLE
from tests.rules.defects.base import (
    REMOVED,
    SERVICE,
    TASK,
    Apply,
    Body,
    Defect,
    Template,
    delete,
    get,
    of_type,
    set_properties,
)
from tests.rules.defects.ecs import remove_dependency_on


def _awsvpc(template: Template) -> Iterator[tuple[Body, Body]]:
    """The services with network mode awsvpc, and their task definitions."""
    for _, service in of_type(template, SERVICE):
        name = get(service, "TaskDefinition.Ref")
        if name in template["Resources"] and "NetworkConfiguration" in service:
            yield service, template["Resources"][name]["Properties"]


def _change_first(**changes: Any) -> Apply:
    """Sets properties of the first service with network mode awsvpc."""

    def apply(template: Template) -> bool:
        for service, _ in _awsvpc(template):
            service.update(changes)
            return True
        return False

    return apply


def _remove_network(template: Template) -> bool:
    for service, _ in _awsvpc(template):
        del service["NetworkConfiguration"]
        return True
    return False


def _assign_addresses_on_instances(template: Template) -> bool:
    if any(of_type(template, "AWS::ECS::CapacityProvider")):
        return False
    for service, _ in _awsvpc(template):
        service.pop("CapacityProviderStrategy", None)
        service["LaunchType"] = "EC2"
        service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] = "ENABLED"
        return True
    return False


def _remove_ways_out(template: Template) -> bool:
    endpoints = [each.get("VpcEndpointType", "Gateway") for _, each in of_type(template, "AWS::EC2::VPCEndpoint")]
    on_fargate = [service for service, _ in _awsvpc(template) if "FARGATE" in str(service)]
    in_vpc = [
        each for each in on_fargate if "Ref" in str(get(each, "NetworkConfiguration.AwsvpcConfiguration.Subnets"))
    ]
    routes = [name for name, route in of_type(template, "AWS::EC2::Route") if "NatGatewayId" in route]
    if not in_vpc or not routes or set(endpoints) - {"Gateway"}:
        return False
    for name in routes:
        delete(template, name)
    return True


def _enable_exec(role: Any) -> Apply:
    """Enables ECS Exec, and gives the tasks another role, or none."""

    def apply(template: Template) -> bool:
        for service, task in _awsvpc(template):
            service["EnableExecuteCommand"] = True
            task.pop("TaskRoleArn", None)
            if role is not None:
                template["Resources"]["MutantRole"] = role
                task["TaskRoleArn"] = {"Fn::GetAtt": ["MutantRole", "Arn"]}
            return True
        return False

    return apply


def _resolve_secret(template: Template) -> bool:
    for _, task in of_type(template, TASK):
        value = "{{resolve:secretsmanager:db:SecretString:password}}"
        task["ContainerDefinitions"][0].setdefault("Environment", []).append({"Name": "DB_PASSWORD", "Value": value})
        return True
    return False


DEFECTS: Final = (
    Defect(
        "ecs-fargate-daemon",
        "daemon",
        set_properties(
            SERVICE,
            {"SchedulingStrategy": "DAEMON", "AvailabilityZoneRebalancing": REMOVED},
            when=lambda each: "FARGATE" in str(each.get("CapacityProviderStrategy")),
        ),
        SERVICE,
    ),
    Defect(
        "ecs-waits-for-capacity-provider",
        "association",
        remove_dependency_on("AWS::ECS::ClusterCapacityProviderAssociations"),
        SERVICE,
    ),
    Defect("ecs-network-configuration", "none", _remove_network, SERVICE),
    Defect("ecs-public-address-on-ec2", "enabled", _assign_addresses_on_instances, SERVICE),
    Defect("ecs-fargate-without-internet", "no NAT gateway", _remove_ways_out, SERVICE),
    Defect("ecs-role-with-awsvpc", "a role", _change_first(Role="arn:aws:iam::111122223333:role/ecs"), SERVICE),
    Defect("ecs-exec-task-role", "none", _enable_exec(None), SERVICE),
    Defect("ecs-exec-permissions", "no permissions", _enable_exec(TASK_ROLE), SERVICE),
    Defect("ecs-resolved-secret", "resolved", _resolve_secret, TASK),
)
