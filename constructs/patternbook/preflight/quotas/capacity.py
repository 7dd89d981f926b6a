"""The vCPUs that a template asks for: Fargate tasks and EC2 instances."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from patternbook.limits.ec2_types import ec2_types
from patternbook.limits.quotas import STANDARD_FAMILIES
from patternbook.rules.template import Node, Resource, Template

FARGATE: Final = "FARGATE"
FARGATE_SPOT: Final = "FARGATE_SPOT"
SCALABLE_TASKS: Final = "ecs:service:DesiredCount"


def providers_of(service: Resource) -> set[str]:
    """The names of the capacity providers of a service, as far as they are known: its own, or those of its cluster."""
    strategy = service["CapacityProviderStrategy"]
    if strategy.missing and service["LaunchType"].missing:
        cluster = service["Cluster"].resource("AWS::ECS::Cluster")
        if cluster:
            associations = [
                each["DefaultCapacityProviderStrategy"]
                for each in service.template.of_type("AWS::ECS::ClusterCapacityProviderAssociations")
                if cluster.id in each["Cluster"].references
            ]
            strategy = next(iter(associations), cluster["DefaultCapacityProviderStrategy"])
    return {text for each in strategy.items if (text := each["CapacityProvider"].text)}


def is_on_fargate(service: Resource) -> bool:
    """Whether a service runs on Fargate."""
    return service["LaunchType"].text == FARGATE or bool({FARGATE, FARGATE_SPOT} & providers_of(service))


@dataclass(frozen=True)
class Tasks:
    """The tasks of an ECS service on Fargate."""

    service: Resource
    vcpus: float
    """vCPUs of a task."""
    at_first: int
    at_most: int
    is_spot: bool


def fargate_tasks(template: Template) -> Iterator[Tasks]:
    """The tasks of all services whose size is known."""
    for service in template.of_type("AWS::ECS::Service"):
        if not is_on_fargate(service):
            continue
        definition = service["TaskDefinition"].resource("AWS::ECS::TaskDefinition")
        units = definition["Cpu"].in_units("vCPU") if definition else None
        if units is None:
            continue
        at_first, at_most = task_counts(service)
        spot = service["LaunchType"].missing and FARGATE not in providers_of(service)
        yield Tasks(service, units / 1024, at_first, at_most, spot)


def task_counts(service: Resource) -> tuple[int, int]:
    """The number of tasks at first, and when the service has scaled out. ECS starts one if no number is given.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    """
    count = service["DesiredCount"].number
    at_first = 1 if count is None else int(count)
    at_most = at_first
    for target in service.template.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if target["ScalableDimension"].text == SCALABLE_TASKS and service.id in target["ResourceId"].references:
            at_first = max(at_first, int(target["MinCapacity"].number or 0))
            at_most = max(at_first, int(target["MaxCapacity"].number or 0))
    return at_first, at_most


@dataclass(frozen=True)
class Fleet:
    """Instances of an Auto Scaling group, or of an EKS managed node group."""

    resource: Resource
    types: tuple[str, ...]
    """Their types, as far as they are known."""
    subnets: Node
    at_first: int
    at_most: int
    is_spot: bool

    @property
    def is_single(self) -> bool:
        """Whether there is a single type, without another to choose."""
        return len(self.types) == 1

    @property
    def vcpus(self) -> int | None:
        """vCPUs of an instance of the largest type. None if one of them is not known."""
        found = [ec2_types()[name].vcpus for name in self.types if name in ec2_types()]
        known = [each for each in found if each is not None]
        return max(known) if known and len(known) == len(self.types) else None

    @property
    def is_standard(self) -> bool:
        """Whether all types are of the families that share a quota."""
        return all(name[0] in STANDARD_FAMILIES and not name.startswith(("hpc", "dl", "trn")) for name in self.types)


def fleets_of(template: Template) -> Iterator[Fleet]:
    """All instances that the template starts through a group."""
    for group in template.of_type("AWS::AutoScaling::AutoScalingGroup"):
        yield _group(group)
    for group in template.of_type("AWS::EKS::Nodegroup"):
        sizes = group["ScalingConfig"]
        yield Fleet(
            group,
            tuple(group["InstanceTypes"].texts or _types_of_template(group["LaunchTemplate"])),
            group["Subnets"],
            int(sizes["DesiredSize"].number or sizes["MinSize"].number or 0),
            int(sizes["MaxSize"].number or 0),
            group["CapacityType"].text == "SPOT",
        )


def _group(group: Resource) -> Fleet:
    mixed = group["MixedInstancesPolicy"]
    overrides = mixed["LaunchTemplate"]["Overrides"].items
    types = [text for each in overrides if (text := each["InstanceType"].text)]
    written = mixed["LaunchTemplate"]["LaunchTemplateSpecification"] if not mixed.missing else group["LaunchTemplate"]
    on_demand = mixed["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"].number
    base = mixed["InstancesDistribution"]["OnDemandBaseCapacity"].number or 0
    return Fleet(
        group,
        tuple(types or _types_of_template(written)),
        group["VPCZoneIdentifier"],
        int(group["DesiredCapacity"].number or group["MinSize"].number or 0),
        int(group["MaxSize"].number or 0),
        on_demand == 0 and base == 0,
    )


def _types_of_template(node: Node) -> list[str]:
    for key in ("LaunchTemplateId", "Id", "LaunchTemplateName", "Name"):
        template = node[key].resource("AWS::EC2::LaunchTemplate")
        if template and (text := template["LaunchTemplateData"]["InstanceType"].text):
            return [text]
    return []
