"""Settings of the container of a task: what real images need, and what is refused in every ECS pattern."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import app
from patternbook import SANDBOX, LogGroup, SettingsError, Task
from patternbook.ecs.container_settings import ContainerHealthCheck, ContainerSettings, WebHealthCheck, WritablePath
from patternbook.settings.loading import load, load_settings
from patternbook.testing.synthesis import unchecked_app
from tests.unit.test_settings import PARAMETER, SECRET

TYPES = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
ECS_STACKS = [name for name, each in TYPES.items() if issubclass(each, ContainerSettings)]
IMAGE = "public.ecr.aws/a/b:1"


def only_mistake(stack: str, **settings: Any) -> tuple[str, str]:
    """The path within the stack and the remedy."""
    with pytest.raises(SettingsError) as caught:
        load_settings(TYPES[stack], settings, stack=stack)
    (mistake,) = caught.value.mistakes
    return mistake.path.removeprefix(f"{stack}."), mistake.remedy


def test_all_six_patterns_have_a_container() -> None:
    assert set(ECS_STACKS) == {
        *("FargateEfsStack", "FargatePrivateLinkStack", "EcsEc2Stack"),
        *("EcsManagedInstancesStack", "EcsAnywhereStack", "EcsExpressStack"),
    }


@pytest.mark.parametrize("stack", ECS_STACKS)
class TestEveryPattern:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("command", ["serve"]), ("entry_point", ["/entry"]), ("environment", {"LOG_LEVEL": "info"})],
    )
    def test_the_demonstration_takes_none_of_them(self, stack: str, name: str, value: Any) -> None:
        path, remedy = only_mistake(stack, **{name: value})
        assert path == name
        assert remedy == f"Must be empty for the demonstration. Set image to use {name} of your own."
        assert load_settings(TYPES[stack], {"image": IMAGE, name: value})

    @pytest.mark.parametrize(("other", "arn"), [("secrets", SECRET), ("parameters", PARAMETER)])
    def test_a_variable_has_one_source(self, stack: str, other: str, arn: str) -> None:
        path, remedy = only_mistake(stack, image=IMAGE, environment={"A": "1", "B": "2"}, **{other: {"A": arn}})
        assert path == other
        assert "Must not repeat names of environment or of the pattern's own variables, got A." in remedy

    def test_a_jvm_that_needs_two_minutes_can_be_set(self, stack: str) -> None:
        settings = load_settings(TYPES[stack], {"image": IMAGE, "health_check": {"start_period_seconds": 120}})
        assert isinstance(settings, ContainerSettings)
        assert settings.health_check.start_period_seconds == 120

    @pytest.mark.parametrize(
        ("check", "path", "remedy"),
        [
            ({"start_period_seconds": 301}, "start_period_seconds", "from 0 to 300 (startPeriod: https://docs.aws"),
            ({"stop_timeout_seconds": 1}, "stop_timeout_seconds", "from 2 to 3,600"),
            ({"command": ["wget"]}, "command", "CMD-SHELL and one line"),
            ({"interval": 5}, "interval", "Unknown setting."),
        ],
    )
    def test_bounds_of_the_health_check(self, stack: str, check: dict[str, Any], path: str, remedy: str) -> None:
        found, message = only_mistake(stack, health_check=check)
        assert found == f"health_check.{path}"
        assert remedy in message

    def test_a_text_is_told_the_json_to_type(self, stack: str) -> None:
        path, remedy = only_mistake(stack, health_check="/healthz")
        assert path == "health_check"
        assert remedy.startswith("Must be an object with ")
        assert re.search(rf"Type it as -c '{stack}\.health_check={{\"\w+\": .*}}'\.$", remedy), remedy

    @pytest.mark.parametrize("name", ["health_check_command", "health_check_interval_seconds"])
    def test_a_renamed_setting_says_the_new_key(self, stack: str, name: str) -> None:
        part = name.removeprefix("health_check_")
        _, remedy = only_mistake(stack, **{name: "x"})
        assert remedy == f'Is part of health_check now. Write health_check as {{"{part}": …}}.'

    def test_writable_paths_are_paths_or_objects(self, stack: str) -> None:
        paths = ["/tmp", {"path": "/var/cache/nginx", "size_mib": 20}, {"path": "/run"}]
        settings = load_settings(TYPES[stack], {"image": IMAGE, "writable_paths": paths})
        assert isinstance(settings, ContainerSettings)
        assert settings.writable_paths == (
            WritablePath(path="/tmp", size_mib=64),
            WritablePath(path="/var/cache/nginx", size_mib=20),
            WritablePath(path="/run", size_mib=64),
        )

    @pytest.mark.parametrize(
        ("path", "place", "remedy"),
        [
            ("tmp", "0.path", "an absolute path"),
            (7, "0", 'a path such as "/tmp", or an object with path and size_mib'),
            ({"path": "/tmp", "size_mib": 0}, "0.size_mib", "from 1 to"),
            ({"size_mib": 64}, "0.path", "Missing. It must be an absolute path"),
            ("/managed-agents/x", "", "/managed-agents (of ECS Exec) contains /managed-agents/x"),
        ],
    )
    def test_a_wrong_path_is_named(self, stack: str, path: Any, place: str, remedy: str) -> None:
        found, message = only_mistake(stack, image=IMAGE, writable_paths=[path])
        assert found == f"writable_paths.{place}".rstrip(".")
        assert remedy in message

    def test_full_paths_leave_memory_to_the_container(self, stack: str) -> None:
        settings = TYPES[stack].model_validate({"image": IMAGE})
        memory = getattr(settings, "memory_mib")  # noqa: B009
        path, remedy = only_mistake(stack, image=IMAGE, writable_paths=[{"path": "/tmp", "size_mib": memory}])
        assert path == "memory_mib"
        assert (
            f"memory_mib must be above the {memory:,} MiB that the writable paths can take, got {memory:,}." in remedy
        )
        assert load_settings(
            TYPES[stack], {"image": IMAGE, "writable_paths": [{"path": "/tmp", "size_mib": memory - 1}]}
        )


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        ("EcsAnywhereStack", {"command", "start_period_seconds", "stop_timeout_seconds"}),
        ("EcsExpressStack", {"path", "command", "start_period_seconds", "stop_timeout_seconds"}),
    ],
)
def test_a_health_check_has_only_what_the_service_supports(stack: str, names: set[str]) -> None:
    assert type(TYPES[stack].model_fields["health_check"].default).model_fields.keys() == names


@pytest.mark.parametrize("stack", ECS_STACKS)
def test_fargate_stops_a_container_after_two_minutes(stack: str) -> None:
    limit = 120 if stack.startswith(("Fargate", "EcsExpress")) else 3600
    assert load_settings(TYPES[stack], {"health_check": {"stop_timeout_seconds": limit}})
    path, remedy = only_mistake(stack, health_check={"stop_timeout_seconds": limit + 1})
    assert path in ("health_check", "health_check.stop_timeout_seconds")
    assert f"2 to {limit:,}" in remedy


def test_the_path_of_a_service_without_load_balancer_is_refused() -> None:
    assert "supports no load balancer" in only_mistake("EcsAnywhereStack", health_check_path="/")[1]


def test_an_old_name_for_every_stack_is_refused() -> None:
    with pytest.raises(SettingsError, match="No stack has this setting"):
        load({"EveryStack.health_check_command": '["CMD", "/ok"]'}, TYPES)


def healthy_after(*, up_after: int, interval: int, threshold: int, first_check: int) -> int:
    """When a load balancer calls a task healthy that answers from ``up_after`` on, and fails the checks before."""
    succeeded = [time for time in range(first_check, 10_000, interval) if time >= up_after]
    return succeeded[threshold - 1]


class TestGracePeriod:
    """ECS replaces a task that is not healthy at the end of the grace period."""

    @pytest.mark.parametrize("start", [0, 30, 120, 300])
    @pytest.mark.parametrize(("interval", "threshold"), [(15, 5), (6, 2), (10, 3), (300, 10)])
    def test_a_task_that_starts_in_time_comes_up(self, start: int, interval: int, threshold: int) -> None:
        check = WebHealthCheck(start_period_seconds=start, interval_seconds=interval, healthy_threshold=threshold)
        for first in range(interval):
            healthy = healthy_after(up_after=start, interval=interval, threshold=threshold, first_check=first)
            assert healthy <= check.grace_period

    def test_sixty_seconds_would_kill_a_jvm_that_needs_two_minutes(self) -> None:
        assert healthy_after(up_after=120, interval=15, threshold=5, first_check=0) > 60

    def test_no_shorter_one_is_accepted(self) -> None:
        check = {"start_period_seconds": 120, "interval_seconds": 10, "healthy_threshold": 3}
        assert WebHealthCheck.model_validate({**check, "grace_period_seconds": 150}).grace_period == 150
        with pytest.raises(
            ValueError, match=r"grace_period_seconds must be at least 150 \(start_period_seconds 120 \+"
        ):
            WebHealthCheck.model_validate({**check, "grace_period_seconds": 149})


@pytest.mark.parametrize("codes", ["200", "200,204", "200-299", "200-204,302", "499"])
def test_http_codes(codes: str) -> None:
    assert WebHealthCheck(matcher=codes).matcher == codes


@pytest.mark.parametrize("codes", ["", "199", "500", "299-200", "200-", "200 204", "2xx", "200,,204", "٢٠٠"])
def test_other_http_codes_are_refused(codes: str) -> None:
    path, remedy = only_mistake("FargateEfsStack", image=IMAGE, health_check={"matcher": codes})
    assert path == "health_check.matcher"
    assert remedy.startswith("Must be HTTP codes from 200 to 499")


class TestTask:
    """The construct alone."""

    @pytest.fixture
    def stack(self) -> cdk.Stack:
        return cdk.Stack(unchecked_app())

    def make(self, stack: cdk.Stack, **arguments: Any) -> Task:
        ec2.Vpc(stack, "Vpc")
        logs = LogGroup(stack, "Logs", posture=SANDBOX, retention_days=None, key=None)
        return Task(stack, "Task", posture=SANDBOX, image=IMAGE, log_group=logs, **arguments)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                {"health_check": ContainerHealthCheck(stop_timeout_seconds=121)},
                r"stop_timeout_seconds must be 2 to 120 seconds, got 121 \(stopTimeout on Fargate: ",
            ),
            (
                {"writable_paths": ["/tmp", WritablePath(path="/a", size_mib=448)]},
                r"memory_mib must be above the 512 MiB that the writable paths can take, got 512\.",
            ),
        ],
    )
    def test_refuses_mistakes_first(self, stack: cdk.Stack, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            self.make(stack, **arguments)
        assert stack.node.try_find_child("Task") is None

    def test_every_tmpfs_belongs_to_the_user(self, stack: cdk.Stack) -> None:
        """Also those of init containers, and in a definition that has other containers, too."""
        task = self.make(stack, writable_paths=["/tmp", "/run"])
        task.definition.add_container("other", image=ecs.ContainerImage.from_registry(IMAGE))
        task.run_first("init", image=IMAGE, command=["true"], writable_paths=[WritablePath(path="/w", size_mib=8)])
        (definition,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
        found = {
            container["Name"]: container.get("LinuxParameters", {}).get("Tmpfs", [])
            for container in definition["Properties"]["ContainerDefinitions"]
        }
        owner = {"MountOptions": ["uid=1000", "gid=1000"]}
        assert found == {
            "web": [{"ContainerPath": "/tmp", "Size": 64, **owner}, {"ContainerPath": "/run", "Size": 64, **owner}],
            "other": [],
            "init": [{"ContainerPath": "/w", "Size": 8, **owner}],
        }
