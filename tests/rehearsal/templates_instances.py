"""Templates with EC2 instances, for the tests of types."""

from typing import Any

from tests.rehearsal.templates import (
    NETWORK,
    Resources,
    get_att,
    of,
    ref,
    trust,
)


def instances(
    *, most: int = 2, kind: str = "t4g.small", hops: int = 1, protected: bool = False, **group: Any
) -> dict[str, Any]:
    """A launch template and an Auto Scaling group with its latest version."""
    return {
        **NETWORK,
        "Role": of("IAM::Role", AssumeRolePolicyDocument=trust("ec2.amazonaws.com")),
        "Profile": of("IAM::InstanceProfile", Roles=[ref("Role")]),
        "Template": of(
            "EC2::LaunchTemplate",
            LaunchTemplateData={
                "IamInstanceProfile": {"Arn": get_att("Profile", "Arn")},
                "ImageId": "ami-1",
                "MetadataOptions": {"HttpPutResponseHopLimit": hops, "HttpTokens": "required"},
                "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [get_att("Group", "GroupId")]}],
            },
        ),
        "Instances": of(
            "AutoScaling::AutoScalingGroup",
            MaxSize=str(most),
            MinSize="0",
            MixedInstancesPolicy={
                "InstancesDistribution": {"OnDemandBaseCapacity": 1},
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {
                        "LaunchTemplateId": ref("Template"),
                        "Version": get_att("Template", "LatestVersionNumber"),
                    },
                    "Overrides": [{"InstanceType": kind}],
                },
            },
            NewInstancesProtectedFromScaleIn=protected,
            VPCZoneIdentifier=[ref("Subnet")],
            **group,
        ),
    }


def on_instances(*, name: str = "on-ec2", protection: str = "DISABLED", target: int = 100, **more: Any) -> Resources:
    """A capacity provider for the Auto Scaling group, and a cluster with it."""
    return {
        **instances(protected=protection == "ENABLED"),
        "Cluster": of("ECS::Cluster"),
        "Provider": of(
            "ECS::CapacityProvider",
            AutoScalingGroupProvider={
                "AutoScalingGroupArn": ref("Instances"),
                "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": target},
                "ManagedTerminationProtection": protection,
                **more,
            },
            Name=name,
        ),
        "Capacity": of(
            "ECS::ClusterCapacityProviderAssociations",
            CapacityProviders=[ref("Provider")],
            Cluster=ref("Cluster"),
            DefaultCapacityProviderStrategy=[{"CapacityProvider": ref("Provider"), "Weight": 1}],
        ),
    }
