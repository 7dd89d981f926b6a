"""ECS Anywhere: machines outside of AWS that register with a cluster, and services that run on them.

What it cannot do is refused here, by CDK, or by a setting's name; AWS lists it in
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html#ecs-anywhere-considerations
"""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from patternbook.ecs.service import accept_exec_channel, shell_command
from patternbook.ecs.task import Task
from patternbook.limits.instance_types import Architecture
from patternbook.nag import acknowledge
from patternbook.posture import Posture

RESERVED_PORTS: Final = (22, 2375, 2376, 51678, 51679, 51680)
"""Ports of a container instance that its SSH server, Docker and the ECS agent have.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
"""
HIGHEST_PORT: Final = 32767
"""Above it are the ports that a machine gives out by itself (see the same page)."""

_INSTALLER: Final = "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh"
_SIGNING_KEY: Final = "https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg"
_FINGERPRINT: Final = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"
"""Of the key of Amazon ECS.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
"""


def check_host_port(port: int) -> None:
    """:raises ValueError: for a port that a machine has for something else."""
    if not 1 <= port <= HIGHEST_PORT or port in RESERVED_PORTS:
        reserved = ", ".join(str(number) for number in RESERVED_PORTS if number <= HIGHEST_PORT)
        raise ValueError(f"expected a port from 1 to {HIGHEST_PORT}, but for {reserved}, which the machine itself uses")


def external_cluster(scope: Construct, construct_id: str, *, posture: Posture) -> ecs.Cluster:
    """A cluster for machines outside of AWS, without a VPC, and with Container Insights as the posture says."""
    return ecs.Cluster(
        scope,
        construct_id,
        # Without one the class makes a VPC with NAT gateways, where an ECS cluster has none. This is a name only: no
        # resource, and nothing refers to it.
        vpc=ec2.Vpc.from_vpc_attributes(scope, f"{construct_id}NoVpc", vpc_id="none", availability_zones=["none"]),
        container_insights_v2=posture.container_insights,
        # The log of a shell would need more permissions of the task role; CloudTrail records who opened it.
        execute_command_configuration=ecs.ExecuteCommandConfiguration(logging=ecs.ExecuteCommandLogging.NONE),
    )


class Machines(Construct):
    """What lets machines outside of AWS into a cluster: their role, and the commands that a person runs.

    A machine gets temporary credentials of the role from AWS Systems Manager, once it has registered by a hybrid
    activation. The role may do less than the two managed policies that AWS documents
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/iam-role-ecsanywhere.html):

    - of ``AmazonEC2ContainerServiceforEC2Role``, of which AWS itself recommends to take only what is required: what
      the ECS agent calls, in this cluster. Images are pulled and logs written by the execution role of a task.
    - of ``AmazonSSMManagedInstanceCore``, which reads every parameter of the account: the heartbeat and the channels
      of the SSM agent, which AWS documents as its minimum
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
        # Which of these support resource-level permissions:
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
        for arn in (instances, managed):
            acknowledge(
                self.role,
                f"IAM5[Resource::{_shown(stack, arn)}]",
                "Machines get their ids when they register; those of the cluster are bound to it, all to this account.",
            )

    def _allow(self, actions: list[str], resources: list[str], **more: object) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, **more))  # ty: ignore[invalid-argument-type]

    @property
    def activate_command(self) -> str:
        """Gives an id and a code that let one machine register, within 24 hours."""
        return (
            f"aws ssm create-activation --region {self._stack.region} --iam-role {self.role.role_name}"
            " --registration-limit 1 --query '[ActivationId,ActivationCode]' --output text"
        )

    @property
    def register_command(self) -> str:
        """Downloads AWS's installer on the machine, verifies who signed it, and runs it.

        The packages for most distributions leave it to the machine's role to write logs: the setting has a task's
        execution role do it (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html).
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
        """Takes a machine out of the cluster and of Systems Manager."""
        region = self._stack.region
        return (
            f"aws ecs deregister-container-instance --region {region} --cluster {self._cluster.cluster_name}"
            " --container-instance INSTANCE_ID --force"
            f" && aws ssm deregister-managed-instance --region {region} --instance-id MI_ID"
        )

    @property
    def purge_command(self) -> str:
        """Stops both agents on a deregistered machine and removes them; of Debian and Ubuntu."""
        return (
            "sudo systemctl stop ecs amazon-ssm-agent && sudo apt-get purge -y amazon-ecs-init amazon-ssm-agent"
            " && sudo rm -rf /var/lib/ecs /etc/ecs /var/lib/amazon/ssm /var/log/ecs /var/log/amazon/ssm"
        )


class AnywhereService(Construct):
    """A service on machines outside of AWS, of the CPU architecture that its image is built for.

    Deployments are rolling, up to 200 %, with a circuit breaker that rolls back. Without a machine that takes its
    tasks a service never becomes stable, and CloudFormation waits for it for three hours: begin with 0 tasks.
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
        """:param task: of compatibility EXTERNAL, without files: ECS Anywhere mounts no EFS volume.
        :param architecture: of the machines that may run it; a placement constraint.
        :param desired_count: tasks. Application Auto Scaling does not support external services in CDK, and AWS does
            not document that it does at all.
        :param min_healthy_percent: of the tasks that keep running in a deployment, 0 to 100. Where tasks have a fixed
            port, a machine runs one of them, and 100 needs a machine to spare.
        :raises ValueError: for a task of another kind, one with files, and numbers out of bounds.
        """
        if task.definition.compatibility != ecs.Compatibility.EXTERNAL or task.files:
            raise ValueError(
                "task: one of compatibility EXTERNAL, without files, required: ECS Anywhere has no EFS volumes"
            )
        if desired_count < 0 or not 0 <= min_healthy_percent <= 100:
            raise ValueError(
                f"desired_count and min_healthy_percent: {desired_count} and {min_healthy_percent} given, "
                "at least 0, and 0 to 100, required"
            )
        super().__init__(scope, construct_id)
        self._task = task
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
            # CDK's default is 100, at which nothing can roll.
            max_healthy_percent=200,
            enable_execute_command=task.posture.execute_command,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        # Permission to pull, to log and to read secrets comes before the first task.
        self.service.node.add_dependency(task.execution_role)
        accept_exec_channel(task)

    @property
    def shell_command(self) -> str:
        """The command that opens a shell in one of the tasks, where the posture allows ECS Exec."""
        return shell_command(self.service, self._task)


def _shown(stack: cdk.Stack, arn: str) -> str:
    """As cdk-nag shows an ARN with references in it, such as ``arn:<AWS::Partition>:…``."""
    _, parts = stack.resolve(arn)["Fn::Join"]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
