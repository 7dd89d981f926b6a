"""A sound account: what ``EcsManagedInstancesStack`` leaves behind, and the handles to spoil it by."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from moto.ecs.models import ecs_backends

from tests.proof import fargate_efs
from tests.proof.fargate_efs import ANYWHERE, EXEC_CHANNEL

HERE = "arn:aws:ecs:eu-west-1:123456789012"
AGENT = (
    (["ecs:DiscoverPollEndpoint"], "*"),
    (
        ["ecs:RegisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitTaskStateChange"],
        f"{HERE}:cluster/cluster",
    ),
    (["ecs:Poll", "ecs:StartTelemetrySession", "ecs:PutSystemLogEvents"], f"{HERE}:container-instance/cluster/*"),
)


class Account(fargate_efs.Account):
    """In moto, in the posture given. A break changes one thing of it."""

    name = "EcsManagedInstancesStack"
    watched: ClassVar[Mapping[str, Sequence[str]]] = {
        namespace: metrics for namespace, metrics in fargate_efs.ALARMS.items() if namespace != "AWS/EFS"
    }

    def _groups(self) -> None:
        self.front_group = self._group(
            "front", [(port, ANYWHERE) for port in ((80, 443) if self.production else (80,))]
        )
        self.task_group = self._group("tasks", [(8080, self.front_group)])
        self.instance_group = self._group("instances", [])
        for group in (self.task_group, self.instance_group):
            self.open(group, 443, ANYWHERE, outwards=True)

    def _file_system(self) -> None:
        """There is none."""

    def _task(self) -> None:
        iam = self.client("iam")
        role = iam.create_role(RoleName="task", AssumeRolePolicyDocument="{}")["Role"]
        if not self.production:
            self.let_task(EXEC_CHANNEL)
        self.task = {
            "family": "tasks",
            "taskRoleArn": role["Arn"],
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["MANAGED_INSTANCES"],
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "cpu": "256",
            "memory": "256",
            "containerDefinitions": [
                {
                    "name": "web",
                    "image": "public.ecr.aws/docker/library/busybox:1.37",
                    "user": "1000:1000",
                    "readonlyRootFilesystem": True,
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": self.log_group}},
                }
            ],
        }

    def _service(self) -> None:
        super()._service()
        self._roles()
        self._made("AWS::ECS::CapacityProvider", "managed")
        self.launch: dict[str, Any] = {
            "ec2InstanceProfileArn": self.profile,
            "networkConfiguration": {"subnets": self.subnets["private"], "securityGroups": [self.instance_group]},
            "instanceRequirements": {
                "vCpuCount": {"min": 1, "max": 4},
                "memoryMiB": {"min": 1024, "max": 16384},
                "cpuManufacturers": ["amazon-web-services"],
            },
        }
        self._provider()
        self.offer("managed")
        self.go_through("managed")

    def _provider(self) -> None:
        """By API moto makes providers of Auto Scaling groups only; it describes what its record has."""
        self.client("ecs").create_capacity_provider(
            name="managed", autoScalingGroupProvider={"autoScalingGroupArn": "none"}
        )
        record: Any = self._backend().capacity_providers["managed"]
        record.auto_scaling_group_provider = None
        record.managed_instances_provider = {
            "infrastructureRoleArn": self.infrastructure_role,
            "instanceLaunchTemplate": self.launch,
        }

    def _roles(self) -> None:
        iam = self.client("iam")
        self.instance_role = iam.create_role(RoleName="instance", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        made = iam.create_instance_profile(InstanceProfileName="instance")["InstanceProfile"]
        self.profile = made["Arn"]
        iam.add_role_to_instance_profile(InstanceProfileName="instance", RoleName="instance")
        self.let("instance", *(allow(actions, resource) for actions, resource in AGENT))
        role = iam.create_role(RoleName="infrastructure", AssumeRolePolicyDocument="{}")["Role"]
        self.infrastructure_role = role["Arn"]
        self.attach("infrastructure", "AmazonECSInfrastructureRolePolicyForManagedInstances")
        self.let("infrastructure", self.pass_role())

    def pass_role(self, **wrong: Any) -> dict[str, Any]:
        to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        return {**allow(["iam:PassRole"], self.instance_role), "Condition": to_ec2, **wrong}

    def let(self, role: str, *statements: Mapping[str, Any]) -> None:
        """Allows this to a role, and nothing else."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.client("iam").put_role_policy(RoleName=role, PolicyName="default", PolicyDocument=document)

    def attach(self, role: str, policy: str) -> None:
        iam, document = (
            self.client("iam"),
            json.dumps({"Version": "2012-10-17", "Statement": [allow(["s3:GetObject"], "*")]}),
        )
        arn = iam.create_policy(PolicyName=policy, PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    def offer(self, *providers: str) -> None:
        """Which providers the cluster has; by API moto takes those of Fargate only."""
        self._backend().clusters["cluster"].capacity_providers = list(providers)

    @staticmethod
    def _backend() -> Any:
        return next(
            backend
            for regions in ecs_backends.values()
            for backend in regions.values()
            if "cluster" in backend.clusters
        )

    def go_through(self, provider: str) -> None:
        self.update_service(capacityProviderStrategy=[{"capacityProvider": provider, "weight": 1}])


def allow(actions: Sequence[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}
