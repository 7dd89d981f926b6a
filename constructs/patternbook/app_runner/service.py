"""A web service on AWS App Runner.

App Runner takes no new customers, see :data:`patternbook.limits.app_runner.CLOSED_TO_NEW_CUSTOMERS`.
"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct
from typing_extensions import Self

from patternbook.app_runner.health_check import HealthCheck
from patternbook.app_runner.settings import ServiceSettings
from patternbook.app_runner.source import RuntimeConfiguration, SourceRepository
from patternbook.app_runner.vpc import VpcConnector
from patternbook.data.encryption import grant_decrypt
from patternbook.ecs.images import private_repository
from patternbook.limits.app_runner import (
    DEFAULT_MAX_INSTANCES,
    check_automatic_deployments,
    check_commands,
    check_image,
    check_key,
    check_one_source,
    check_scaling,
    check_size,
    check_variables,
    is_private,
)
from patternbook.nag import acknowledge


class AppRunnerService(Construct):
    """A service that App Runner runs and scales behind a URL with TLS.

    The service has no fixed name, so a change that replaces it (such as another key) can create the new one first.

    App Runner pulls from a private repository with the *access role*, which covers this one repository. The application
    has the *instance role*. It reads the secrets and parameters of the service, decrypts them, and sends traces to
    X-Ray; grant it more if the application needs more. The policies of both roles exist before the service does.

    App Runner encrypts its copies of the source with ``key``. It uses the permissions of the role that creates the
    service, so the key policy doesn't name App Runner: CDK's own integration test of ``@aws-cdk/aws-apprunner-alpha``
    deploys with a key that has the default policy (https://github.com/aws/aws-cdk/pull/30352).
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
        key: kms.IKey | None = None,
    ) -> None:
        """:param image: image in Amazon ECR or ECR Public. Give either this or ``repository``.
        :param port: port of the application. ``apprunner.yaml`` overrides it.
        :param start_command: overrides the start command of an image. A repository with a runtime requires it.
        :param automatic_deployments: deploys each push to the branch, or to the tag of an image of this account.
        :param cpu: CPU units. 1,024 units are one vCPU.
        :param max_concurrency: maximum number of concurrent requests to an instance, before another one starts.
        :param min_instances: number of instances that are always ready.
        :param health_check: defaults to HTTP on ``/``.
        :param secrets: environment variables, each with the full ARN of a secret of Secrets Manager. If
            ``apprunner.yaml`` names the variables, these only let the instance role read.
        :param parameters: environment variables, each with the ARN of an SSM parameter in the Region of the stack.
        :param secret_key_arns: customer managed keys that encrypt the secrets and parameters.
        :param tracing: sends OpenTelemetry traces of the application to X-Ray.
        :param connector: sends the traffic of the application into a VPC. Without it, the traffic goes to the internet.
        :param publicly_accessible: whether the service is reachable from the internet. If it isn't, add a
            :class:`patternbook.app_runner.vpc.PrivateIngress`.
        :param web_acl_arn: regional AWS WAF web ACL.
        :param key: encrypts App Runner's copies of the source.
        :raises ValueError: see the checks in :mod:`patternbook.limits.app_runner`.
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
        check_key(key.key_arn if key else None)
        check_scaling(max_concurrency=max_concurrency, min_instances=min_instances, max_instances=max_instances)
        health_check = health_check or HealthCheck()
        health_check.check()
        variables = {**(secrets or {}), **(parameters or {})}
        check_variables(variables)
        super().__init__(scope, construct_id)
        self.instance_role = iam.Role(
            self,
            "InstanceRole",
            assumed_by=iam.ServicePrincipal("tasks.apprunner.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            description="Permissions of the application",
        )
        self._grant_read(secrets or {}, parameters or {}, secret_key_arns)
        self.access_role = self._access_role(image) if image is not None and is_private(image) else None
        self.scaling = apprunner.CfnAutoScalingConfiguration(
            self, "Scaling", max_concurrency=max_concurrency, min_size=min_instances, max_size=max_instances
        )
        source = image if image is not None else f"{repository.url}, branch {repository.branch}" if repository else ""
        self.runs = f"{source}, with {cpu} CPU units and {memory_mib} MiB"
        """What the service runs, unless App Runner has rolled an update back."""
        runtime = RuntimeConfiguration(port=port, start_command=start_command, variables=variables)
        service = apprunner.CfnService
        self.service = service(
            self,
            "Service",
            source_configuration=service.SourceConfigurationProperty(
                # Set explicitly, because App Runner enables it for source code and for private images of the account.
                auto_deployments_enabled=automatic_deployments,
                image_repository=runtime.of_image(image) if image is not None else None,
                code_repository=runtime.of_repository(repository) if repository is not None else None,
                authentication_configuration=self._authentication(repository),
            ),
            instance_configuration=service.InstanceConfigurationProperty(
                cpu=str(cpu), memory=str(memory_mib), instance_role_arn=self.instance_role.role_arn
            ),
            auto_scaling_configuration_arn=self.scaling.attr_auto_scaling_configuration_arn,
            health_check_configuration=health_check.as_property(),
            network_configuration=service.NetworkConfigurationProperty(
                egress_configuration=service.EgressConfigurationProperty(
                    egress_type="VPC" if connector else "DEFAULT",
                    vpc_connector_arn=connector.arn if connector else None,
                ),
                ingress_configuration=service.IngressConfigurationProperty(is_publicly_accessible=publicly_accessible),
            ),
            observability_configuration=self._tracing() if tracing else None,
            encryption_configuration=service.EncryptionConfigurationProperty(kms_key=key.key_arn) if key else None,
        )
        self.service.node.add_dependency(self.instance_role)
        if self.access_role is not None:
            self.service.node.add_dependency(self.access_role)
        if web_acl_arn is not None:
            wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=self.arn, web_acl_arn=web_acl_arn)

    @classmethod
    def from_settings(
        cls,
        scope: Construct,
        construct_id: str,
        settings: ServiceSettings,
        *,
        connector: VpcConnector | None = None,
        key: kms.IKey | None = None,
    ) -> Self:
        repository = None
        if settings.repository_url is not None and settings.connection_arn is not None:
            repository = SourceRepository(
                url=settings.repository_url,
                connection_arn=settings.connection_arn,
                branch=settings.branch,
                directory=settings.source_directory,
                runtime=settings.runtime,
                build_command=settings.build_command,
            )
        return cls(
            scope,
            construct_id,
            image=None if repository else settings.image,
            repository=repository,
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

    @property
    def arn(self) -> str:
        return self.service.attr_service_arn

    @property
    def name(self) -> str:
        """The name that CloudFormation chose. The ARN contains it before the id."""
        return cdk.Fn.select(1, cdk.Fn.split("/", self.arn))

    @property
    def id(self) -> str:
        return self.service.attr_service_id

    @property
    def url(self) -> str:
        """The URL of the service for clients on the internet."""
        return f"https://{self.service.attr_service_url}"

    @property
    def log_groups(self) -> dict[str, str]:
        """Names of the two log groups that App Runner creates: the output of the application, and App Runner's events.

        https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cwl.html
        """
        return {kind: f"/aws/apprunner/{self.name}/{self.id}/{kind}" for kind in ("application", "service")}

    def command(self, operation: str) -> str:
        """An AWS CLI command for this service, such as ``pause-service``."""
        return f"aws apprunner {operation} --service-arn {self.arn}"

    def retention_command(self, days: int) -> str:
        """The command that sets the retention of both log groups. App Runner creates them after the service, without an
        expiry."""
        groups = " ".join(self.log_groups.values())
        return (
            f"for group in {groups}; do"
            f' aws logs put-retention-policy --log-group-name "$group" --retention-in-days {days}; done'
        )

    def _grant_read(self, secrets: Mapping[str, str], parameters: Mapping[str, str], key_arns: Sequence[str]) -> None:
        for action, arns in (
            ("secretsmanager:GetSecretValue", secrets.values()),
            ("ssm:GetParameters", parameters.values()),
        ):
            if arns:
                self.instance_role.add_to_policy(iam.PolicyStatement(actions=[action], resources=sorted(set(arns))))
        if key_arns:
            grant_decrypt(self.instance_role, key_arns)  # ty: ignore[invalid-argument-type]

    def _access_role(self, image: str) -> iam.Role:
        """AWS's managed policy AWSAppRunnerServicePolicyForECRAccess would cover every repository.

        https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
        """
        role = iam.Role(
            self,
            "AccessRole",
            assumed_by=iam.ServicePrincipal("build.apprunner.amazonaws.com"),  # ty: ignore[invalid-argument-type]
            description="Pulls the image",
        )
        repository = private_repository(self, "Repository", image)
        repository.grant_pull(role)
        repository.grant(role, "ecr:DescribeImages")
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

    def _tracing(self) -> apprunner.CfnService.ServiceObservabilityConfigurationProperty:
        # The actions of AWSXRayDaemonWriteAccess, except those for the statistics of the console.
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
