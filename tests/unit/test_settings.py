"""Settings: what is accepted, and that everything else is refused with one message that names it all."""

import re
from typing import Any

import pytest

from patternbook import SANDBOX, SettingsError
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import nested_models
from stacks.fargate_efs import FargateEfsSettings
from tests.unit.loaded import TYPES, fargate, mistakes, stages


def test_defaults_work_without_any_context() -> None:
    [sandbox] = stages({}).values()
    assert sandbox.posture is SANDBOX
    assert sandbox.settings.keys() == TYPES.keys()


class TestMessages:
    def test_a_value_is_shown_as_it_was_typed(self) -> None:
        with pytest.raises(SettingsError, match='mount_path = "서울"'):
            stages({"FargateEfsStack.mount_path": "서울"})

    def test_a_mistake_in_cdk_json_names_the_file(self) -> None:
        in_file = {"EcrStack": {"other_days": 0}, "stages": {"production": {"region": "mars-1"}}}
        with pytest.raises(SettingsError) as caught:
            stages({"EcrStack.releases": "x"}, in_file)
        files = {mistake.path: mistake.file for mistake in caught.value.mistakes}
        assert files == {
            "EcrStack.other_days": "cdk.json",
            "stages.production.region": "cdk.json",
            "EcrStack.releases": "",
        }
        assert "EcrStack.other_days = 0  (in cdk.json)\n" in str(caught.value)

    def test_a_shared_mistake_is_said_once(self) -> None:
        assert mistakes({"EveryStack.log_retention_days": "31"}).keys() == {"EveryStack.log_retention_days"}

    def test_host_bits_are_named(self) -> None:
        remedy = mistakes({"FargateEfsStack.vpc_cidr": "10.0.0.1/16"})["FargateEfsStack.vpc_cidr"]
        assert "10.0.0.1/16 has host bits set. Its block is 10.0.0.0/16." in remedy

    def test_a_text_of_endless_length_is_refused(self) -> None:
        remedy = mistakes({"FargateEfsStack.mount_path": "/" + "a" * 6000})["FargateEfsStack.mount_path"]
        assert remedy == "Must be at most 2,048 characters, got 6,001."

    def test_broken_json_is_told_where_and_how_it_is_typed(self) -> None:
        remedy = mistakes({"EcrStack.scan_severities": "[CRITICAL]"})["EcrStack.scan_severities"]
        assert "not JSON: Expecting value, at character 2" in remedy
        assert remedy.endswith("""Type it as -c 'EcrStack.scan_severities=["CRITICAL"]'.""")

    def test_nothing_is_typed_where_the_mistake_is_in_a_file(self) -> None:
        in_file = {"EcrStack": {"scan_severities": "CRITICAL"}}
        assert "Type it" not in mistakes({}, in_file)["EcrStack.scan_severities"]


def test_command_line_texts_become_typed_values() -> None:
    settings = fargate(
        {
            "FargateEfsStack.cpu": "1024",
            "FargateEfsStack.memory_mib": "4096",
            "FargateEfsStack.allow_plain_http": "true",
            "FargateEfsStack.allowed_cidrs": '["10.0.0.0/8"]',
            "FargateEfsStack.alarm_email": "null",
            "FargateEfsStack.response_time_steps": '[{"above_seconds": 0.5, "add_tasks": 2}]',
        }
    )
    assert (settings.cpu, settings.memory_mib, settings.allow_plain_http) == (1024, 4096, True)
    assert settings.allowed_cidrs == ("10.0.0.0/8",)
    assert settings.alarm_email is None
    assert settings.response_time_steps[0].add_tasks == 2


SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"

PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/greeting"


@pytest.mark.parametrize(
    ("context", "path", "remedy"),
    [
        ({"FargateEfsStack": 5}, "FargateEfsStack", "an object of settings"),
        ({"EveryStack": 5}, "EveryStack", "an object of settings"),
        (
            {"EveryStack.alarm_mail": "a@b.co"},
            "EveryStack.alarm_mail",
            'No stack has this setting. Did you mean "alarm_email"?',
        ),
        ({"EveryStack": {"": 1}}, "EveryStack.", "No stack has this setting."),
        (
            {"EveryStack.mount_path": "/a/../b", "EcsEc2Stack.mount_path": "/b"},
            "EveryStack.mount_path",
            "an absolute path",
        ),
        ({"FargateEfsStack.max_task": "3"}, "FargateEfsStack.max_task", 'Did you mean "max_tasks"?'),
        ({"FargateEfsStack.zzz": "3"}, "FargateEfsStack.zzz", "It must be one of image, "),
        ({"FargateEfsStack.cpu": "300"}, "FargateEfsStack.cpu", "one of 256, 512, 1024"),
        (
            {"FargateEfsStack": {"cpu": 512, "memory_mib": 512}},
            "FargateEfsStack.memory_mib",
            "memory_mib must be one of 1024, 2048, 3072, 4096 with 512 CPU units, got 512.",
        ),
        ({"FargateEfsStack.cpu": "512"}, "FargateEfsStack.memory_mib", "with 512 CPU units"),
        (
            {"FargateEfsStack.min_tasks": "7"},
            "FargateEfsStack.max_tasks",
            "max_tasks must be at least min_tasks (7), got 6. Raise max_tasks or lower min_tasks.",
        ),
        ({"FargateEfsStack.min_tasks": "0"}, "FargateEfsStack.min_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.max_tasks": "-1"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.max_tasks": "2.5"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack": {"max_tasks": 2.5}}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack": {"max_tasks": True}}, "FargateEfsStack.max_tasks", "a number"),
        ({"FargateEfsStack.max_tasks": "many"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.certificate_arn": "arn:x"}, "FargateEfsStack.certificate_arn", "an ARN such as "),
        ({"FargateEfsStack.web_acl_arn": SECRET}, "FargateEfsStack.web_acl_arn", "an ARN such as "),
        ({"FargateEfsStack": {"secrets": {"A": PARAMETER}}}, "FargateEfsStack.secrets.A", "an ARN such as "),
        ({"FargateEfsStack": {"secrets": {"A-B": SECRET}}}, "FargateEfsStack.secrets.A-B", "environment variable"),
        (
            {"FargateEfsStack": {"secrets": {"A": SECRET}, "parameters": {"A": PARAMETER}}},
            "FargateEfsStack.parameters",
            "Must not repeat names of secrets, got A in both",
        ),
        ({"FargateEfsStack.vpc_cidr": "10.0.0.0/8"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack.vpc_cidr": "10.0.0.1/16"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack": {"allowed_cidrs": ["10.0.0.0/33"]}}, "FargateEfsStack.allowed_cidrs.0", "/0 to /32"),
        (
            {"FargateEfsStack.allowed_cidrs": "10.0.0.0/8"},
            "FargateEfsStack.allowed_cidrs",
            "Type it as -c",
        ),
        ({"FargateEfsStack": {"allowed_cidrs": []}}, "FargateEfsStack.allowed_cidrs", "a list of 1 to 20"),
        ({"FargateEfsStack.alarm_email": "ops"}, "FargateEfsStack.alarm_email", "an e-mail address"),
        ({"FargateEfsStack.log_retention_days": "8"}, "FargateEfsStack.log_retention_days", "one of 1, 3, 5, 7, 14"),
        ({"FargateEfsStack.mount_path": "/a/../b"}, "FargateEfsStack.mount_path", "an absolute path"),
        ({"FargateEfsStack": {"writable_paths": ["/shared"]}}, "FargateEfsStack.mount_path", "/shared"),
        (
            {"FargateEfsStack": {"writable_paths": ["/a", "/a"]}},
            "FargateEfsStack.writable_paths",
            "Paths must not contain each other, but /a is there twice.",
        ),
        (
            {"FargateEfsStack": {"writable_paths": ["/shared/a"]}},
            "FargateEfsStack.mount_path",
            "/shared contains /shared/a",
        ),
        (
            {"FargateEfsStack": {"writable_paths": ["/var"]}},
            "FargateEfsStack.writable_paths",
            "/var contains /var/lib/amazon (of ECS Exec)",
        ),
        (
            {"FargateEfsStack.mount_path": "/var/lib/amazon"},
            "FargateEfsStack.mount_path",
            "/var/lib/amazon (of ECS Exec) is there twice",
        ),
        (
            {"FargateEfsStack.health_check": '{"path": "/up"}'},
            "FargateEfsStack.health_check",
            "on /, but path does not. Set image to use another value.",
        ),
        ({"FargateEfsStack.vpc_cidr": "127.0.0.0/16"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack.allow_plain_http": "yes"}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack": {"allow_plain_http": 1}}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack.max_tasks": "1_0"}, "FargateEfsStack.max_tasks", "a number"),
        (
            {"FargateEfsStack": {"health_check": {"command": ["CMD-SHELL", "a", "b"]}}},
            "FargateEfsStack.health_check.command",
            "one line",
        ),
        (
            {"FargateEfsStack": {"secrets": {"__proto__": SECRET}}},
            "FargateEfsStack.secrets.__proto__",
            "environment variable",
        ),
        ({"EcrStack.releases": "[" * 100_000}, "EcrStack.releases", "Type it as -c"),
        (
            {"FargateEfsStack": {"scheduled_tasks": [{"cron": "0 8 * * *", "min_tasks": 1, "max_tasks": 2}]}},
            "FargateEfsStack.scheduled_tasks.0.cron",
            "six cron fields",
        ),
        (
            {
                "FargateEfsStack": {
                    "scheduled_tasks": [
                        {"cron": "0 8 ? * * *", "time_zone": "Europe/Atlantis", "min_tasks": 1, "max_tasks": 2}
                    ]
                }
            },
            "FargateEfsStack.scheduled_tasks.0.time_zone",
            "a time zone of the IANA database",
        ),
        (
            {"FargateEfsStack": {"scheduled_tasks": [{"cron": "0 8 ? * * *", "min_tasks": 1}]}},
            "FargateEfsStack.scheduled_tasks.0.max_tasks",
            "Missing. It must be a whole number",
        ),
        (
            {"FargateEfsStack": {"response_time_steps": [{"above_seconds": 2, "add_tasks": 3}] * 2}},
            "FargateEfsStack.response_time_steps",
            "in rising order",
        ),
        (
            {"FargateEfsStack": {"desired_tasks": 9, "max_tasks": 6}},
            "FargateEfsStack.desired_tasks",
            "Not supported: auto scaling owns the number of tasks, and a deployment would reset it. To pin it, set "
            "min_tasks = max_tasks.",
        ),
        (
            {"FargatePrivateLinkStack.desired_count": "2"},
            "FargatePrivateLinkStack.desired_count",
            "set min_tasks = max_tasks",
        ),
        ({"EcsEc2Stack.desired_tasks": "2"}, "EcsEc2Stack.desired_tasks", "set min_tasks = max_tasks"),
        ({"EcsEc2Stack.desired_instances": "7"}, "EcsEc2Stack.desired_instances", "set min_instances = max_instances"),
        ({"EcsEc2Stack.desired_workers": "7"}, "EcsEc2Stack.desired_workers", "set min_workers = max_workers"),
    ],
)
def test_refused_with_the_place_and_what_is_allowed(context: dict[str, Any], path: str, remedy: str) -> None:
    found = mistakes(context)
    assert found.keys() == {path}
    assert remedy in found[path]


def test_every_mistake_of_a_run_is_in_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        stages(
            {
                "posture": "prodution",
                "stages": "x",
                "FargateEfsStack": {"cpu": 512, "memory_mib": 512, "min_tasks": 9, "alarm_email": "x"},
                "EcrStack.zzz": "1",
            }
        )
    message = str(caught.value)
    assert message.startswith("Settings: 6 mistakes; no template was written.")
    for expected in (
        'posture = "prodution"',
        'stages = "x"',
        "FargateEfsStack.memory_mib = 512",
        "FargateEfsStack.max_tasks = 6",
        'FargateEfsStack.alarm_email = "x"',
        'EcrStack.zzz = "1"',
    ):
        assert expected in message


def test_a_long_value_is_cut() -> None:
    with pytest.raises(SettingsError, match=re.escape("xxx...")):
        stages({"FargateEfsStack.alarm_email": "x" * 10_000})


@pytest.mark.parametrize("settings_type", TYPES.values())
def test_no_setting_is_refused_and_taken(settings_type: type[PatternSettings]) -> None:
    for model in (settings_type, *nested_models(settings_type)):
        assert not model.refused.keys() & model.model_fields.keys()


def test_settings_that_express_mode_refuses_are_those_of_the_pattern_that_it_points_to() -> None:
    elsewhere = {name for name, why in TYPES["EcsExpressStack"].refused.items() if "FargateEfsStack" in why}
    assert elsewhere
    assert elsewhere <= FargateEfsSettings.model_fields.keys()


@pytest.mark.parametrize("settings_type", TYPES.values())
def test_every_setting_says_what_it_is_for(settings_type: type[PatternSettings]) -> None:
    for model in (settings_type, *nested_models(settings_type)):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no docstring"
