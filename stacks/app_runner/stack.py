"""The drawing of the architecture: the package's docstring says what each part promises."""

import aws_cdk as cdk
from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    AppRunnerService,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    PrivateIngress,
    SourceRepository,
    StackOptions,
    VpcConnector,
    data_key,
)
from patternbook.app_runner.service import HealthCheck
from patternbook.limits.app_runner import CLOSED_TO_NEW_CUSTOMERS, SUCCESSOR
from stacks.app_runner.settings import AppRunnerSettings


class AppRunnerStack(PatternStack):
    """A web service of App Runner, from an image or a source repository."""

    title = "App Runner service from an image or a source repository"
    settings_type = AppRunnerSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: AppRunnerSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        if not settings.existing_customer:
            # Not an info, of which the CLI prints none as soon as there is a warning in the app.
            cdk.Annotations.of(self).add_warning_v2(
                "patternbook:appRunnerClosed",
                f"App Runner takes no new customers since {CLOSED_TO_NEW_CUSTOMERS}; its successor is {SUCCESSOR} "
                "(EcsExpressStack): docs/app-runner.md tells how to move. Customers of before set existing_customer.",
            )
        days = settings.log_retention_days
        key = data_key(self, "Key", posture=posture)
        network = (
            Network(self, "Network", posture=posture, cidr=settings.vpc_cidr, log_retention_days=days, key=key)
            if settings.vpc_connector or settings.private_ingress
            else None
        )
        connector = VpcConnector(self, "Connector", network=network) if network and settings.vpc_connector else None
        service = AppRunnerService(
            self,
            "AppRunner",
            image=None if settings.repository_url else settings.image,
            repository=_repository(settings),
            port=settings.container_port,
            start_command=settings.start_command,
            automatic_deployments=settings.automatic_deployments,
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            max_concurrency=settings.max_concurrency,
            min_instances=settings.min_instances,
            max_instances=settings.max_instances,
            health_check=HealthCheck(
                protocol=settings.health_check_protocol,
                path=settings.health_check_path,
                interval_seconds=settings.health_check_interval_seconds,
                timeout_seconds=settings.health_check_timeout_seconds,
                healthy_threshold=settings.healthy_threshold,
                unhealthy_threshold=settings.unhealthy_threshold,
            ),
            secrets=settings.secrets,
            parameters=settings.parameters,
            secret_key_arns=settings.secret_key_arns,
            tracing=settings.tracing,
            connector=connector,
            publicly_accessible=not settings.private_ingress,
            web_acl_arn=settings.web_acl_arn,
            key=key,
        )
        url, reached_from = service.url, "the internet"
        if network and settings.private_ingress:
            ingress = PrivateIngress(
                self, "Ingress", service=service, network=network, allowed_cidrs=settings.allowed_cidrs
            )
            url, reached_from = ingress.url, "the VPC"
            self.output("VpcId", network.vpc.vpc_id, "Where clients of the service are")

        monitoring = Monitoring(self, "Monitoring", email=settings.alarm_email, key=key)
        scales = settings.min_instances < settings.max_instances
        monitoring.watch_app_runner(service.name, service.id, most_instances=settings.max_instances if scales else None)

        self.output("Url", url, f"The service, for clients in {reached_from}")
        self.output("ServiceArn", service.arn, "What commands of App Runner take")
        self.output("DeployCommand", service.command("start-deployment"), "Deploys what the source has now")
        self.output("PauseCommand", service.command("pause-service"), "Stops it, and what it costs")
        self.output("ResumeCommand", service.command("resume-service"), "Starts it again")
        logs = service.log_groups["application"]
        self.output("LogsCommand", f"aws logs tail {logs} --follow", "Shows what the application prints")
        retention = posture.log_retention_days if days is None else days
        self.output("RetentionCommand", service.retention_command(retention), "Bounds how long App Runner's logs stay")
        if connector:
            self.output(
                "ConnectorGroupId", connector.group.security_group_id, "What a database in the VPC has to admit"
            )
        self.output("DashboardUrl", monitoring.dashboard_url, "Load and health at a glance")


def _repository(settings: AppRunnerSettings) -> SourceRepository | None:
    if settings.repository_url is None or settings.connection_arn is None:
        return None
    return SourceRepository(
        url=settings.repository_url,
        connection_arn=settings.connection_arn,
        branch=settings.branch,
        directory=settings.source_directory,
        runtime=settings.runtime,
        build_command=settings.build_command,
    )
