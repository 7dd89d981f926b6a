"""Rules for the network of ECS services: their subnets, addresses and network mode."""

from collections.abc import Iterator
from typing import Final

from patternbook.rules.ecs.capacity_providers import runs_on
from patternbook.rules.ecs.services import SERVICE, services_with_tasks
from patternbook.rules.networks import SUBNET
from patternbook.rules.routes import default_routes, is_public
from patternbook.rules.rule import ERROR, rule
from patternbook.rules.template import Problem, Resource, Template

ENDPOINT: Final = "AWS::EC2::VPCEndpoint"


@rule("ecs-network-configuration", ERROR)
def network_configuration(template: Template) -> Iterator[Problem]:
    """The NetworkConfiguration of a service does not fit the network mode of its tasks.

    Set NetworkConfiguration for network mode awsvpc, which Fargate requires, and remove it for other modes.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    """
    for service, task in services_with_tasks(template):
        network, mode = service["NetworkConfiguration"], task["NetworkMode"]
        controller = service["DeploymentController"]["Type"]
        if not controller.missing and controller.text != "ECS":
            continue  # the network may be in a task set
        if network.missing and mode.text == "awsvpc":
            yield network.problem(f"{task.id} has network mode awsvpc, and the service has no NetworkConfiguration.")
        of_ec2 = task["RequiresCompatibilities"].texts in ([], ["EC2"])
        bridge = mode.text in ("bridge", "host", "none") or (mode.missing and of_ec2)
        if network["AwsvpcConfiguration"].given and bridge:
            given = mode.text or "bridge by default"
            yield network.problem(f"{task.id} has network mode {given}, which takes no NetworkConfiguration.")


@rule("ecs-public-address-on-ec2", ERROR)
def public_address_on_ec2(template: Template) -> Iterator[Problem]:
    """A service assigns public IP addresses to tasks on EC2 instances, which ECS refuses.

    Set AssignPublicIp to DISABLED, and give the subnets a NAT gateway. Or run the tasks on Fargate.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
    """
    for service in template.of_type(SERVICE):
        address = service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"]
        if address.text == "ENABLED" and runs_on(service) in ("EC2", "EXTERNAL"):
            yield address.problem("AssignPublicIp is ENABLED, and the tasks run on EC2 instances.")


@rule("ecs-fargate-without-internet", ERROR)
def fargate_without_internet(template: Template) -> Iterator[Problem]:
    """The tasks of a Fargate service have no way to pull their image, so they fail to start.

    In a public subnet, set AssignPublicIp to ENABLED. In a private one, add a route to a NAT gateway, or the VPC
    endpoints of ECR and S3.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
    """
    for service in template.of_type(SERVICE):
        network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
        address = network["AssignPublicIp"]
        disabled, enabled = address.missing or address.text == "DISABLED", address.text == "ENABLED"
        if runs_on(service) != "FARGATE" or not (disabled or enabled) or service["DesiredCount"].number == 0:
            continue
        for place in network["Subnets"].items:
            subnet = place.resource(SUBNET)
            if subnet is None or _may_have_endpoints(template, subnet):
                continue
            routes = default_routes(template, subnet)
            if routes == []:
                yield place.problem(f"{subnet.id} has no default route.")
            elif routes and disabled and is_public(template, subnet) and _leads_to_internet(routes):
                yield address.problem(f"{subnet.id} is public, and the tasks have no public address.")


def _leads_to_internet(routes: list[Resource]) -> bool:
    """Whether all default routes use an internet gateway, which only resources with a public address can."""
    return all(not each["GatewayId"].missing for each in routes)


def _may_have_endpoints(template: Template, subnet: Resource) -> bool:
    """Whether the VPC of a subnet has interface endpoints, or another stack may have created them."""
    vpc = subnet["VpcId"].resource("AWS::EC2::VPC")
    if vpc is None or not template.complete or template.has_type("AWS::CloudFormation::Stack"):
        return True
    kinds = [each["VpcEndpointType"] for each in template.of_type(ENDPOINT)]
    return any(not each.missing and each.text != "Gateway" for each in kinds)  # Gateway is the default
