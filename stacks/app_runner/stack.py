"""Internet (or VPC → interface endpoint) → App Runner → internet (or VPC connector → private subnets)."""

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
    StackOptions,
    VpcConnector,
    data_key,
)
from patternbook.data.encryption import SERVICES
from patternbook.limits.app_runner import CLOSED_TO_NEW_CUSTOMERS, SUCCESSOR
from patternbook.limits.regions import APP_RUNNER
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
        self.refuse_where_missing(APP_RUNNER)
        if not settings.existing_customer:
            # A warning, because the CLI prints no info annotations as soon as the app has a warning.
            cdk.Annotations.of(self).add_warning_v2(
                "patternbook:appRunnerClosed",
                f"App Runner takes no new customers since {CLOSED_TO_NEW_CUSTOMERS}. Its successor is {SUCCESSOR} "
                "(EcsExpressStack); docs/app-runner.md shows how to migrate. Set existing_customer if the account used "
                "App Runner before.",
            )
        needs_network = settings.vpc_connector or settings.private_ingress
        if settings.vpc and not needs_network:
            # A warning, because EveryStack can set the VPC for stacks that use it.
            cdk.Annotations.of(self).add_warning_v2(
                "patternbook:vpcUnused",
                "vpc has no effect, because the service uses no VPC without vpc_connector or private_ingress. Set one "
                "of them to true, or remove vpc.",
            )
        # Only a VPC of the stack has flow logs, which are the only log group.
        services = SERVICES if needs_network and settings.vpc is None else ("cloudwatch",)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn, services=services)
        self.network = None
        if needs_network:
            self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.connector = None
        if self.network and settings.vpc_connector:
            self.connector = VpcConnector(self, "Connector", vpc=self.network.vpc, cidr_blocks=self.network.cidr_blocks)
            self.connector.connector.node.add_dependency(self.network.connectivity)
        self.service = AppRunnerService.from_settings(
            self, "AppRunner", settings, connector=self.connector, key=self.key
        )
        self.ingress = None
        url, clients = self.service.url, "the internet"
        if self.network and settings.private_ingress:
            self.ingress = PrivateIngress.from_settings(
                self,
                "Ingress",
                settings,
                service_arn=self.service.arn,
                vpc=self.network.vpc,
                cidr_blocks=self.network.cidr_blocks,
            )
            # The endpoint comes before the traffic that it takes over.
            self.service.service.node.add_dependency(self.ingress.endpoint)
            url, clients = self.ingress.url, "clients in the VPC"
            self.output("VpcId", self.network.vpc.vpc_id, "VPC of the service's clients")
        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/app-runner.md"
        )
        scales = settings.min_instances < settings.max_instances
        self.monitoring.watch_app_runner(
            self.service.name,
            self.service.id,
            service_arn=self.service.arn,
            max_instances=settings.max_instances if scales else None,
        )

        self.output("Url", url, f"URL of the service for {clients}")
        self.output("ServiceArn", self.service.arn, "ARN of the service, for App Runner's commands")
        self.output("Runs", self.service.runs, "What the service runs, unless App Runner rolled an update back")
        self.output("DeployCommand", self.service.command("start-deployment"), "Deploys the current source")
        self.output("PauseCommand", self.service.command("pause-service"), "Stops the service and its cost")
        self.output("ResumeCommand", self.service.command("resume-service"), "Starts the service again")
        logs = self.service.log_groups["application"]
        self.output("LogsCommand", f"aws logs tail {logs} --follow", "Shows the logs of the application")
        days = settings.log_retention_days or posture.log_retention_days
        self.output(
            "RetentionCommand", self.service.retention_command(days), "Sets the retention of App Runner's log groups"
        )
        if self.connector:
            self.output(
                "ConnectorGroupId",
                self.connector.group.security_group_id,
                "Security group that a database in the VPC must admit",
            )
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
