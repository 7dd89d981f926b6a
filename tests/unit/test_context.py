"""The context: which keys are ours, where they come from, and which of two wins."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import app
from patternbook import SettingsError
from patternbook.settings.context import CONTEXT_OF_CLI, USER_FILE, read_cdk_json, read_files
from patternbook.settings.keys import ignored
from patternbook.settings.loading import load
from tests.unit.loaded import TYPES, fargate, mistakes, plan, stages

OF_A_COMPANY = """
name account region env environment tags image cpu runtime secrets branch command storage App Ecr stage Stages max_tasks
production.image FargatEfsStack production/EcrStack.untagged_days POSTURE
"""
LOOK_UPS = """
ami availability-zones cc-api-provider endpoint-service-availability-zones hosted-zone key-provider load-balancer
load-balancer-listener plugin security-group ssm vpc-provider
"""


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("key", "remedy"),
        [
            ("posture", "cdk synth production/FargateEfsStack -c stages=production"),
            ("Posture", "A posture belongs to a stage."),
            ("POSTURE", "A posture belongs to a stage."),
            ("postures", "A posture belongs to a stage."),
            ("posture.production", "A posture belongs to a stage."),
            ("stage", 'Did you mean "stages"?'),
            ("Stages", 'Did you mean "stages"?'),
            ("stages.x", 'The key is "stages" alone.'),
            ("stages.production.posture", """-c 'stages={"live": {"posture": "production"}}'"""),
            ("patterns.x", 'The key is "patterns" alone.'),
            ("pattern", 'Did you mean "patterns"?'),
            ("FargatEfsStack", 'Did you mean "FargateEfsStack"?'),
            ("FargatEfsStack.cpu", 'Did you mean "FargateEfsStack.cpu"?'),
            ("EverStack.cpu", 'Did you mean "EveryStack.cpu"?'),
            ("ecrstack", 'Did you mean "EcrStack"?'),
            ("ECRSTACK", 'Did you mean "EcrStack"?'),
            ("ecr", 'Did you mean "EcrStack"?'),
            ("lambda-edge", 'Did you mean "LambdaEdgeStack"?'),
            ("ecrstack.untagged_days", 'Did you mean "EcrStack.untagged_days"?'),
            ("FargateEfsStack:max_tasks", 'Did you mean "FargateEfsStack.max_tasks"?'),
            ("EcrStack/untagged_days", 'Did you mean "EcrStack.untagged_days"?'),
            ("EcrStack.retention/days", "Unknown setting."),
            ("Fargate.max_tasks", 'Did you mean "FargateEfsStack.max_tasks"?'),
            ("fargate_efs.max_tasks", 'Did you mean "FargateEfsStack.max_tasks"?'),
            ("web.max_tasks", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            (".max_tasks", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("max_tasks", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("max-tasks", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("max_task", "Type FargateEfsStack.max_tasks, or EveryStack.max_tasks for all"),
            ("mount_pth", "A setting belongs to a stack."),
            ("production/EcrStack.untagged_days", "at stages.production.settings.EcrStack.untagged_days."),
            ("production.EcrStack.untagged_days", "at stages.production.settings.EcrStack.untagged_days."),
            ("production-EcrStack.untagged_days", "at stages.production.settings.EcrStack.untagged_days."),
            ("prod/ecrstack.untagged-days", "at stages.prod.settings.EcrStack.untagged_days."),
            ("production/EcrStack", "at stages.production.settings.EcrStack."),
            ("production.region", "at stages.production."),
            ("region", "belong to a stage. Put it into the context of cdk.json, such as at stages.live.region."),
            ("Account", "belong to a stage. Put it into the context of cdk.json, such as at stages.live.account."),
            ("production.max_tasks", "at stages.production.settings.EveryStack.max_tasks."),
        ],
    )
    @pytest.mark.parametrize("file", ["", "cdk.json"])
    def test_one_that_resembles_one_of_ours_is_a_mistake(self, key: str, remedy: str, file: str) -> None:
        typed, in_file = ({}, {key: "1"}) if file else ({key: "1"}, {})
        with pytest.raises(SettingsError) as caught:
            stages(typed, in_file)
        [mistake] = caught.value.mistakes
        assert (mistake.path, mistake.file) == (key, file)
        assert remedy in mistake.remedy

    def test_a_stage_of_cdk_json_is_known(self) -> None:
        found = mistakes({"live:EcrStack": 1, "live.x": 1}, {"stages": {"live": {"posture": "sandbox"}}})
        assert found["live.x"] == "Settings of a stage belong in the context of cdk.json, at stages.live."
        assert "at stages.live.settings.EcrStack." in found["live:EcrStack"]

    def test_one_of_another_tool_is_named_and_ignored(self) -> None:
        found = plan({"owner": "team", "costCenter": 7, "Nobody.x": "1"}, {"name": "web"}).ignored
        assert found == {"owner": "", "costCenter": "", "Nobody.x": "", "name": "cdk.json"}

    def test_one_of_the_cdk_passes_in_silence(self) -> None:
        known = [
            "plugin:image",
            "@aws-cdk/core:stage",
            "@company/posture:EcrStack",
            "cli-telemetry",
            "acknowledged-issue-numbers",
        ]
        known += ["aws:cdk:bundling-stacks", *(f"{name}:account=1:region=eu-west-1" for name in LOOK_UPS.split())]
        assert plan(dict.fromkeys(known, "1"), read_cdk_json(app.CDK_JSON)).ignored == {}

    @pytest.mark.parametrize("key", OF_A_COMPANY.split())
    def test_one_of_a_users_file_is_always_ignored(self, key: str) -> None:
        found = load({key: "1"}, TYPES, files={USER_FILE: {key: "1"}, "cdk.json": {}})
        assert found.ignored == ({} if "/" in key else {key: USER_FILE}), "the CDK has keys with a / and names none"

    def test_the_posture_of_earlier_versions_is_a_mistake_in_a_users_file_too(self) -> None:
        with pytest.raises(SettingsError, match=r'posture = "production"  \(in ~/\.cdk\.json\)'):
            load({"posture": "production"}, TYPES, files={USER_FILE: {"posture": "production"}, "cdk.json": {}})

    def test_one_of_two_files_is_that_of_cdk_json(self) -> None:
        both = {"owner": "team", "image": "web"}
        with pytest.raises(SettingsError) as caught:
            load(both, TYPES, files={USER_FILE: both, "cdk.json": both})
        assert [(mistake.path, mistake.file) for mistake in caught.value.mistakes] == [("image", "cdk.json")]

    @pytest.mark.parametrize("value", ["typed", 7, None, {"a": 1}])
    def test_one_with_another_value_than_in_the_users_file_is_typed(self, value: Any) -> None:
        with pytest.raises(SettingsError, match="A setting belongs to a stack"):
            load({"image": value}, TYPES, files={USER_FILE: {"image": "of the company"}, "cdk.json": {}})

    def test_sentences_name_the_file(self) -> None:
        assert [*ignored({"a": "", "b\n": USER_FILE, "c": USER_FILE})] == [
            'Context keys that no pattern knows are ignored: "a".',
            'Context keys of ~/.cdk.json that no pattern knows are ignored: "b\\n", "c".',
        ]
        [many] = ignored(dict.fromkeys(map(str, range(1_030)), ""))
        assert many.endswith('"19" and 1,010 more.')


class TestPrecedence:
    PLACES = (
        ("~/.cdk.json", "EveryStack"),
        ("cdk.json", "EveryStack"),
        ("cdk.json", "EveryStack.log_retention_days"),
        ("~/.cdk.json", "FargateEfsStack.log_retention_days"),
        ("cdk.json", "FargateEfsStack"),
        ("cdk.json", "FargateEfsStack.log_retention_days"),
        ("stage", "EveryStack"),
        ("stage", "FargateEfsStack"),
        ("typed", "EveryStack"),
        ("typed", "EveryStack.log_retention_days"),
        ("typed", "FargateEfsStack"),
        ("typed", "FargateEfsStack.log_retention_days"),
    )
    """The lowest first."""
    DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365)

    @pytest.mark.parametrize("count", range(1, len(PLACES) + 1))
    def test_the_later_place_overrides_the_earlier_ones(self, count: int) -> None:
        given: dict[str, dict[str, Any]] = {"~/.cdk.json": {}, "cdk.json": {}, "stage": {}, "typed": {}}
        for (source, key), days in zip(self.PLACES[:count], self.DAYS, strict=False):
            value = days if "." in key else {"log_retention_days": days}
            given[source][key] = json.dumps(value) if source == "typed" else value
        live = {"posture": "production", "settings": given["stage"]}
        files = {USER_FILE: given["~/.cdk.json"], "cdk.json": {**given["cdk.json"], "stages": {"live": live}}}
        whole = {**merged(files[USER_FILE], files["cdk.json"]), **given["typed"]}
        [_, stage] = load(whole, TYPES, files=files).stages
        assert getattr(stage.settings["FargateEfsStack"], "log_retention_days", 0) == self.DAYS[count - 1]

    @pytest.mark.parametrize("typed", [{"FargateEfsStack": '{"max_tasks": 9}'}, {"FargateEfsStack.max_tasks": "9"}])
    def test_an_object_on_the_command_line_overrides_each_setting_in_it(self, typed: dict[str, Any]) -> None:
        settings = {"FargateEfsStack": {"max_tasks": 8, "target_cpu_percent": 40}}
        live = {"posture": "production", "settings": settings}
        in_file = {"FargateEfsStack": {"max_tasks": 7, "min_tasks": 3}, "stages": {"live": live}}
        loaded = fargate(typed, "live", in_file)
        assert (loaded.max_tasks, loaded.min_tasks, loaded.target_cpu_percent) == (9, 3, 40)

    def test_null_in_a_file_is_what_it_is_on_the_command_line(self) -> None:
        """The CDK drops null from objects of the context that it passes on."""
        in_file = {"EveryStack": {"alarm_email": "a@b.co"}, "FargateEfsStack": {"alarm_email": None, "max_tasks": 9}}
        whole = {"EveryStack": {"alarm_email": "a@b.co"}, "FargateEfsStack": {"max_tasks": 9}}
        [sandbox] = load(whole, TYPES, files={"cdk.json": in_file}).stages
        assert getattr(sandbox.settings["FargateEfsStack"], "alarm_email", "") is None
        assert getattr(sandbox.settings["EcsEc2Stack"], "alarm_email", "") == "a@b.co"

    def test_null_instead_of_an_object_of_settings_gives_none(self) -> None:
        [sandbox] = load({}, TYPES, files={"cdk.json": {"EcrStack": None}}).stages
        assert sandbox.settings["EcrStack"] == TYPES["EcrStack"]()

    def test_an_object_with_null_is_that_of_the_file(self) -> None:
        in_file = {"FargateEfsStack": {"alarm_email": None, "response_time_steps": [None, {"a": None}], "cpu": 1}}
        whole = {"FargateEfsStack": {"response_time_steps": [None, {}], "cpu": 1}}
        with pytest.raises(SettingsError) as caught:
            load(whole, TYPES, files={"cdk.json": in_file})
        assert {mistake.file for mistake in caught.value.mistakes} == {"cdk.json"}

    @pytest.mark.parametrize(
        "context",
        [{"EveryStack.log_retention_days": "30"}, {"EveryStack": {"log_retention_days": 30}}],
    )
    def test_every_stack_stands_for_all_that_have_the_setting(self, context: dict[str, Any]) -> None:
        settings = stages({**context, "EcsEc2Stack.log_retention_days": "7"})[None].settings
        days = {stack: getattr(of_stack, "log_retention_days", "not a setting") for stack, of_stack in settings.items()}
        assert days["EcsEc2Stack"] == 7, "what is said of a stack itself wins"
        del days["EcsEc2Stack"]
        assert set(days.values()) == {30, "not a setting"}


class TestFiles:
    def test_outside_of_the_cli_only_cdk_json_counts(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (home / ".cdk.json").write_text('{"context": {"name": "web"}}')
        cdk_json = home / "cdk.json"
        monkeypatch.delenv(CONTEXT_OF_CLI, raising=False)
        assert read_files(cdk_json, {"a": 1}) == {"cdk.json": {"a": 1}}
        monkeypatch.setenv(CONTEXT_OF_CLI, "{}")
        (home / "cdk.context.json").write_text('{"vpc-provider:x": 1}')
        assert list(read_files(cdk_json, {"a": 1}).items()) == [
            ("~/.cdk.json", {"name": "web"}),
            ("cdk.context.json", {"vpc-provider:x": 1}),
            ("cdk.json", {"a": 1}),
        ]

    @pytest.mark.parametrize(
        ("text", "context"),
        [
            ('\ufeff{"context": {"name": "web"}}', {"name": "web"}),
            ('{"context": {"name": 1, "name": 2}}', {"name": 2}),
            ('{"context": 5}', {}),
            ("[]", {}),
            ("{ not json", {}),
            ('{"context": ' + "[" * 100_000, {}),
            ('{"context": ' + "9" * 6_000 + "}", {}),
            ("", {}),
        ],
    )
    def test_a_broken_users_file_is_left_to_the_cdk_cli(
        self, text: str, context: Mapping[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(CONTEXT_OF_CLI, "{}")
        (home / ".cdk.json").write_text(text, encoding="utf-8")
        assert read_files(home / "cdk.json", {})[USER_FILE] == context

    def test_a_user_without_a_home_folder_has_no_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_home(_: Path) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setenv(CONTEXT_OF_CLI, "{}")
        monkeypatch.setattr(Path, "expanduser", no_home)
        assert read_files(Path("cdk.json"), {})[USER_FILE] == {}

    @pytest.mark.parametrize(
        ("text", "path", "remedy"),
        [
            ('{"context": }', "cdk.json, line 1, column 13", "This is not JSON"),
            ('{\n  "context": {\n    "a" 1\n  }\n}', "cdk.json, line 3, column 9", "Expecting ':' delimiter"),
            ("[]", "cdk.json", 'a JSON object with an object "context"'),
            ('{"context": 5}', "cdk.json", 'a JSON object with an object "context"'),
            ('{"context": {"EcrStack": {}, "EcrStack": {}}}', "EcrStack", "given twice"),
            ('{"context": {"EcrStack": {"other_days": 1, "other_days": 2}}}', "EcrStack.other_days", "given twice"),
            ('{"context": {"a": [{}, {"b": 1, "b": 1}], "a": 2, "a": 3}}', "a.1.b", "given twice"),
            ('{"app": 1, "app": 2}', "app", "given twice"),
            ('{"context": ' + '{"a":' * 100_000, "cdk.json", "cannot be read as JSON"),
            ('{"context": {"a": ' + "[" * 100 + "]" * 100 + "}}", "cdk.json", "more than 100 lists and objects"),
        ],
    )
    def test_a_broken_cdk_json_says_where(self, text: str, path: str, remedy: str, tmp_path: Path) -> None:
        file = tmp_path / "cdk.json"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            read_cdk_json(file)
        mistake = caught.value.mistakes[0]
        assert mistake.path == path
        assert remedy in mistake.remedy

    def test_a_byte_order_mark_is_accepted_as_by_the_cdk_cli(self, tmp_path: Path) -> None:
        (tmp_path / "cdk.json").write_text('\ufeff{"context": {"a": 1}}', encoding="utf-8")
        assert read_cdk_json(tmp_path / "cdk.json") == {"a": 1}

    @pytest.mark.parametrize(
        "typed",
        [
            {"EcrStack": '{"other_days": 1, "other_days": 2}'},
            {"FargateEfsStack.secrets": '{"A": 1, "A": 2}'},
            {"stages": '{"live": {"posture": "sandbox"}, "live": {"posture": "sandbox"}}'},
            {"patterns": '[{"a": 1, "a": 2}]'},
        ],
    )
    def test_a_key_that_is_typed_twice_in_an_object_is_a_mistake(self, typed: dict[str, str]) -> None:
        assert mistakes(typed).keys() == typed.keys()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    return tmp_path


def merged(low: Any, high: Any) -> Any:
    """Merges as the CDK CLI does."""
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {key: merged(low.get(key), high[key]) if key in high else low[key] for key in {**low, **high}}
