"""The launch template of ECS container instances: AMI, instance role, security group, volumes and agent settings."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.ec2.instances import encrypted_volumes
from patternbook.limits.instance_types import Architecture
from patternbook.limits.operating_systems import VOLUMES_GIB, OperatingSystem
from patternbook.nag import acknowledge
from patternbook.partitions import instance_principal

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
_AGENT_SETTINGS: Final = tuple(
    f"echo {name}=true >> /etc/ecs/ecs.config"
    for name in (
        "ECS_ENABLE_TASK_IAM_ROLE",
        "ECS_AWSVPC_BLOCK_IMDS",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING",
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE",
    )
)
# Bottlerocket always has the other two. https://bottlerocket.dev/en/os/latest/api/settings/ecs/
_BOTTLEROCKET_SETTINGS: Final = ("awsvpc-block-imds = true", "enable-spot-instance-draining = true")

AGENT_SETTINGS: Final[dict[OperatingSystem, tuple[str, ...]]] = {
    "al2023": _AGENT_SETTINGS,
    "bottlerocket": _BOTTLEROCKET_SETTINGS,
}
"""User data that follows the lines with the name of the cluster. The last of those opens Bottlerocket's table."""


def launch_template(
    scope: Construct,
    construct_id: str,
    *,
    operating_system: OperatingSystem,
    architecture: Architecture,
    security_group: ec2.ISecurityGroup,
    role: iam.Role,
) -> ec2.LaunchTemplate:
    """A launch template with the recommended AMI, IMDSv2 and encrypted volumes; its user data is still empty."""
    return ec2.LaunchTemplate(
        scope,
        construct_id,
        machine_image=_machine_image(operating_system, architecture),
        security_group=security_group,
        # CDK would add permissions for every cluster and log group, and a managed policy for Bottlerocket.
        role=role.without_policy_updates(),
        user_data=ec2.UserData.custom("") if operating_system == "bottlerocket" else ec2.UserData.for_linux(),
        require_imdsv2=True,
        http_put_response_hop_limit=1,
        associate_public_ip_address=False,
        detailed_monitoring=True,
        block_devices=encrypted_volumes(VOLUMES_GIB[operating_system]),
    )


def _machine_image(operating_system: OperatingSystem, architecture: Architecture) -> ec2.IMachineImage:
    """The recommended AMI by its public SSM parameter, which CloudFormation reads at each deployment."""
    arm = architecture == "arm64"
    if operating_system == "bottlerocket":
        return ecs.BottleRocketImage(
            variant=ecs.BottlerocketEcsVariant.AWS_ECS_2,
            architecture=ec2.InstanceArchitecture.ARM_64 if arm else ec2.InstanceArchitecture.X86_64,
        )
    hardware = ecs.AmiHardwareType.ARM if arm else ecs.AmiHardwareType.STANDARD
    return ecs.EcsOptimizedImage.amazon_linux2023(hardware)


def instance_role(scope: Construct, construct_id: str, *, cluster: ecs.Cluster) -> iam.Role:
    """An instance role for the ECS agent, in one cluster, and for Session Manager.

    It allows less than the managed policy AmazonEC2ContainerServiceforEC2Role, which applies to every cluster and pulls
    images.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    stack = cdk.Stack.of(scope)
    role = iam.Role(scope, construct_id, assumed_by=instance_principal(scope))  # ty: ignore[invalid-argument-type]

    def allow(actions: list[str], resource: str, conditions: dict[str, dict[str, str]] | None = None) -> None:
        iam.Grant.add_to_principal(
            grantee=role, actions=actions, resource_arns=[resource], conditions=conditions
        ).assert_success()

    instances = stack.format_arn(
        service="ecs", resource="container-instance", resource_name=f"{cluster.cluster_name}/*"
    )
    servers = stack.format_arn(service="ec2", resource="instance", resource_name="*")
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster.cluster_arn}}
    allow(
        [
            *("ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"),
            *("ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"),
        ],
        cluster.cluster_arn,
    )
    # With UpdateContainerInstancesState the agent drains its instance when Spot reclaims it.
    allow(["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], instances, in_cluster)
    # AWSCloud9SSMInstanceProfile, the smallest managed policy with which Session Manager works, has this, too.
    allow(["ssm:UpdateInstanceInformation"], servers)
    allow(
        [
            "ecs:DiscoverPollEndpoint",
            *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
        ],
        "*",
    )
    cluster_id = stack.resolve(cluster.cluster_name)["Ref"]
    here = "<AWS::Region>:<AWS::AccountId>"
    ecs_arn = f"arn:<AWS::Partition>:ecs:{here}:container-instance"
    for resource, reason in {
        "*": "ecs:DiscoverPollEndpoint and the ssmmessages actions support no resource-level permissions.",
        f"{ecs_arn}/<{cluster_id}>/*": "The instances of this cluster get their ids when they register.",
        f"arn:<AWS::Partition>:ec2:{here}:instance/*": "Instances report to Session Manager by their ids.",
    }.items():
        acknowledge(role, f"IAM5[Resource::{resource}]", reason)
    return role
