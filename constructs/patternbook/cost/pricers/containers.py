"""Prices of containers: Fargate, App Runner, and what clusters of ECS and EKS add."""

import json
from datetime import date
from decimal import Decimal
from typing import Final

from patternbook.cost.lines import Meter, NotKnownError
from patternbook.cost.pricers.instances import spot_share
from patternbook.cost.pricers.monitoring import TRACKING_ALARMS, add_unlisted_logs
from patternbook.cost.pricers.network import add_load_balancer
from patternbook.limits.eks_versions import END_OF_STANDARD_SUPPORT
from patternbook.rules.routes import is_public
from patternbook.rules.template import Node, Resource

INCLUDED_GIB: Final = 20
"""Ephemeral storage that the price of a task includes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html"""
_PROVIDER: Final = "AWS::ECS::CapacityProvider"
COREDNS_PODS: Final = 2
COREDNS_VCPU: Final = Decimal("0.25")
COREDNS_GB: Final = Decimal("0.5")
"""The two pods of CoreDNS take the smallest size of Fargate:
https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html"""


def _service(meter: Meter) -> None:
    service = meter.resource
    launch_type = meter.known_text(service["LaunchType"])
    if launch_type == "EXTERNAL":
        meter.usage("Machines of ECS Anywhere", "ecs.anywhere_hour", "external_instances", 730)
        return
    strategy = _strategy(service)
    meter.count(strategy, 0)
    providers = [each["CapacityProvider"] for each in strategy.items]
    # A provider of the template is a group of instances. Instances are priced where they are.
    if launch_type != "FARGATE" and not any(
        meter.known_text(each).startswith("FARGATE") for each in providers if not each.resource(_PROVIDER)
    ):
        return
    tasks = _tasks(meter, service)
    task = service["TaskDefinition"].resource("AWS::ECS::TaskDefinition")
    if task is None:
        raise NotKnownError("the task definition is not in this template")
    spot = Decimal(0) if strategy.missing else _spot_tasks(meter, strategy, tasks)
    _add_fargate(meter, task, tasks - spot, "Fargate tasks")
    if spot:
        _add_fargate(meter, task, spot * spot_share(meter), "Fargate Spot tasks")
    if meter.known_text(service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"]) == "ENABLED":
        meter.hourly("Public IPv4 addresses", "public_ipv4.hour", tasks)


def _strategy(service: Resource) -> Node:
    """The capacity providers of a service: its own, or without a launch type those of its cluster.

    https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/ecs/aws.sdk.kotlin.services.ecs.model/-create-service-request/capacity-provider-strategy.html

    :raises NotKnownError: if the cluster is not in the template.
    """
    own = service["CapacityProviderStrategy"]
    cluster = service["Cluster"].resource("AWS::ECS::Cluster")
    if not own.missing or not service["LaunchType"].missing:
        return own
    if cluster is None:
        raise NotKnownError("the cluster, which decides where tasks run, is not in this template")
    associations = service.template.of_type("AWS::ECS::ClusterCapacityProviderAssociations")
    found = [each for each in associations if cluster.id in each["Cluster"].references]
    return (found[0] if found else cluster)["DefaultCapacityProviderStrategy"]


def _tasks(meter: Meter, service: Resource) -> Decimal:
    """The tasks at rest: those that auto scaling keeps at least, or else the desired ones."""
    number = meter.number(service["DesiredCount"], 1)
    for target in meter.template.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if service.id in target["ResourceId"].references:
            number = max(
                number if not service["DesiredCount"].missing else Decimal(0), meter.number(target["MinCapacity"])
            )
    return number


def _spot_tasks(meter: Meter, strategy: Node, tasks: Decimal) -> Decimal:
    """ECS places the base first, and the rest by weights:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    """
    spot = Decimal(0)
    base = sum((meter.number(each["Base"], 0) for each in strategy.items), Decimal(0))
    weights = sum((meter.number(each["Weight"], 0) for each in strategy.items), Decimal(0))
    rest = max(tasks - base, Decimal(0))
    for each in strategy.items:
        if each["CapacityProvider"].text == "FARGATE_SPOT":
            own = min(meter.number(each["Base"], 0), tasks)
            spot += own + (rest * meter.number(each["Weight"], 0) / weights if weights else Decimal(0))
    return spot


def _add_fargate(meter: Meter, task: Resource, number: Decimal, item: str, *, assumption: str = "") -> None:
    """Adds tasks.

    :param number: tasks that run all the time, or with an assumption its name and the factor of a task.
    """
    platform = task["RuntimePlatform"]
    if (platform["OperatingSystemFamily"].text or "LINUX") != "LINUX":
        meter.unknown(item, "no price of Windows tasks", assumption=assumption)
        return
    processor = "arm" if platform["CpuArchitecture"].text == "ARM64" else "x86"
    vcpu, gb = task["Cpu"].in_units("vCPU"), task["Memory"].in_units("GB")
    if vcpu is None or gb is None:
        raise NotKnownError("the size of the task is known in the deployment only")
    sizes = [(f"fargate.{processor}_vcpu_hour", vcpu / 1024), (f"fargate.{processor}_gb_hour", gb / 1024)]
    storage = meter.number(task["EphemeralStorage"]["SizeInGiB"], INCLUDED_GIB) - INCLUDED_GIB
    if storage > 0:
        sizes.append(("fargate.storage_gb_hour", float(storage)))
    for price, size in sizes:
        if assumption:
            meter.usage(item, price, assumption, size)
        elif number:
            meter.hourly(item, price, number * Decimal(str(size)))


def _task_definition(meter: Meter) -> None:
    """A task definition without a service: something else runs its tasks."""
    task = meter.resource
    if "FARGATE" not in (task["RequiresCompatibilities"].texts or []):
        return
    users = meter.template.of_type("AWS::ECS::Service", "AWS::ECS::ExpressGatewayService")
    if any(task.id in each["TaskDefinition"].references | each["TaskDefinitionArn"].references for each in users):
        return
    _add_fargate(meter, task, Decimal(0), "Fargate tasks on demand", assumption="task_hours")


def _express(meter: Meter) -> None:
    """ECS makes a load balancer, which other Express services of the VPC share, in the subnets of the service:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
    """
    service = meter.resource
    task = service["TaskDefinitionArn"].resource("AWS::ECS::TaskDefinition")
    if task is None:
        raise NotKnownError("the task definition is not in this template")
    tasks = meter.number(service["ScalingTarget"]["MinTaskCount"], 1)
    _add_fargate(meter, task, tasks, "Fargate tasks")
    add_load_balancer(meter, "alb")
    meter.add("Alarm metrics", "cloudwatch.alarm", TRACKING_ALARMS)
    meter.unknown("Alarms that roll deployments back", "ECS makes one, and CloudWatch bills its metrics")
    subnets = service["NetworkConfiguration"]["Subnets"]
    number = meter.count(subnets)
    if any(subnet and is_public(meter.template, subnet) for subnet in _subnets(subnets)):
        meter.hourly("Public IPv4 addresses", "public_ipv4.hour", number + tasks)
        meter.usage("Data to the internet", "internet.gb", "internet_gb")


def _subnets(places: Node) -> list[Resource | None]:
    return [each.resource("AWS::EC2::Subnet") for each in places.items]


def _capacity_provider(meter: Meter) -> None:
    if not meter.resource["ManagedInstancesProvider"].missing:
        meter.unknown("ECS Managed Instances", "ECS chooses the instances, and bills a fee by their types")
    if meter.resource["AutoScalingGroupProvider"]["ManagedScaling"]["Status"].text == "ENABLED":
        # ECS makes a target tracking policy:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
        meter.add("Alarm metrics", "cloudwatch.alarm", TRACKING_ALARMS)


def _ecs_cluster(meter: Meter) -> None:
    """Metrics of Container Insights are custom metrics, whose number depends on services and tasks:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContainerInsights.html
    """
    for setting in meter.resource["ClusterSettings"].items:
        if setting["Name"].text == "containerInsights" and setting["Value"].text in ("enabled", "enhanced"):
            price = "cloudwatch.metric" if setting["Value"].text == "enabled" else "cloudwatch.insights_metric"
            meter.usage("Container Insights", price, "insights_metrics")


def _eks_cluster(meter: Meter) -> None:
    """Only the standard tier has no additional cost:
    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_eks.ControlPlaneScalingTier.html
    """
    cluster = meter.resource
    end = END_OF_STANDARD_SUPPORT.get(cluster["Version"].text or "", date.max)
    standard = cluster["UpgradePolicy"]["SupportType"].text == "STANDARD"
    extended = meter.template.today >= end and not standard
    meter.hourly("EKS control planes", "eks.extended_cluster_hour" if extended else "eks.cluster_hour")
    tier = meter.known_text(cluster["ControlPlaneScalingConfig"]["Tier"], "standard")
    if tier != "standard":
        meter.unknown("EKS control planes", f"no price of the tier {tier}, which is billed beside the cluster")
    if cluster["Logging"]["ClusterLogging"]["EnabledTypes"].items:
        add_unlisted_logs(meter, "/aws/eks/", cluster["Name"])
    if cluster["ComputeConfig"]["Enabled"].flag:
        meter.unknown("Nodes of EKS Auto Mode", "EKS chooses the instances, and bills a fee by their types")


def _add_on(meter: Meter) -> None:
    """Add-ons run on the nodes, except CoreDNS on Fargate. Container Insights bills what it observes.

    The names of add-ons of AWS Marketplace begin with that of their vendor and an underscore.
    """
    name = meter.known_text(meter.resource["AddonName"])
    if "_" in name:
        meter.unknown("Add-ons of AWS Marketplace", f"the vendor of {name} may have a price")
    if name == "amazon-cloudwatch-observability":
        meter.usage("Container Insights", "cloudwatch.insights_observation", "insights_observations")
    if name == "coredns" and _configuration(meter.resource).get("computeType") == "Fargate":
        meter.hourly("Pods on Fargate", "fargate.x86_vcpu_hour", COREDNS_PODS * COREDNS_VCPU)
        meter.hourly("Pods on Fargate", "fargate.x86_gb_hour", COREDNS_PODS * COREDNS_GB)


def _configuration(add_on: Resource) -> dict[str, object]:
    try:
        found = json.loads(add_on["ConfigurationValues"].text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _app_runner(meter: Meter) -> None:
    """App Runner bills the memory of instances that are ready, and the vCPUs of those that are busy."""
    service = meter.resource
    instance = service["InstanceConfiguration"]
    scaling = service["AutoScalingConfigurationArn"].resource("AWS::AppRunner::AutoScalingConfiguration")
    number = meter.number(scaling["MinSize"], 1) if scaling else Decimal(1)
    vcpu, gb = instance["Cpu"], instance["Memory"]
    sizes = [
        1.0 if vcpu.missing else (vcpu.in_units("vCPU") or 0) / 1024,
        2.0 if gb.missing else (gb.in_units("GB") or 0) / 1024,
    ]
    if not all(sizes):
        raise NotKnownError("the size of an instance is known in the deployment only")
    meter.hourly("App Runner instances", "app_runner.gb_hour", number * Decimal(str(sizes[1])))
    meter.usage("Busy App Runner instances", "app_runner.vcpu_hour", "active_hours", number * Decimal(str(sizes[0])))
    source = service["SourceConfiguration"]
    automatic, image = source["AutoDeploymentsEnabled"], source["ImageRepository"]["ImageRepositoryType"].text
    # Without the property, App Runner deploys each new image of a private repository and each commit.
    if not automatic.is_off or (automatic.missing and image != "ECR_PUBLIC"):
        meter.unknown("Automatic deployments of App Runner", "no price of SourceConfiguration.AutoDeploymentsEnabled")
    if service["NetworkConfiguration"]["IngressConfiguration"]["IsPubliclyAccessible"].flag is not False:
        meter.usage("Data to the internet", "internet.gb", "internet_gb")


PRICERS = {
    "AWS::AppRunner::Service": _app_runner,
    _PROVIDER: _capacity_provider,
    "AWS::ECS::Cluster": _ecs_cluster,
    "AWS::ECS::ExpressGatewayService": _express,
    "AWS::ECS::Service": _service,
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::EKS::Addon": _add_on,
    "AWS::EKS::Cluster": _eks_cluster,
}
