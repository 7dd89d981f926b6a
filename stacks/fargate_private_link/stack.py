"""Consumer VPC → interface endpoint → PrivateLink → internal Network Load Balancer → Fargate tasks (private subnets)"""

from constructs import Construct
from typing_extensions import Unpack

from patternbook import (
    EndpointConsumer,
    EndpointService,
    FargateService,
    InternalLoadBalancer,
    LogGroup,
    Monitoring,
    Network,
    PatternStack,
    Posture,
    ServiceScaling,
    StackOptions,
    Task,
    cluster,
    data_key,
)
from patternbook.limits.regions import ENDPOINT_DNS_NAME
from stacks.fargate_private_link.demonstration import web_server
from stacks.fargate_private_link.settings import FargatePrivateLinkSettings


class FargatePrivateLinkStack(PatternStack):
    """A network, a service behind a load balancer, and the endpoint service that publishes it."""

    title = "Fargate service behind an internal NLB, published by PrivateLink"
    settings_type = FargatePrivateLinkSettings

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: FargatePrivateLinkSettings,
        posture: Posture,
        **stack_options: Unpack[StackOptions],
    ) -> None:
        super().__init__(scope, construct_id, settings=settings, posture=posture, **stack_options)
        self.key = data_key(self, "Key", posture=posture, key_arn=settings.key_arn)
        self.network = Network.from_settings(self, "Network", settings, posture=posture, key=self.key)
        self.load_balancer = InternalLoadBalancer.from_settings(
            self, "Front", settings, vpc=self.network.vpc, posture=posture
        )
        self.logs = LogGroup.from_settings(self, "TaskLogs", settings, posture=posture, key=self.key)
        self.task = Task.from_settings(
            self,
            "Task",
            settings,
            posture=posture,
            log_group=self.logs,
            demonstration=web_server(settings.container_port),
        )
        self.cluster = cluster(self, "Cluster", network=self.network, posture=posture)
        self.service = FargateService.from_settings(
            self, "Fargate", settings, cluster=self.cluster, network=self.network, task=self.task
        )
        self.network.add_interface_endpoints(self.task.services_called, client=self.service.service)
        targets = self.load_balancer.serve(self.service.service)
        self.endpoint_service = EndpointService.from_settings(
            self, "EndpointService", settings, load_balancer=self.load_balancer
        )
        self.scaling = ServiceScaling.from_settings(self, "Scaling", settings, service=self.service.service)

        self.monitoring = Monitoring.from_settings(
            self, "Monitoring", settings, posture=posture, key=self.key, page="docs/fargate-private-link.md"
        )
        self.service.roll_back_on(
            self.monitoring.watch_network_load_balancer(
                self.load_balancer.load_balancer, targets, grace_period_seconds=settings.health_check.grace_period
            ),
            self.monitoring.watch_service(self.service.service, min_tasks=self.scaling.fewest_tasks),
        )

        self.output("ServiceName", self.endpoint_service.name, "Service name for the interface endpoints of consumers")
        self.output("Address", self.load_balancer.address, "Address for clients in the VPC")
        if settings.domain_name:
            self.output("LoadBalancerDnsName", self.load_balancer.dns_name, "Target of records for the domain name")
        if settings.acceptance_required:
            self.output(
                "RequestsCommand",
                self.endpoint_service.requests_command,
                "Lists the connections that wait for acceptance",
            )
            self.output(
                "AcceptCommand", self.endpoint_service.accept_command, "Accepts a connection; append its endpoint id"
            )
        if settings.private_dns_name:
            self.refuse_where_missing(ENDPOINT_DNS_NAME)
            record = self.endpoint_service.verification_record
            self.output("VerificationRecord", record, f"TXT record that verifies {settings.private_dns_name}")
        self.consumer: EndpointConsumer | None = None
        if settings.consumer:
            self.consumer = EndpointConsumer.from_settings(
                self, "Consumer", settings, posture=posture, service=self.endpoint_service, key=self.key
            )
            self.output("ConsumerAddress", self.consumer.address, "Address for clients in the consumer's VPC")
            self.output("ConsumerVpcId", self.consumer.vpc.vpc_id, "The consumer's VPC")
        if posture.execute_command:
            self.output("ShellCommand", self.service.shell_command, "Opens a shell in a task (ECS Exec)")
        self.output("LogGroupName", self.logs.log_group_name, "CloudWatch log group of the tasks")
        self.output("DashboardUrl", self.monitoring.dashboard_url, "CloudWatch dashboard")
