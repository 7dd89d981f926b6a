"""A web service of App Runner, from a container image or a source repository, and its ways into and out of a VPC.

App Runner takes no new customers, see :data:`patternbook.limits.app_runner.CLOSED_TO_NEW_CUSTOMERS`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from patternbook.data.encryption import grant_decrypt
from patternbook.ecs.images import private_repository
from patternbook.limits.app_runner import (
    DEFAULT_MAX_INSTANCES,
    ECR_IMAGE,
    ECR_PUBLIC_IMAGE,
    ENDED_RUNTIMES,
    HEALTH_CHECK_SECONDS,
    HEALTH_CHECK_THRESHOLD,
    MAX_CONCURRENCY,
    MIN_INSTANCES,
    RUNTIMES,
    Runtime,
    check_size,
)
from patternbook.nag import acknowledge
from patternbook.network.vpc import Network
from patternbook.settings.fields import PRIVATE_CIDR

Protocol = Literal["TCP", "HTTP"]
PRIVATE_SUBNETS: Final = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)


@dataclass(frozen=True, kw_only=True)
class SourceRepository:
    """Source code that App Runner builds and runs."""

    url: str
    """HTTPS address of the repository, at GitHub or Bitbucket."""
    connection_arn: str
    """Of an App Runner connection that may read it; somebody has to complete its handshake with the provider."""
    branch: str = "main"
    directory: str = "/"
    """Where the code is in the repository, and ``apprunner.yaml``; commands run there."""
    runtime: Runtime | None = None
    """Managed runtime to build with, by the commands given here; without one, ``apprunner.yaml`` says all of that."""
    build_command: str | None = None
    """Where there is something to build."""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How App Runner finds out which instances are well."""

    protocol: Protocol = "HTTP"
    path: str | None = None
    """Answers 200, to everybody, while the instance is well; / where it is None. With TCP there is none."""
    interval_seconds: int = 5
    timeout_seconds: int = 2
    healthy_threshold: int = 1
    """Checks in a row that make an instance healthy."""
    unhealthy_threshold: int = 5
    """Checks in a row that make it unhealthy."""


def check_one_source(*, image: str | None, repository: object | None) -> None:
    """:raises ValueError: for an image and a repository, and for neither."""
    if image is not None and repository is not None:
        raise ValueError(
            f"expected an image or a source repository, and not both: the image is {image}; leave out one of the two"
        )
    if image is None and repository is None:
        raise ValueError("expected an image or a source repository, and there is neither; give one of the two")


def check_image(image: str) -> None:
    """:raises ValueError: for an image of a registry that App Runner cannot pull from."""
    if not (is_private(image) or re.fullmatch(ECR_PUBLIC_IMAGE, image)):
        raise ValueError(
            "expected an image of Amazon ECR or of ECR Public, for App Runner pulls from no other registry; an ECR "
            "pull-through cache has those of others"
        )


def is_private(image: str) -> bool:
    """Whether an image comes from a private repository of Amazon ECR."""
    return re.match(rf"{ECR_IMAGE}([:@]|$)", image) is not None


def check_automatic_deployments(*, enabled: bool, image: str | None) -> None:
    """:raises ValueError: for automatic deployments of an image that App Runner does not watch, or that cannot change.

    https://docs.aws.amazon.com/apprunner/latest/api/API_SourceConfiguration.html
    """
    if not enabled or image is None:
        return
    if not is_private(image):
        raise ValueError("expected false with an image of ECR Public, which App Runner does not watch")
    if "@" in image:
        raise ValueError("expected false with an image by its digest, which never changes; name it by a tag")


def check_commands(*, runtime: str | None, start_command: str | None, build_command: str | None) -> None:
    """Of a source repository.

    :raises ValueError: for commands without a runtime, a runtime without a command that starts, and one out of support.
    """
    if runtime is None:
        given = [name for name, value in (("start", start_command), ("build", build_command)) if value is not None]
        if given:
            raise ValueError(
                f"expected no {' and no '.join(given)} command without a runtime: apprunner.yaml has the commands then"
            )
        return
    offered = ", ".join(RUNTIMES)
    if runtime in ENDED_RUNTIMES:
        raise ValueError(
            f"support of the runtime {runtime} ended on {ENDED_RUNTIMES[runtime]}; expected one of {offered}"
        )
    if runtime not in RUNTIMES:
        raise ValueError(f"expected a runtime of App Runner, one of {offered}, unlike {runtime}")
    if start_command is None:
        raise ValueError(f"expected a start command with the runtime {runtime}, as nothing else says how to start")


def check_scaling(*, max_concurrency: int, min_instances: int, max_instances: int) -> None:
    """:raises ValueError: for bounds that App Runner does not take, or a minimum above the maximum."""
    _check_within("max_concurrency", max_concurrency, MAX_CONCURRENCY)
    _check_within("min_instances", min_instances, MIN_INSTANCES)
    if max_instances < min_instances:
        raise ValueError(f"expected max_instances of at least min_instances, which is {min_instances}")


def check_health_check(check: HealthCheck) -> None:
    """:raises ValueError: for times and numbers that App Runner does not take, and a path with TCP."""
    check_health_check_path(protocol=check.protocol, path=check.path)
    _check_within("interval_seconds", check.interval_seconds, HEALTH_CHECK_SECONDS)
    _check_within("timeout_seconds", check.timeout_seconds, HEALTH_CHECK_SECONDS)
    _check_within("healthy_threshold", check.healthy_threshold, HEALTH_CHECK_THRESHOLD)
    _check_within("unhealthy_threshold", check.unhealthy_threshold, HEALTH_CHECK_THRESHOLD)


def check_health_check_path(*, protocol: Protocol, path: str | None) -> None:
    """:raises ValueError: for a path with TCP."""
    if protocol == "TCP" and path is not None:
        raise ValueError("expected none with TCP, which only opens a connection; or HTTP")


def check_variables(names: Sequence[str]) -> None:
    """:raises ValueError: for environment variables that are App Runner's own.

    https://docs.aws.amazon.com/apprunner/latest/api/API_ImageConfiguration.html
    """
    reserved = sorted(name for name in names if name.startswith("AWSAPPRUNNER"))
    if reserved:
        raise ValueError(f"expected names that do not begin with AWSAPPRUNNER, unlike {', '.join(reserved)}")


def _check_within(name: str, value: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} given, {low} to {high} allowed")


class VpcConnector(Construct):
    """The way of a service into a VPC: what its instances send goes through the private subnets of three AZs.

    They reach everybody by HTTPS, and what is in the VPC by TCP, where that admits :attr:`group`. Nobody reaches them
    by it. What App Runner does itself (pull images, write logs, read secrets, send traces) does not go through the VPC
    (https://docs.aws.amazon.com/apprunner/latest/dg/network-vpc.html).
    """

    def __init__(self, scope: Construct, construct_id: str, *, network: Network) -> None:
        super().__init__(scope, construct_id)
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=network.vpc, description="Instances of App Runner", allow_all_outbound=False
        )
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "HTTPS")
        self.group.add_egress_rule(
            ec2.Peer.ipv4(network.vpc.vpc_cidr_block), ec2.Port.all_tcp(), "What is in the VPC, if it admits this group"
        )
        subnets = network.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.connector = apprunner.CfnVpcConnector(
            self, "Connector", subnets=subnets.subnet_ids, security_groups=[self.group.security_group_id]
        )
        # An application calls out when it starts, and until it stops.
        self.connector.node.add_dependency(subnets.internet_connectivity_established)

    @property
    def arn(self) -> str:
        return self.connector.attr_vpc_connector_arn


class AppRunnerService(Construct):
    """A service that App Runner runs, scales, and gives a URL with TLS.

    It has no fixed name, so that a change which replaces it (another key) can make the new one first.

    Two roles. App Runner pulls from a private repository by the *access role*, which is for this one repository. The
    application has the *instance role*: it reads the secrets and parameters given by ARN, decrypts them, and sends
    traces to X-Ray; grant it what the application needs. Both policies are there before the service is.

    With ``key``, App Runner encrypts its copies of the source with it. It acts for whoever creates the service, by the
    permissions of that role, so the key policy names no service for it: CDK's own integration test of
    ``@aws-cdk/aws-apprunner-alpha`` deploys with a key that has the default policy
    (https://github.com/aws/aws-cdk/pull/30352).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        image: str | None = None,
        repository: SourceRepository | None = None,
        port: int = 8080,
        start_command: str | None = None,
        automatic_deployments: bool = False,
        cpu: int = 1024,
        memory_mib: int = 2048,
        max_concurrency: int = 100,
        min_instances: int = 1,
        max_instances: int = DEFAULT_MAX_INSTANCES,
        health_check: HealthCheck | None = None,
        secrets: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        secret_key_arns: Sequence[str] = (),
        tracing: bool = True,
        connector: VpcConnector | None = None,
        publicly_accessible: bool = True,
        web_acl_arn: str | None = None,
        key: kms.Key | None = None,
    ) -> None:
        """:param image: of Amazon ECR or of ECR Public; this or ``repository``.
        :param port: that the application listens on; ``apprunner.yaml`` says it in place of this.
        :param start_command: in place of the image's own, or for a repository with a runtime.
        :param automatic_deployments: whether each push to the tag of the image, of this account, or to the branch of
            the repository is deployed.
        :param cpu: CPU units; 1,024 are one vCPU.
        :param max_concurrency: requests at once that an instance gets before another one is started.
        :param min_instances: that are always ready.
        :param health_check: by HTTP on / where it is None.
        :param secrets: environment variables, each with the full ARN of a secret of Secrets Manager. Where
            ``apprunner.yaml`` names the variables, these let the instance role read, and no more.
        :param parameters: environment variables, each with the ARN of a parameter of SSM in the Region of the stack.
        :param secret_key_arns: of customer managed keys that secrets and parameters are encrypted with.
        :param tracing: whether spans that the application sends by OpenTelemetry go to X-Ray.
        :param connector: what instances send goes through its VPC, and to the internet where it is None.
        :param publicly_accessible: whether the internet reaches it; a :class:`PrivateIngress` does in any case.
        :param web_acl_arn: of a regional AWS WAF web ACL.
        :raises ValueError: see the ``check_`` functions of this module.
        """
        check_one_source(image=image, repository=repository)
        if image is not None:
            check_image(image)
        if repository is not None:
            check_commands(
                runtime=repository.runtime, start_command=start_command, build_command=repository.build_command
            )
        check_automatic_deployments(enabled=automatic_deployments, image=image)
        check_size(cpu, memory_mib)
        check_scaling(max_concurrency=max_concurrency, min_instances=min_instances, max_instances=max_instances)
        health_check = health_check or HealthCheck()
        check_health_check(health_check)
        given = {**(secrets or {}), **(parameters or {})}
        check_variables(list(given))
        super().__init__(scope, construct_id)
        self.instance_role = iam.Role(
            self,
            "InstanceRole",
            assumed_by=iam.ServicePrincipal("tasks.apprunner.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            description="What the application may do",
        )
        self._let_read(secrets or {}, parameters or {}, secret_key_arns)
        self.access_role = self._access_role(image) if image is not None and is_private(image) else None
        runs = _Runs(port=str(port), start_command=start_command, variables=given)
        self.scaling = apprunner.CfnAutoScalingConfiguration(
            self, "Scaling", max_concurrency=max_concurrency, min_size=min_instances, max_size=max_instances
        )
        service = apprunner.CfnService
        self.service = service(
            self,
            "Service",
            source_configuration=service.SourceConfigurationProperty(
                # Said either way: with code, and with private images of the account, App Runner would have it on.
                auto_deployments_enabled=automatic_deployments,
                image_repository=_image(image, runs) if image is not None else None,
                code_repository=_code(repository, runs) if repository is not None else None,
                authentication_configuration=self._authentication(repository),
            ),
            instance_configuration=service.InstanceConfigurationProperty(
                cpu=str(cpu), memory=str(memory_mib), instance_role_arn=self.instance_role.role_arn
            ),
            auto_scaling_configuration_arn=self.scaling.attr_auto_scaling_configuration_arn,
            health_check_configuration=service.HealthCheckConfigurationProperty(
                protocol=health_check.protocol,
                path=(health_check.path or "/") if health_check.protocol == "HTTP" else None,
                interval=health_check.interval_seconds,
                timeout=health_check.timeout_seconds,
                healthy_threshold=health_check.healthy_threshold,
                unhealthy_threshold=health_check.unhealthy_threshold,
            ),
            network_configuration=service.NetworkConfigurationProperty(
                egress_configuration=service.EgressConfigurationProperty(
                    egress_type="VPC" if connector else "DEFAULT",
                    vpc_connector_arn=connector.arn if connector else None,
                ),
                ingress_configuration=service.IngressConfigurationProperty(is_publicly_accessible=publicly_accessible),
            ),
            observability_configuration=self._trace() if tracing else None,
            encryption_configuration=service.EncryptionConfigurationProperty(kms_key=key.key_arn) if key else None,
        )
        self.service.node.add_dependency(self.instance_role)
        if self.access_role is not None:
            self.service.node.add_dependency(self.access_role)
        if web_acl_arn is not None:
            wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=self.arn, web_acl_arn=web_acl_arn)

    @property
    def arn(self) -> str:
        return self.service.attr_service_arn

    @property
    def name(self) -> str:
        """The name that CloudFormation gave it, which is in the ARN before the id."""
        return cdk.Fn.select(1, cdk.Fn.split("/", self.arn))

    @property
    def id(self) -> str:
        return self.service.attr_service_id

    @property
    def url(self) -> str:
        """Where the internet reaches it."""
        return f"https://{self.service.attr_service_url}"

    @property
    def log_groups(self) -> dict[str, str]:
        """The names of the two log groups that App Runner makes: what the application prints, and what App Runner does.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cwl.html
        """
        return {kind: f"/aws/apprunner/{self.name}/{self.id}/{kind}" for kind in ("application", "service")}

    def command(self, operation: str) -> str:
        """A command of the AWS CLI for this service, such as ``pause-service``."""
        return f"aws apprunner {operation} --service-arn {self.arn}"

    def retention_command(self, days: int) -> str:
        """The command that bounds the time, in days, for which App Runner's log groups keep what is in them: App Runner
        makes them after the service, and for ever."""
        groups = " ".join(self.log_groups.values())
        return (
            f"for group in {groups}; do"
            f' aws logs put-retention-policy --log-group-name "$group" --retention-in-days {days}; done'
        )

    def _let_read(self, secrets: Mapping[str, str], parameters: Mapping[str, str], key_arns: Sequence[str]) -> None:
        for action, arns in (
            ("secretsmanager:GetSecretValue", secrets.values()),
            ("ssm:GetParameters", parameters.values()),
        ):
            if arns:
                self.instance_role.add_to_policy(iam.PolicyStatement(actions=[action], resources=sorted(set(arns))))
        if key_arns:
            grant_decrypt(self.instance_role, key_arns)  # ty: ignore[invalid-argument-type]

    def _access_role(self, image: str) -> iam.Role:
        """AWS's managed policy for it, AWSAppRunnerServicePolicyForECRAccess, is for every repository.

        https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
        """
        role = iam.Role(
            self,
            "AccessRole",
            assumed_by=iam.ServicePrincipal("build.apprunner.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            description="Pulls the image",
        )
        pulled = private_repository(self, "Repository", image)
        pulled.grant_pull(role)
        pulled.grant(role, "ecr:DescribeImages")
        acknowledge(
            role,
            "IAM5[Resource::*]",
            "ecr:GetAuthorizationToken has no resource-level permissions; the pull names the repository.",
        )
        return role

    def _authentication(
        self, repository: SourceRepository | None
    ) -> apprunner.CfnService.AuthenticationConfigurationProperty | None:
        if repository is None and self.access_role is None:
            return None
        return apprunner.CfnService.AuthenticationConfigurationProperty(
            access_role_arn=self.access_role.role_arn if self.access_role else None,
            connection_arn=repository.connection_arn if repository else None,
        )

    def _trace(self) -> apprunner.CfnService.ServiceObservabilityConfigurationProperty:
        # What AWSXRayDaemonWriteAccess allows, but for the statistics of the console.
        # https://docs.aws.amazon.com/apprunner/latest/dg/monitor-xray.html
        self.instance_role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
                    *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
                ],
                resources=["*"],
            )
        )
        acknowledge(self.instance_role, "IAM5[Resource::*]", "X-Ray takes traces without resource-level permissions.")
        traces = apprunner.CfnObservabilityConfiguration(
            self,
            "Tracing",
            trace_configuration=apprunner.CfnObservabilityConfiguration.TraceConfigurationProperty(vendor="AWSXRAY"),
        )
        return apprunner.CfnService.ServiceObservabilityConfigurationProperty(
            observability_enabled=True, observability_configuration_arn=traces.attr_observability_configuration_arn
        )


class PrivateIngress(Construct):
    """The only way to a service that is not publicly accessible: an interface endpoint in the private subnets of a VPC.

    It admits HTTPS from ``allowed_cidrs``. Its security group is where addresses are told apart, for App Runner does
    not hand the address of a client on to AWS WAF here
    (https://docs.aws.amazon.com/apprunner/latest/dg/network-pl.html).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: AppRunnerService,
        network: Network,
        allowed_cidrs: Sequence[str] = (),
    ) -> None:
        """:param allowed_cidrs: IPv4 blocks of private addresses that may connect; the VPC's own where it is empty.
        :raises ValueError: for addresses that are no such block.
        """
        wrong = [cidr for cidr in allowed_cidrs if not PRIVATE_CIDR.accepts(cidr)]
        if wrong:
            raise ValueError(f"allowed_cidrs: {wrong} given, each {PRIVATE_CIDR.text} required")
        super().__init__(scope, construct_id)
        self.group = ec2.SecurityGroup(
            self, "Group", vpc=network.vpc, description="Endpoint of App Runner", allow_all_outbound=False
        )
        for cidr in allowed_cidrs or [network.vpc.vpc_cidr_block]:
            self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.HTTPS, "Clients")
        self.endpoint = network.vpc.add_interface_endpoint(
            "AppRunnerRequests",
            service=ec2.InterfaceVpcEndpointAwsService.APP_RUNNER_REQUESTS,
            subnets=PRIVATE_SUBNETS,
            security_groups=[self.group],
            open=False,
            # It has no private name: each service behind it gets a public one that leads to the endpoint.
            private_dns_enabled=False,
        )
        self.connection = apprunner.CfnVpcIngressConnection(
            self,
            "Connection",
            service_arn=service.arn,
            ingress_vpc_configuration=apprunner.CfnVpcIngressConnection.IngressVpcConfigurationProperty(
                vpc_id=network.vpc.vpc_id, vpc_endpoint_id=self.endpoint.vpc_endpoint_id
            ),
        )

    @property
    def url(self) -> str:
        """Where clients in the VPC reach the service."""
        return f"https://{self.connection.attr_domain_name}"


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """What an image and a runtime say alike."""

    port: str
    start_command: str | None
    variables: Mapping[str, str]

    @property
    def secrets(self) -> list[apprunner.CfnService.KeyValuePairProperty] | None:
        pair = apprunner.CfnService.KeyValuePairProperty
        return [pair(name=name, value=arn) for name, arn in self.variables.items()] or None


def _image(image: str, runs: _Runs) -> apprunner.CfnService.ImageRepositoryProperty:
    return apprunner.CfnService.ImageRepositoryProperty(
        image_identifier=image,
        image_repository_type="ECR" if is_private(image) else "ECR_PUBLIC",
        image_configuration=apprunner.CfnService.ImageConfigurationProperty(
            port=runs.port, start_command=runs.start_command, runtime_environment_secrets=runs.secrets
        ),
    )


def _code(repository: SourceRepository, runs: _Runs) -> apprunner.CfnService.CodeRepositoryProperty:
    service = apprunner.CfnService
    inline = repository.runtime is not None
    return service.CodeRepositoryProperty(
        repository_url=repository.url,
        source_code_version=service.SourceCodeVersionProperty(type="BRANCH", value=repository.branch),
        source_directory=repository.directory,
        code_configuration=service.CodeConfigurationProperty(
            configuration_source="API" if inline else "REPOSITORY",
            code_configuration_values=service.CodeConfigurationValuesProperty(
                runtime=repository.runtime,
                build_command=repository.build_command,
                start_command=runs.start_command,
                port=runs.port,
                runtime_environment_secrets=runs.secrets,
            )
            if inline
            else None,
        ),
    )
