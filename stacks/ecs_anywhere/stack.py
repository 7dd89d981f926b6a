"""The drawing of the architecture: the package's docstring says what each part promises."""

from pathlib import Path

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    AnywhereService,
    Machines,
    Monitoring,
    PatternStack,
    Posture,
    StackOptions,
    Task,
    data_key,
    external_cluster,
    log_group,
)
from stacks.ecs_anywhere.settings import PAGES, EcsAnywhereSettings

DEMONSTRATION_IMAGE = "public.ecr.aws/docker/library/busybox:1.37"
SERVE_SCRIPT = Path(__file__).with_name("runtime") / "serve.sh"
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
        key = data_key(self, "Key", posture=posture)
        cluster = external_cluster(self, "Cluster", posture=posture)
        machines = Machines(self, "Machines", cluster=cluster)
        task_logs = log_group(self, "TaskLogs", posture=posture, retention_days=settings.log_retention_days, key=key)
        demonstration = settings.image is None
        task = Task(
            self,
            "Task",
            posture=posture,
            image=settings.image or DEMONSTRATION_IMAGE,
            port=settings.container_port,
            host_port=settings.host_port or None,
            log_group=task_logs,
            compatibility=ecs.Compatibility.EXTERNAL,
            network_mode=ecs.NetworkMode.BRIDGE,
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            command=_serve(settings) if demonstration else (),
            health_check_command=settings.health_check_command or (_probe(settings) if demonstration else ()),
            writable_paths=[*settings.writable_paths, *([PAGES] if demonstration else [])],
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
        )
        anywhere = AnywhereService(
            self,
            "Anywhere",
            cluster=cluster,
            task=task,
            architecture=settings.architecture,
            desired_count=settings.desired_count,
            min_healthy_percent=settings.min_healthy_percent,
        )
        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        self._watch(settings, anywhere.service, monitoring)

        self.output("ClusterName", cluster.cluster_name, "The cluster that machines register with")
        self.output("ActivateCommand", machines.activate_command, "With your credentials: one machine may register")
        self.output("RegisterCommand", machines.register_command, "On the machine, with what ActivateCommand gave")
        self.output(
            "RegisterScript",
            f"sudo sh {MACHINE_SCRIPT} register {self.region} {cluster.cluster_name} ACTIVATION_ID ACTIVATION_CODE",
            "The same, checked before it begins",
        )
        self.output("DeregisterCommand", machines.deregister_command, "With your credentials: takes a machine out")
        self.output("PurgeCommand", machines.purge_command, "On the machine, afterwards: removes both agents")
        self.output(
            "DeregisterScript",
            f"sudo -E sh {MACHINE_SCRIPT} deregister {self.region} {cluster.cluster_name}",
            "Both, on the machine, with your credentials in its environment",
        )
        if posture.execute_command:
            self.output("ShellCommand", anywhere.shell_command, "Opens a shell in a task")
        self.output("LogGroupName", task_logs.log_group_name, "What the tasks print")
        self.output("DashboardUrl", monitoring.dashboard_url, "Tasks, CPU and memory at a glance")

    def _watch(self, settings: EcsAnywhereSettings, service: ecs.ExternalService, monitoring: Monitoring) -> None:
        monitoring.watch_service(service, asked_by="the service")
        if settings.desired_count:
            monitoring.watch_agent_heartbeats(service, tasks=settings.desired_count)
        # Not that an agent disconnects: agents do so several times an hour, and come back by themselves.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html
        of = events.EventField.from_path
        monitoring.notify_on_event(
            "NoMachine",
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
            events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Service Action"],
                resources=[service.service_arn],
                detail={"eventName": ["SERVICE_TASK_PLACEMENT_FAILURE"]},
            ),
            description="No machine takes a task",
            message=f"No machine takes a task of {service.service_name}: {of('$.detail.reason')}, at {of('$.time')}.",
        )


def _serve(settings: EcsAnywhereSettings) -> list[str]:
    return ["sh", "-c", SERVE_SCRIPT.read_text(encoding="utf-8"), "serve.sh", str(settings.container_port), PAGES]


def _probe(settings: EcsAnywhereSettings) -> list[str]:
    return ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{settings.container_port}/"]
