"""Settings: what is accepted, and that everything else is refused with one message that names it all."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import app
from patternbook import PRODUCTION, SANDBOX, SettingsError
from patternbook.settings.base import PatternSettings
from patternbook.settings.context import read_cdk_json
from patternbook.settings.describe import nested_models
from patternbook.settings.loading import load
from patternbook.settings.stages import Stage
from stacks.fargate_efs import FargateEfsSettings

TYPES: Mapping[str, type[PatternSettings]] = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}


def stages(context: dict[str, Any], cdk_json: dict[str, Any] | None = None) -> dict[str | None, Stage]:
    """The stages of a context, by name."""
    return {stage.name: stage for stage in load({**(cdk_json or {}), **context}, TYPES, cdk_json=cdk_json).stages}


def fargate(context: dict[str, Any], stage: str | None = None) -> FargateEfsSettings:
    settings = stages(context)[stage].settings["FargateEfsStack"]
    assert isinstance(settings, FargateEfsSettings)
    return settings


def mistakes(context: dict[str, Any], cdk_json: dict[str, Any] | None = None) -> dict[str, str]:
    """The remedy for each path."""
    with pytest.raises(SettingsError) as caught:
        stages(context, cdk_json)
    return {mistake.path: mistake.remedy for mistake in caught.value.mistakes}


def test_defaults_work_without_any_context() -> None:
    [sandbox] = stages({}).values()
    assert sandbox.posture is SANDBOX
    assert sandbox.settings.keys() == TYPES.keys()


class TestStages:
    def test_a_posture_by_its_name_is_a_stage(self) -> None:
        found = stages({"stages": "production"})
        assert list(found) == [None, "production"]
        assert found["production"].posture is PRODUCTION
        assert found[None].posture is SANDBOX

    def test_a_name_on_the_command_line_chooses_a_stage_of_cdk_json(self) -> None:
        configured = {"live": {"posture": "production", "region": "eu-west-1"}, "test": {"posture": "sandbox"}}
        found = stages({"stages": "live"}, {"stages": configured})
        assert list(found) == [None, "live"]
        assert found["live"].region == "eu-west-1"

    def test_a_stage_says_where_and_what(self) -> None:
        entry = {
            "posture": "production",
            "patterns": ["EcrStack", "FargateEfsStack"],
            "account": "111122223333",
            "region": "eu-west-1",
            "tags": {"team": "web"},
        }
        live = stages({"stages": {"live": entry}})["live"]
        assert (live.account, live.region, live.tags) == ("111122223333", "eu-west-1", {"team": "web"})
        assert list(live.settings) == ["FargateEfsStack", "EcrStack"], "in the order of the book"

    def test_patterns_limit_what_is_built_everywhere(self) -> None:
        context = {"patterns": "FargateEfsStack, EcrStack", "stages": {"live": {"posture": "production"}}}
        assert [list(stage.settings) for stage in stages(context).values()] == [["FargateEfsStack", "EcrStack"]] * 2

    def test_the_later_place_overrides_the_earlier_one(self) -> None:
        """Each place sets all that follow to another value; the last one that is left wins."""
        of_stage = {"EveryStack": {"log_retention_days": 7}, "FargateEfsStack": {"log_retention_days": 14}}
        context: dict[str, Any] = {
            "EveryStack": {"log_retention_days": 3},
            "FargateEfsStack": {"log_retention_days": 5},
            "stages": {"live": {"posture": "production", "settings": of_stage}},
            "EveryStack.log_retention_days": "30",
            "FargateEfsStack.log_retention_days": "60",
        }
        found = []
        while True:
            found.append(fargate(context, "live" if "stages" in context else None).log_retention_days)
            if not context:
                break
            if "stages" in context and len(context) == 3:
                if of_stage:
                    of_stage.popitem()
                if of_stage:
                    continue
                del context["stages"]
            else:
                context.popitem()
        assert found == [60, 30, 14, 7, 5, 3, None]

    def test_the_sandbox_takes_nothing_of_another_stage(self) -> None:
        live = {"posture": "production", "settings": {"FargateEfsStack": {"max_tasks": 20}}}
        context = {"stages": {"live": live}}
        assert fargate(context).max_tasks == 6
        assert fargate(context, "live").max_tasks == 20

    @pytest.mark.parametrize(
        ("context", "path", "remedy"),
        [
            ({"stages": "prod"}, "stages", 'Did you mean "production"?'),
            ({"stages": 7}, "stages", "Must be an object of stages"),
            ({"stages": {"live": {}}}, "stages.live.posture", "Missing. It must be one of sandbox, production."),
            ({"stages": {"live": {"posture": "prod"}}}, "stages.live.posture", "one of sandbox, production"),
            ({"stages": {"production": {"regoin": "x"}}}, "stages.production.regoin", 'Did you mean "region"?'),
            ({"stages": {"production": {"region": "mars-1"}}}, "stages.production.region", "an AWS Region such as"),
            ({"stages": {"production": {"account": "1"}}}, "stages.production.account", "of 12 digits"),
            ({"stages": {"production": {"tags": {"aws:x": "y"}}}}, "stages.production.tags.aws:x", "a tag key"),
            ({"stages": {"production": {"patterns": ["Ecr"]}}}, "stages.production.patterns", '"EcrStack"?'),
            ({"stages": {"production": []}}, "stages.production", "Must be"),
            ({"stages": {"a_b": {"posture": "sandbox"}}}, "stages.a_b", "letters, digits and hyphens"),
            ({"stages": {"EcrStack": {"posture": "sandbox"}}}, "stages.EcrStack", "not the name of a stack"),
            (
                {"stages": {"production": {"settings": {"EcrStac": {}}}}},
                "stages.production.settings.EcrStac",
                'Did you mean "EcrStack"?',
            ),
            (
                {"stages": {"production": {"settings": {"EcrStack": {"other_days": 0}}}}},
                "stages.production.settings.EcrStack.other_days",
                "a whole number from 1",
            ),
            ({"patterns": "Ecr"}, "patterns", 'Did you mean "EcrStack"?'),
            ({"patterns": 7}, "patterns", "Must be one of FargateEfsStack"),
        ],
    )
    def test_a_wrong_stage_is_refused(self, context: dict[str, Any], path: str, remedy: str) -> None:
        found = mistakes(context)
        assert found.keys() == {path}
        assert remedy in found[path]


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "remedy"),
        [
            ("posture", "cdk synth production/FargateEfsStack -c stages=production"),
            ("stage", 'Did you mean "stages"?'),
            ("FargatEfsStack", 'Did you mean "FargateEfsStack"?'),
            ("FargatEfsStack.cpu", 'Did you mean "FargateEfsStack.cpu"?'),
            ("EverStack.cpu", 'Did you mean "EveryStack.cpu"?'),
            ("max_tasks", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("max_task", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("mount_pth", "A setting belongs to a stack."),
        ],
    )
    def test_a_key_that_resembles_one_of_ours_is_a_mistake(self, key: str, remedy: str) -> None:
        assert remedy in mistakes({key: "1"})[key]

    def test_keys_of_somebody_else_are_named_and_ignored(self) -> None:
        plan = load({"owner": "team", "costCenter": 7, "Nobody.x": "1", "@aws-cdk/core:flag": True}, TYPES)
        assert plan.ignored == ("owner", "costCenter", "Nobody.x")


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


class TestCdkJson:
    @pytest.mark.parametrize(
        ("text", "path", "remedy"),
        [
            ('{"context": }', "cdk.json, line 1, column 13", "This is not JSON"),
            ('{\n  "context": {\n    "a" 1\n  }\n}', "cdk.json, line 3, column 9", "Expecting ':' delimiter"),
            ("[]", "cdk.json", 'a JSON object with an object "context"'),
            ('{"context": 5}', "cdk.json", 'a JSON object with an object "context"'),
            ('{"context": {"EcrStack": {}, "EcrStack": {}}}', "EcrStack", "given twice"),
            ('{"context": {"EcrStack": {"other_days": 1, "other_days": 2}}}', "other_days", "given twice"),
        ],
    )
    def test_a_broken_one_says_where(self, text: str, path: str, remedy: str, tmp_path: Path) -> None:
        file = tmp_path / "cdk.json"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            read_cdk_json(file)
        [mistake] = caught.value.mistakes
        assert mistake.path == path
        assert remedy in mistake.remedy


def test_command_line_wins_over_cdk_json() -> None:
    settings = fargate({"FargateEfsStack.max_tasks": "20", "FargateEfsStack": {"max_tasks": 5, "min_tasks": 3}})
    assert (settings.min_tasks, settings.max_tasks) == (3, 20)


@pytest.mark.parametrize(
    "context",
    [{"EveryStack.log_retention_days": "30"}, {"EveryStack": {"log_retention_days": 30}}],
)
def test_every_stack_stands_for_all_that_have_the_setting(context: dict[str, Any]) -> None:
    settings = stages({**context, "EcsEc2Stack.log_retention_days": "7"})[None].settings
    days = {stack: getattr(of_stack, "log_retention_days", "not a setting") for stack, of_stack in settings.items()}
    assert days["EcsEc2Stack"] == 7, "what is said of a stack itself wins"
    del days["EcsEc2Stack"]
    assert set(days.values()) == {30, "not a setting"}


def test_command_line_wins_over_cdk_json_for_every_stack_too() -> None:
    context = {"EveryStack.log_retention_days": "30", "EveryStack": {"log_retention_days": 7}}
    assert fargate(context).log_retention_days == 30


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


def test_a_whole_stack_on_the_command_line_is_json() -> None:
    assert fargate({"FargateEfsStack": '{"max_tasks": 9}'}).max_tasks == 9


def test_keys_of_cdk_are_left_alone() -> None:
    context = {
        "@aws-cdk/core:flag": True,
        "cli-telemetry": False,
        "acknowledged-issue-numbers": [1],
        "availability-zones:account=1": ["a"],
    }
    assert load(context, TYPES).ignored == ()


SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
HEALTH_CHECK = "FargateEfsStack.health_check_command"
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
            {"FargateEfsStack.health_check_path": "/up"},
            "FargateEfsStack.health_check_path",
            "Set image to use another path",
        ),
        ({"FargateEfsStack.vpc_cidr": "127.0.0.0/16"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack.allow_plain_http": "yes"}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack": {"allow_plain_http": 1}}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack.max_tasks": "1_0"}, "FargateEfsStack.max_tasks", "a number"),
        (
            {"FargateEfsStack.health_check_command": '["CMD-SHELL", "a", "b"]'},
            "FargateEfsStack.health_check_command",
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
