"""EC2 instances that run containers: their volumes, and their mix of instance types and purchase options."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2


def encrypted_volumes(sizes_gib: Mapping[str, int]) -> list[ec2.BlockDevice]:
    """Encrypted gp3 volumes that are deleted with their instance.

    :param sizes_gib: size of each volume by its device name.
    """
    return [
        ec2.BlockDevice(
            device_name=device,
            volume=ec2.BlockDeviceVolume.ebs(
                gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
            ),
        )
        for device, gib in sizes_gib.items()
    ]


def mixed_instances(
    template: ec2.LaunchTemplate, *, instance_types: Sequence[str], on_demand_base: int, spot_percent: int
) -> autoscaling.MixedInstancesPolicy:
    """The mixed instances policy of an Auto Scaling group: on demand and on Spot, of several instance types.

    :param instance_types: in order of preference on demand. On Spot, price and capacity decide.
    :param on_demand_base: number of instances that run on demand before any instance runs on Spot.
    :param spot_percent: share of Spot in the instances beyond the base, 0 to 100.
    """
    return autoscaling.MixedInstancesPolicy(
        launch_template=template,
        launch_template_overrides=[
            autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(name)) for name in instance_types
        ],
        instances_distribution=autoscaling.InstancesDistribution(
            on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.PRIORITIZED,
            on_demand_base_capacity=on_demand_base,
            on_demand_percentage_above_base_capacity=100 - spot_percent,
            spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
        ),
    )
