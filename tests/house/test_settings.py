"""Settings: what is accepted, and that everything else is refused with one message that names it all."""

import re
import tempfile
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import app
from patternbook import PRODUCTION, SANDBOX, PatternStack, SettingsError
from patternbook.settings.base import Mistake, PatternSettings
from patternbook.settings.describe import nested_models
from patternbook.settings.loading import load_settings
from stacks.fargate_efs import FargateEfsSettings
from tests.book import POSTURES, REQUIRED, every_option
from tests.unit.test_ecs_ec2 import OTHER_OPTIONS

TYPES: Mapping[str, type[PatternSettings]] = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
# With what the other patterns ask for.
IN_PRODUCTION = {
    "posture": "production",
    "EveryStack.allow_plain_http": "true",
    "FargateEfsStack": {"allow_plain_http": False},
}


def fargate(context: dict[str, Any]) -> FargateEfsSettings:
    _, settings = load_settings(context, TYPES)
    result = settings["FargateEfsStack"]
    assert isinstance(result, FargateEfsSettings)
    return result


def mistakes(context: dict[str, Any]) -> dict[str, str]:
    """The remedy for each path."""
    with pytest.raises(SettingsError) as caught:
        load_settings(context, TYPES)
    return {mistake.path: mistake.remedy for mistake in caught.value.mistakes}


def test_defaults_work_without_any_context() -> None:
    posture, settings = load_settings({}, TYPES)
    assert posture is SANDBOX
    assert settings.keys() == TYPES.keys()


def test_command_line_wins_over_cdk_json() -> None:
    settings = fargate({"FargateEfsStack.max_tasks": "20", "FargateEfsStack": {"max_tasks": 5, "min_tasks": 3}})
    assert (settings.min_tasks, settings.max_tasks) == (3, 20)


@pytest.mark.parametrize(
    "context",
    [{"EveryStack.log_retention_days": "30"}, {"EveryStack": {"log_retention_days": 30}}],
)
def test_every_stack_stands_for_all_that_have_the_setting(context: dict[str, Any]) -> None:
    _, settings = load_settings({**context, "EcsEc2Stack.log_retention_days": "7"}, TYPES)
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
    load_settings(
        {
            "@aws-cdk/core:flag": True,
            "cli-telemetry": False,
            "acknowledged-issue-numbers": [1],
            "availability-zones:account=1": ["a"],
        },
        TYPES,
    )


def test_production_is_the_other_posture() -> None:
    posture, _ = load_settings({**IN_PRODUCTION, "FargateEfsStack.allow_plain_http": "true"}, TYPES)
    assert posture is PRODUCTION


SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
HEALTH_CHECK = "FargateEfsStack.health_check_command"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/greeting"


@pytest.mark.parametrize(
    ("context", "path", "remedy"),
    [
        ({"posture": "prod"}, "posture", 'one of sandbox, production; did you mean "production"'),
        ({"posture": 7}, "posture", "one of sandbox, production"),
        ({"FargatEfsStack": {}}, "FargatEfsStack", 'did you mean "FargateEfsStack"'),
        ({"FargatEfsStack.cpu": "256"}, "FargatEfsStack.cpu", 'did you mean "FargateEfsStack"'),
        ({"FargateEfsStack": 5}, "FargateEfsStack", "an object of settings"),
        ({"EveryStack": 5}, "EveryStack", "an object of settings"),
        ({"EveryStack.alarm_mail": "a@b.co"}, "EveryStack.alarm_mail", 'that a stack has; did you mean "alarm_email"'),
        ({"EveryStack": {"": 1}}, "EveryStack.", "expected a setting that a stack has"),
        ({"EverStack.cpu": "256"}, "EverStack.cpu", 'did you mean "EveryStack"'),
        (
            {"EveryStack.mount_path": "/a/../b", "EcsEc2Stack.mount_path": "/b"},
            "FargateEfsStack.mount_path",
            "an absolute path",
        ),
        ({"FargateEfsStack.max_task": "3"}, "FargateEfsStack.max_task", 'did you mean "max_tasks"'),
        ({"FargateEfsStack.zzz": "3"}, "FargateEfsStack.zzz", "expected one of image, "),
        ({"FargateEfsStack.cpu": "300"}, "FargateEfsStack.cpu", "one of 256, 512, 1024"),
        (
            {"FargateEfsStack": {"cpu": 512, "memory_mib": 512}},
            "FargateEfsStack.memory_mib",
            "with 512 CPU units these sizes, in MiB: 1024, 2048, 3072, 4096",
        ),
        ({"FargateEfsStack.cpu": "512"}, "FargateEfsStack.memory_mib", "with 512 CPU units"),
        ({"FargateEfsStack.min_tasks": "7"}, "FargateEfsStack.max_tasks", "at least min_tasks, which is 7"),
        ({"FargateEfsStack.min_tasks": "0"}, "FargateEfsStack.min_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.max_tasks": "-1"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.max_tasks": "2.5"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack": {"max_tasks": 2.5}}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack": {"max_tasks": True}}, "FargateEfsStack.max_tasks", "a number in digits"),
        ({"FargateEfsStack.max_tasks": "many"}, "FargateEfsStack.max_tasks", "a whole number from 1 to 1,000"),
        ({"FargateEfsStack.certificate_arn": "arn:x"}, "FargateEfsStack.certificate_arn", "an ARN such as "),
        ({"FargateEfsStack.web_acl_arn": SECRET}, "FargateEfsStack.web_acl_arn", "an ARN such as "),
        ({"FargateEfsStack": {"secrets": {"A": PARAMETER}}}, "FargateEfsStack.secrets.A", "an ARN such as "),
        ({"FargateEfsStack": {"secrets": {"A-B": SECRET}}}, "FargateEfsStack.secrets.A-B", "environment variable"),
        (
            {"FargateEfsStack": {"secrets": {"A": SECRET}, "parameters": {"A": PARAMETER}}},
            "FargateEfsStack.parameters",
            "names that secrets does not have too; both have A",
        ),
        ({"FargateEfsStack.vpc_cidr": "10.0.0.0/8"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack.vpc_cidr": "10.0.0.1/16"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack": {"allowed_cidrs": ["10.0.0.0/33"]}}, "FargateEfsStack.allowed_cidrs.0", "/0 to /32"),
        (
            {"FargateEfsStack.allowed_cidrs": "10.0.0.0/8"},
            "FargateEfsStack.allowed_cidrs",
            "on the command line as JSON",
        ),
        ({"FargateEfsStack": {"allowed_cidrs": []}}, "FargateEfsStack.allowed_cidrs", "a list of 1 to 20"),
        ({"FargateEfsStack.alarm_email": "ops"}, "FargateEfsStack.alarm_email", "an e-mail address"),
        ({"FargateEfsStack.log_retention_days": "8"}, "FargateEfsStack.log_retention_days", "one of 1, 3, 5, 7, 14"),
        ({"FargateEfsStack.mount_path": "/a/../b"}, "FargateEfsStack.mount_path", "an absolute path"),
        ({"FargateEfsStack": {"writable_paths": ["/shared"]}}, "FargateEfsStack.mount_path", "/shared"),
        (
            {"FargateEfsStack": {"writable_paths": ["/a", "/a"]}},
            "FargateEfsStack.writable_paths",
            "apart from each other",
        ),
        ({"FargateEfsStack": {"writable_paths": ["/shared/a"]}}, "FargateEfsStack.mount_path", "is within /shared"),
        ({"FargateEfsStack": {"writable_paths": ["/var"]}}, "FargateEfsStack.writable_paths", "is within /var"),
        ({"FargateEfsStack.mount_path": "/var/lib/amazon"}, "FargateEfsStack.mount_path", "apart from each other"),
        ({"FargateEfsStack.health_check_path": "/up"}, "FargateEfsStack.health_check_path", "or an image of yours"),
        ({"FargateEfsStack.vpc_cidr": "127.0.0.0/16"}, "FargateEfsStack.vpc_cidr", "/16 to /23"),
        ({"FargateEfsStack.allow_plain_http": "yes"}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack": {"allow_plain_http": 1}}, "FargateEfsStack.allow_plain_http", "true or false"),
        ({"FargateEfsStack.max_tasks": "1_0"}, "FargateEfsStack.max_tasks", "a number in digits"),
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
        ({"EcrStack.releases": "[" * 100_000}, "EcrStack.releases", "on the command line as JSON"),
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
            "missing; expected a whole number",
        ),
        (
            {"FargateEfsStack": {"response_time_steps": [{"above_seconds": 2, "add_tasks": 3}] * 2}},
            "FargateEfsStack.response_time_steps",
            "in rising order",
        ),
        (
            {"FargateEfsStack": {"desired_tasks": 9, "max_tasks": 6}},
            "FargateEfsStack.desired_tasks",
            "no setting of this pattern: scaling owns how many tasks run, and a deployment would reset it; "
            "set min_tasks and max_tasks",
        ),
        ({"FargatePrivateLinkStack.desired_count": "2"}, "FargatePrivateLinkStack.desired_count", "set min_tasks and"),
        ({"EcsEc2Stack.desired_tasks": "2"}, "EcsEc2Stack.desired_tasks", "set min_tasks and max_tasks"),
        ({"EcsEc2Stack.desired_instances": "7"}, "EcsEc2Stack.desired_instances", "set min_instances and max_"),
        ({"EcsEc2Stack.desired_workers": "7"}, "EcsEc2Stack.desired_workers", "set min_workers and max_workers"),
        (IN_PRODUCTION, "FargateEfsStack.allow_plain_http", "set certificate_arn"),
    ],
)
def test_refused_with_the_place_and_what_is_allowed(context: dict[str, Any], path: str, remedy: str) -> None:
    found = mistakes(context)
    assert found.keys() == {path}
    assert remedy in found[path]


def test_production_takes_a_certificate_or_the_opt_out() -> None:
    certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b"
    fargate({**IN_PRODUCTION, "FargateEfsStack.certificate_arn": certificate})
    fargate({**IN_PRODUCTION, "FargateEfsStack.allow_plain_http": "true"})


def test_every_mistake_of_a_run_is_in_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {
                "posture": "prodution",
                "Nobody.x": "1",
                "FargateEfsStack": {"cpu": 512, "memory_mib": 512, "min_tasks": 9, "alarm_email": "x"},
                "EcrStack.zzz": "1",
            },
            TYPES,
        )
    message = str(caught.value)
    assert message.startswith("Settings: 6 mistakes; no template was written.")
    for expected in (
        'posture = "prodution"',
        'Nobody.x = "1"',
        "FargateEfsStack.memory_mib = 512",
        "FargateEfsStack.max_tasks = 6",
        'FargateEfsStack.alarm_email = "x"',
        'EcrStack.zzz = "1"',
    ):
        assert expected in message


def test_a_long_value_is_cut() -> None:
    with pytest.raises(SettingsError, match=re.escape("xxx...")):
        load_settings({"FargateEfsStack.alarm_email": "x" * 10_000}, TYPES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
# Texts near what the fields take find more than random ones.
NEARLY = st.sampled_from(
    [
        "",
        "null",
        "true",
        "[]",
        "{}",
        "[1",
        "1e9",
        "٣",
        "0 0 ? * L *",
        "0 0 31W * ? *",
        "10.0.0.0/16",
        "/a",
        "\ud800",
        "${Token[a.1]}",
        "a@b.co",
        "Europe/Berlin",
        "../UTC",
        SECRET,
        PARAMETER,
        "public.ecr.aws/a/b:1",
        "v",
        "*",
        "o-a1b2c3d4e5",
    ]
)


def arbitrary(settings_type: type[PatternSettings]) -> st.SearchStrategy[dict[str, Any]]:
    names = list(settings_type.model_fields)
    inner = [st.sampled_from(list(model.model_fields)) for model in nested_models(settings_type)]
    objects = st.lists(st.dictionaries(st.one_of(*inner), JSON | NEARLY), max_size=3) if inner else st.nothing()
    values = JSON | NEARLY | st.lists(NEARLY, max_size=3) | objects | st.dictionaries(NEARLY, NEARLY, max_size=2)
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=12), values, max_size=6)


def outcome(context: dict[str, Any]) -> tuple[Mistake, ...]:
    """The mistakes; none where the context is accepted."""
    try:
        load_settings(context, TYPES)
    except SettingsError as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("stack", TYPES)
@given(data=st.data())
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_is_accepted_or_refused_cleanly(stack: str, data: st.DataObject) -> None:
    given_settings = data.draw(arbitrary(TYPES[stack]))
    posture = data.draw(st.sampled_from(["sandbox", "production"]))
    in_cdk_json = {"posture": posture, stack: given_settings}
    on_command_line = {"posture": posture} | {f"{stack}.{name}": value for name, value in given_settings.items()}
    for context in (in_cdk_json, on_command_line):
        for mistake in outcome(context):
            assert mistake.remedy
            str(mistake).encode()


@pytest.mark.parametrize("pattern", app.PATTERNS)
@given(data=st.data())
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_accepted_can_be_synthesized(
    pattern: type[PatternStack], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any of the options together, with values that provoke collisions of names."""
    monkeypatch.setenv("CDK_VALIDATION", "false")  # rung 2 has its own test; this one is about exceptions
    options = every_option(pattern) | CLASHING.get(pattern.__name__, {})
    chosen = data.draw(st.sets(st.sampled_from(sorted(options))))
    posture = data.draw(st.sampled_from(POSTURES))
    context = {"posture": posture, **REQUIRED[posture], pattern.__name__: {name: options[name] for name in chosen}}
    if outcome(context):
        return
    loaded, settings = load_settings(context, TYPES)
    with tempfile.TemporaryDirectory() as outdir:
        synthesized = cdk.App(outdir=outdir)
        pattern(synthesized, pattern.__name__, settings=settings[pattern.__name__], posture=loaded)
        synthesized.synth()


CLASHING: Mapping[str, dict[str, Any]] = {
    "FargateEfsStack": {
        "secrets": {"Key": SECRET, "Key0": SECRET, "A": SECRET, "constructor": SECRET},
        "parameters": {"B": PARAMETER, "Secret": PARAMETER, "Parameter_B": PARAMETER},
        "health_check_command": ["CMD", "${AWS::Region}", "$(x)", "a${b}"],
        "allow_plain_http": True,
    },
    "EcsEc2Stack": dict(OTHER_OPTIONS),
}


@pytest.mark.parametrize("settings_type", TYPES.values())
def test_no_setting_is_refused_and_taken(settings_type: type[PatternSettings]) -> None:
    for model in (settings_type, *nested_models(settings_type)):
        assert not model.refused.keys() & model.model_fields.keys()


@pytest.mark.parametrize("settings_type", TYPES.values())
def test_every_setting_says_what_it_is_for(settings_type: type[PatternSettings]) -> None:
    for model in (settings_type, *nested_models(settings_type)):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no docstring"
