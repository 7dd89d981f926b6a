"""The source of an App Runner service: a container image, or a repository that App Runner builds."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_apprunner as apprunner

from patternbook.limits.app_runner import Runtime, is_private


@dataclass(frozen=True, kw_only=True)
class SourceRepository:
    """A repository at GitHub or Bitbucket that App Runner builds and runs."""

    url: str
    """HTTPS URL of the repository."""
    connection_arn: str
    """ARN of an App Runner connection that may read the repository. A person completes its handshake in the console."""
    branch: str = "main"
    directory: str = "/"
    """Directory of the code and of ``apprunner.yaml``. Commands run there."""
    runtime: Runtime | None = None
    """Managed runtime for ``build_command`` and the start command. If it is None, ``apprunner.yaml`` configures the
    build."""
    build_command: str | None = None


@dataclass(frozen=True, kw_only=True)
class RuntimeConfiguration:
    """The configuration that images and managed runtimes have in common."""

    port: int
    start_command: str | None
    variables: Mapping[str, str]
    """ARNs of secrets and parameters, by the name of their environment variable."""

    @property
    def _secrets(self) -> list[apprunner.CfnService.KeyValuePairProperty] | None:
        pair = apprunner.CfnService.KeyValuePairProperty
        return [pair(name=name, value=arn) for name, arn in self.variables.items()] or None

    def of_image(self, image: str) -> apprunner.CfnService.ImageRepositoryProperty:
        return apprunner.CfnService.ImageRepositoryProperty(
            image_identifier=image,
            image_repository_type="ECR" if is_private(image) else "ECR_PUBLIC",
            image_configuration=apprunner.CfnService.ImageConfigurationProperty(
                port=str(self.port), start_command=self.start_command, runtime_environment_secrets=self._secrets
            ),
        )

    def of_repository(self, repository: SourceRepository) -> apprunner.CfnService.CodeRepositoryProperty:
        service = apprunner.CfnService
        values = None
        if repository.runtime is not None:
            values = service.CodeConfigurationValuesProperty(
                runtime=repository.runtime,
                build_command=repository.build_command,
                start_command=self.start_command,
                port=str(self.port),
                runtime_environment_secrets=self._secrets,
            )
        return service.CodeRepositoryProperty(
            repository_url=repository.url,
            source_code_version=service.SourceCodeVersionProperty(type="BRANCH", value=repository.branch),
            source_directory=repository.directory,
            code_configuration=service.CodeConfigurationProperty(
                configuration_source="API" if values else "REPOSITORY", code_configuration_values=values
            ),
        )
