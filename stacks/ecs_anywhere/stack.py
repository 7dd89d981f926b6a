"""Machines outside of AWS → ECS control plane (external cluster) → tasks on those machines → CloudWatch"""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    AnywhereService,
    LogGroup,
    Machines,
    Monitoring,
    PatternStack,
    Posture,
    StackOptions,
    Task,
    data_key,
    external_cluster,
)
from patternbook.limits.regions import ECS_ANYWHERE
from stacks.ecs_anywhere.demonstration import web_server
from stacks.ecs_anywhere.settings import EcsAnywhereSettings

MACHINE_SCRIPT = "stacks/ecs_anywhere/runtime/machine.sh"


class EcsAnywhereStack(PatternStack):
    """A cluster without a network, a role that lets machines in, and a service that runs on them."""

    title = "ECS Anywhere: a service on machines outside of AWS"
    settings_type = EcsAnywhereSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EcsAnywhereSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.refuse_where_missing(ECS_ANYWHERE)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.cluster = external_cluster(self, "Cluster", posture=posture)
        self.machines = Machines(self, "Machines", cluster=self.cluster)
        self.logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        self.task = Task.from_settings(
            self,
            "Task",
            settings,
            posture=posture,
            log_group=self.logs,
            compatibility=ecs.Compatibility.EXTERNAL,
            network_mode=ecs.NetworkMode.BRIDGE,
            demonstration=web_server(settings.container_port),
        )
        self.service = AnywhereService.from_settings(self, "Anywhere", settings, cluster=self.cluster, task=self.task)
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/ecs-anywhere.md"
        )
        self.service.roll_back_on(
            self.monitoring.watch_service(self.service.service, min_tasks=self.service.fewest_tasks)
        )
        if settings.desired_count:
            self.monitoring.watch_agent_heartbeats(self.service.service, tasks=settings.desired_count)
        self._notify_on_placement_failure()
        self._add_machine_commands()
        if posture.execute_command:
            self.output("ShellCommand", self.service.shell_command, "Opens a shell in a task (ECS Exec)")
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the tasks")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")

    def _notify_on_placement_failure(self) -> None:
        # Disconnected agents cause no message: they disconnect several times an hour and reconnect by themselves.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html
        service, detail = self.service.service, events.EventField.from_path
        reason, time = detail("$.detail.reason"), detail("$.time")
        self.monitoring.notify_on_event(
            "NoMachine",
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Service Action"],
                resources=[service.service_arn],
                detail={"eventName": ["SERVICE_TASK_PLACEMENT_FAILURE"]},
            ),
            description="No machine can run a task",
            message=f"No machine can run a task of {service.service_name} ({time}): {reason}.",
        )

    def _add_machine_commands(self) -> None:
        machines, name = self.machines, self.cluster.cluster_name
        self.output("ClusterName", name, "Cluster that machines register with")
        self.output(
            "ActivateCommand", machines.activate_command, "With your credentials: creates an activation for one machine"
        )
        self.output(
            "RegisterCommand",
            machines.register_command,
            "On the machine: registers it with the id and code of ActivateCommand",
        )
        self.output(
            "RegisterScript",
            f"sudo sh {MACHINE_SCRIPT} register {self.region} {name} ACTIVATION_ID ACTIVATION_CODE",
            "On the machine: does the same and checks the machine first",
        )
        self.output("DeregisterCommand", machines.deregister_command, "With your credentials: deregisters a machine")
        self.output("PurgeCommand", machines.purge_command, "On the deregistered machine: removes both agents")
        self.output(
            "DeregisterScript",
            f"sudo -E sh {MACHINE_SCRIPT} deregister {self.region} {name}",
            "On the machine, with your credentials in its environment: does both",
        )
