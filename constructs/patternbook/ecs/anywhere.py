"""ECS Anywhere: machines outside of AWS (external instances) that register with a cluster, and services on them.

AWS lists what ECS Anywhere does not support:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html#ecs-anywhere-considerations
"""

import math
from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct
from typing_extensions import Self

from patternbook.ecs.deployment import deployment_options
from patternbook.ecs.service import accept_exec_channel, roll_back_on, shell_command
from patternbook.ecs.settings import AnywhereSettings
from patternbook.ecs.task import Task
from patternbook.limits.instance_types import Architecture
from patternbook.nag import acknowledge
from patternbook.posture import Posture

_INSTALLER: Final = "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh"
_SIGNING_KEY: Final = "https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg"
_FINGERPRINT: Final = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"
"""Fingerprint of the key with which Amazon ECS signs.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
"""


def external_cluster(scope: Construct, construct_id: str, *, posture: Posture) -> ecs.Cluster:
    """A cluster for machines outside of AWS: without a VPC, and with Container Insights as the posture says."""
    return ecs.Cluster(
        scope,
        construct_id,
        # An ECS cluster has no VPC, but CDK makes one unless it is given one. This one is no resource, and nothing
        # refers to it.
        vpc=ec2.Vpc.from_vpc_attributes(scope, f"{construct_id}NoVpc", vpc_id="none", availability_zones=["none"]),
        container_insights_v2=posture.container_insights,
        # Logging of shells would need more permissions of the task role. CloudTrail records who opens one.
        execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
    )


class Machines(Construct):
    """Registers machines outside of AWS with a cluster: their role, and the commands that a person runs.

    A machine registers by a hybrid activation. AWS Systems Manager then gives it temporary credentials of the role.
    The role allows less than the two managed policies that AWS documents
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/iam-role-ecsanywhere.html):

    - From ``AmazonEC2ContainerServiceforEC2Role`` it takes what the ECS agent calls, in this cluster only. The
      execution role of a task pulls images and writes logs.
    - From ``AmazonSSMManagedInstanceCore``, which reads every parameter of the account, it takes the heartbeat and the
      channels of the SSM agent, the minimum that AWS documents
      (https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html).
      Patch Manager, Inventory and State Manager need the managed policy.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster: ecs.Cluster) -> None:
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._stack = stack = cdk.Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            description="Machines outside of AWS that register with a cluster",
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
            assumed_by=iam.ServicePrincipal(  # ty: ignore[invalid-argument-type]
                "ssm.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnEquals": {
                        "aws:SourceArn": stack.format_arn(
                            service="ssm", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
                        )
                    },
                },
            ),
        )
        # AWS lists which of these actions support resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        submit = [f"ecs:Submit{of}" for of in ("AttachmentStateChanges", "ContainerStateChange", "TaskStateChange")]
        self._allow(["ecs:RegisterContainerInstance", *submit], [cluster.cluster_arn])
        instances = stack.format_arn(
            service="ecs", resource="container-instance", resource_name=f"{cluster.cluster_name}/*"
        )
        self._allow(
            ["ecs:Poll", "ecs:StartTelemetrySession"],
            [instances],
            conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
        )
        managed = stack.format_arn(service="ssm", resource="managed-instance", resource_name="*")
        self._allow(["ssm:UpdateInstanceInformation"], [managed])
        channels = [f"ssmmessages:{verb}{of}Channel" for verb in ("Create", "Open") for of in ("Control", "Data")]
        self._allow(["ecs:DiscoverPollEndpoint", *channels], ["*"])
        acknowledge(
            self.role,
            "IAM5[Resource::*]",
            "ecs:DiscoverPollEndpoint and the four ssmmessages actions support no resource-level permissions.",
        )
        here, cluster_id = "<AWS::Region>:<AWS::AccountId>", stack.resolve(cluster.cluster_name)["Ref"]
        for resource in (f"ecs:{here}:container-instance/<{cluster_id}>/*", f"ssm:{here}:managed-instance/*"):
            acknowledge(
                self.role,
                f"IAM5[Resource::arn:<AWS::Partition>:{resource}]",
                "Machines get their ids when they register. The statements are limited to this account and cluster.",
            )

    def _allow(self, actions: list[str], resources: list[str], **more: object) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, **more))  # ty: ignore[invalid-argument-type]

    @property
    def activate_command(self) -> str:
        """The command that returns an id and a code, with which one machine can register within 24 hours."""
        return (
            f"aws ssm create-activation --region {self._stack.region} --iam-role {self.role.role_name}"
            " --registration-limit 1 --query '[ActivationId,ActivationCode]' --output text"
        )

    @property
    def register_command(self) -> str:
        """The command that downloads AWS's installer on the machine, verifies its signature, and runs it.

        On most distributions the agent would write logs with the machine's role. The agent setting makes it use the
        task's execution role (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html).
        """
        fetch, name = "curl --proto =https -fsS -o", "ecs-anywhere-install.sh"
        return (
            f"{fetch} {name} {_INSTALLER} && {fetch} {name}.asc {_INSTALLER}.asc && curl --proto =https -fsS"
            f" {_SIGNING_KEY} | gpg --import && gpg --status-fd 1 --verify {name}.asc {name}"
            f" | grep -q '^.GNUPG:. VALIDSIG .*{_FINGERPRINT}$' && sudo mkdir -p /etc/ecs"
            " && echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true | sudo tee -a /etc/ecs/ecs.config"
            f" && sudo bash {name} --region {self._stack.region} --cluster {self._cluster.cluster_name}"
            " --activation-id ACTIVATION_ID --activation-code ACTIVATION_CODE"
        )

    @property
    def deregister_command(self) -> str:
        """The command that deregisters a machine from the cluster and from Systems Manager."""
        region = self._stack.region
        return (
            f"aws ecs deregister-container-instance --region {region} --cluster {self._cluster.cluster_name}"
            " --container-instance INSTANCE_ID --force"
            f" && aws ssm deregister-managed-instance --region {region} --instance-id MI_ID"
        )

    @property
    def purge_command(self) -> str:
        """The command that stops and removes both agents on a deregistered machine with Debian or Ubuntu."""
        return (
            "sudo systemctl stop ecs amazon-ssm-agent && sudo apt-get purge -y amazon-ecs-init amazon-ssm-agent"
            " && sudo rm -rf /var/lib/ecs /etc/ecs /var/lib/amazon/ssm /var/log/ecs /var/log/amazon/ssm"
        )


class AnywhereService(Construct):
    """A service on machines outside of AWS with the CPU architecture of its image.

    Deployments are rolling, up to 200 %, with a circuit breaker that rolls back. Begin with 0 tasks: CloudFormation
    waits up to three hours for a service whose tasks no machine can run.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        task: Task,
        architecture: Architecture,
        desired_count: int = 0,
        min_healthy_percent: int = 100,
    ) -> None:
        """:param task: task of compatibility EXTERNAL, without files, because ECS Anywhere mounts no EFS volumes.
        :param architecture: CPU architecture of the machines that may run the task (a placement constraint).
        :param desired_count: number of tasks. CDK refuses auto scaling of external services, and AWS does not document
            it.
        :param min_healthy_percent: share of the tasks that keeps running in a deployment, 0 to 100. With a fixed host
            port a machine runs one task, so 100 needs a spare machine.
        :raises ValueError: if the task is of another kind or has files, or a number is out of range.
        """
        if task.definition.compatibility != ecs.Compatibility.EXTERNAL or task.files:
            raise ValueError(
                f"task must have compatibility EXTERNAL and no files, got {task.definition.compatibility.name}"
                f"{' with files' if task.files else ''}. ECS Anywhere supports no EFS volumes."
            )
        if desired_count < 0:
            raise ValueError(f"desired_count must be at least 0, got {desired_count}.")
        if not 0 <= min_healthy_percent <= 100:
            raise ValueError(f"min_healthy_percent must be 0 to 100, got {min_healthy_percent}.")
        super().__init__(scope, construct_id)
        self._task = task
        self.fewest_tasks = math.ceil(desired_count * min_healthy_percent / 100) or min(desired_count, 1)
        """Number of tasks that run at any time, also during deployments. A single task may be replaced."""
        # The agent of an external instance registers this attribute:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes
        task.definition.add_placement_constraint(
            ecs.PlacementConstraint.member_of(f"attribute:ecs.cpu-architecture == {architecture}")
        )
        self.service = ecs.ExternalService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task.definition,
            desired_count=desired_count,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=min_healthy_percent,
            # The CDK's default is 100. Then no deployment could proceed.
            max_healthy_percent=200,
            enable_execute_command=task.posture.execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            **deployment_options("rolling", posture=task.posture),
        )
        # The first task needs the permission to pull, to log and to read secrets.
        self.service.node.add_dependency(task.execution_role)
        accept_exec_channel(task)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: AnywhereSettings,
        *,
        cluster: ecs.Cluster,
        task: Task,
    ) -> Self:
        return cls(
            scope,
            construct_id,
            cluster=cluster,
            task=task,
            architecture=settings.architecture,
            desired_count=settings.desired_count,
            min_healthy_percent=settings.min_healthy_percent,
        )

    def roll_back_on(self, *alarms: Sequence[cloudwatch.Alarm]) -> None:
        """See :func:`patternbook.ecs.service.roll_back_on`."""
        roll_back_on(self.service, *alarms, posture=self._task.posture)

    @property
    def shell_command(self) -> str:
        """The command that opens a shell in a task, if the posture allows ECS Exec."""
        return shell_command(self.service, self._task)
