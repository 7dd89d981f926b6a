"""Settings of the container of a task: its image, its health check and the paths that it writes to."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from patternbook.limits.ecs_tasks import (
    FARGATE_STOP_TIMEOUT_SECONDS,
    HIGHEST_GRACE_PERIOD_SECONDS,
    HIGHEST_STOP_TIMEOUT_SECONDS,
    START_PERIOD_SECONDS,
    check_grace_period,
    check_paths,
    lowest_grace_period,
)
from patternbook.limits.given import listed
from patternbook.network.settings import (
    ApplicationHealthCheck,
    NetworkHealthCheck,
    PathHealthCheck,
    TargetHealthCheck,
)
from patternbook.settings import fields
from patternbook.settings.base import PatternSettings, SettingsModel
from patternbook.settings.fields import Whole
from patternbook.settings.validators import Expected, Unit, prose, within

Command = Annotated[tuple[Annotated[str, prose(1024)], ...], Field(max_length=20)]
_HEALTH_CHECK: Final = 'a list of CMD and arguments, or of CMD-SHELL and one line, such as ["CMD", "/healthy"]'
DEFAULT_SIZE_MIB: Final = 64
"""Size of a writable path for which none is given."""


class ContainerHealthCheck(SettingsModel):
    """Health check inside the container, and the time that the container has to start and to stop."""

    command: Annotated[Command, Expected(_HEALTH_CHECK)] = ()
    """Health check inside the container, beginning with CMD or CMD-SHELL. Leave it empty for no such check."""
    start_period_seconds: Annotated[Whole, within(START_PERIOD_SECONDS), Unit("seconds")] = 30
    """Time that the image needs to start. Checks that fail in it do not count. Raise it for an image that starts
    slowly, such as a JVM."""
    stop_timeout_seconds: Annotated[
        Whole, Field(ge=FARGATE_STOP_TIMEOUT_SECONDS.minimum, le=HIGHEST_STOP_TIMEOUT_SECONDS), Unit("seconds")
    ] = 30
    """Time that the container has to stop after SIGTERM, before ECS kills it. Fargate allows at most 120."""

    @field_validator("command")
    @classmethod
    def _begins_with_cmd(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        right = not value or (value[0] == "CMD" and len(value) > 1) or (value[0] == "CMD-SHELL" and len(value) == 2)
        if not right:
            raise ValueError(f"Must be {_HEALTH_CHECK}.")
        return value


class ExpressHealthCheck(ContainerHealthCheck, PathHealthCheck):
    """Health checks of a service in Express Mode. ECS decides about the times of the load balancer's check."""


class BalancedHealthCheck(ContainerHealthCheck, TargetHealthCheck):
    """Health checks of a service behind a load balancer."""

    grace_period_seconds: Annotated[Whole, Field(ge=0, le=HIGHEST_GRACE_PERIOD_SECONDS), Unit("seconds")] | None = None
    """Time from the start of a task in which ECS ignores failed checks. Defaults to the time that a task needs to start
    and the load balancer needs to call it healthy: start_period_seconds + healthy_threshold x interval_seconds."""

    @field_validator("grace_period_seconds")
    @classmethod
    def _covers_the_start(cls, value: int | None, info: ValidationInfo) -> int | None:
        names = ("start_period_seconds", "interval_seconds", "healthy_threshold")
        if value is not None and set(names) <= info.data.keys():
            check_grace_period(value, **{name: info.data[name] for name in names})
        return value

    @property
    def grace_period(self) -> int:
        """The grace period in seconds, or its default."""
        if self.grace_period_seconds is not None:
            return self.grace_period_seconds
        return lowest_grace_period(
            start_period_seconds=self.start_period_seconds,
            interval_seconds=self.interval_seconds,
            healthy_threshold=self.healthy_threshold,
        )


# The first base class decides about defaults.
class WebHealthCheck(ApplicationHealthCheck, BalancedHealthCheck):
    """Health checks of a service behind an Application Load Balancer: the load balancer's, and the container's."""


class ConnectionHealthCheck(NetworkHealthCheck, BalancedHealthCheck):
    """Health checks of a service behind a Network Load Balancer: the load balancer's, and the container's."""


class WritablePath(SettingsModel):
    """A path that the image writes to. A text stands for a path of 64 MiB."""

    path: fields.AbsolutePath
    """Absolute path in the container. The image may have the directory, but its files are not visible."""
    size_mib: Annotated[Whole, Field(ge=1, le=1_048_576), Unit("MiB")] = DEFAULT_SIZE_MIB
    """Maximum size of the files in it. They take memory of the task."""

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @classmethod
    def all(cls, paths: "Sequence[str | WritablePath]") -> "list[WritablePath]":
        """The paths, of which those without a size get the default one."""
        return [cls.model_validate(path) for path in paths]


_PATH: Final = 'a path such as "/tmp", or an object with path and size_mib'
RENAMED: Final[Mapping[str, str]] = {
    f"health_check_{name}": f'Is part of health_check now. Write health_check as {{"{name}": …}}.'
    for name in ("path", "command", "protocol", "interval_seconds", "timeout_seconds")
}
"""The error messages for settings that were not yet in ``health_check``."""
_SERVED: Final = {"path": ("/", None), "matcher": ("200", None), "protocol": ("TCP", "HTTP")}
"""Values of a health check that suit the demonstrations, which answer 200 to plain HTTP on one page."""


class ContainerSettings(PatternSettings):
    """Settings of the container of a task."""

    demonstration_paths: ClassVar[tuple[str, ...]] = ()
    """Paths that the demonstration of the pattern writes to."""
    own_variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables that the pattern sets."""
    refused: ClassVar[Mapping[str, str]] = RENAMED

    image: fields.ImageUri | None = None
    """Container image of your own. Defaults to the demonstration page."""
    container_port: Annotated[Whole, Field(ge=1024, le=65535)] = 8080
    """Port that the image listens on. The container is not root, so the port cannot be below 1024."""
    entry_point: Command = ()
    """Entry point of the container. Defaults to the image's own."""
    command: Command = ()
    """Command of the container. Defaults to the image's own."""
    environment: dict[fields.EnvironmentName, Annotated[str, prose(4096)]] = Field(default={}, max_length=100)
    """Environment variables of the container, as literal texts. Set secrets and parameters instead for what others may
    not read."""
    health_check: ContainerHealthCheck = ContainerHealthCheck()
    """Health checks of the tasks, and the time that they have to start and to stop."""
    writable_paths: Annotated[tuple[Annotated[WritablePath, Expected(_PATH)], ...], Field(max_length=10)] = ()
    """Paths that the image writes to. Each is a tmpfs, of 64 MiB unless it has a size_mib, out of the task's memory. It
    belongs to the user of the task."""

    @field_validator("entry_point", "command", "environment")
    @classmethod
    def _of_an_image(cls, value: Any, info: ValidationInfo) -> Any:
        if value and is_demonstration(info):
            raise ValueError(f"Must be empty for the demonstration. Set image to use {info.field_name} of your own.")
        return value

    @field_validator("environment")
    @classmethod
    def _not_of_the_pattern(cls, value: dict[str, str]) -> dict[str, str]:
        clashing = sorted(value.keys() & set(cls.own_variables))
        if clashing:
            raise ValueError(f"Must not contain {listed(clashing)}, which the pattern sets. Choose another name.")
        return value

    @field_validator("health_check")
    @classmethod
    def _served(cls, value: ContainerHealthCheck, info: ValidationInfo) -> ContainerHealthCheck:
        unserved = [name for name, served in _SERVED.items() if getattr(value, name, served[0]) not in served]
        if unserved and is_demonstration(info):
            raise ValueError(
                f"Must suit the demonstration, which answers 200 to plain HTTP on /, but {listed(unserved)} does not. "
                "Set image to use another value."
            )
        return value

    @field_validator("writable_paths")
    @classmethod
    def _apart(cls, value: tuple[WritablePath, ...], info: ValidationInfo) -> tuple[WritablePath, ...]:
        check_paths([*paths_of(value), *cls._demonstration_paths(info)])
        return value

    @classmethod
    def _demonstration_paths(cls, info: ValidationInfo) -> tuple[str, ...]:
        return cls.demonstration_paths if is_demonstration(info) else ()


def paths_of(writable_paths: Sequence[WritablePath]) -> list[str]:
    return [each.path for each in writable_paths]


def is_demonstration(info: ValidationInfo) -> bool:
    """Whether there is no image, so that the demonstration runs."""
    return info.data.get("image", "") is None
