"""Stages: which are built, with which settings, and which are refused."""

from collections.abc import Collection
from typing import Any

import pytest

from patternbook import PRODUCTION, SANDBOX, SettingsError
from tests.unit.loaded import TYPES, fargate, mistakes, stages


def test_a_posture_by_its_name_is_a_stage() -> None:
    found = stages({"stages": "production"})
    assert list(found) == [None, "production"]
    assert found["production"].posture is PRODUCTION
    assert found[None].posture is SANDBOX


def test_a_name_on_the_command_line_chooses_a_stage_of_cdk_json() -> None:
    configured = {"live": {"posture": "production", "region": "eu-west-1"}, "test": {"posture": "sandbox"}}
    found = stages({"stages": "live"}, {"stages": configured})
    assert list(found) == [None, "live"]
    assert found["live"].region == "eu-west-1"


def test_a_stage_says_where_and_what() -> None:
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


def test_patterns_limit_what_is_built_everywhere() -> None:
    context = {"patterns": "FargateEfsStack, EcrStack", "stages": {"live": {"posture": "production"}}}
    assert [list(stage.settings) for stage in stages(context).values()] == [["FargateEfsStack", "EcrStack"]] * 2


def test_the_sandbox_takes_nothing_of_another_stage() -> None:
    live = {"posture": "production", "settings": {"FargateEfsStack": {"max_tasks": 20}}}
    context = {"stages": {"live": live}}
    assert fargate(context).max_tasks == 6
    assert fargate(context, "live").max_tasks == 20


A_STAGE_AFTER_A = {"posture": "sandbox", "after": ["a"]}
A_STAGE_AFTER_B = {"posture": "sandbox", "after": ["b"]}


def test_a_chosen_stage_comes_after_one_that_is_not_built() -> None:
    found = stages({"stages": "b"}, {"stages": {"a": {"posture": "sandbox"}, "b": A_STAGE_AFTER_A}})
    assert list(found) == [None, "b"]
    assert found["b"].after == ("a",)


def test_every_mistake_in_the_order_of_stages_is_in_one_message() -> None:
    entries = {
        "a": {"posture": "sandbox", "after": ["b"], "account": "123"},
        "b": {"posture": "sandbox", "after": ["a", "prod"], "region": "eu-west-9"},
    }
    assert mistakes({}, {"stages": entries}).keys() == {
        *("stages.a.account", "stages.a.after", "stages.b.after", "stages.b.region")
    }


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
        ({"stages": {"live": 7}}, "stages.live", "Must be an object."),
        ({"stages": '{"live":"production"}'}, "stages.live", '{"live": {"posture": "production"}}'),
        ({"stages": '["production"]'}, "stages", "or names, such as -c stages=production."),
        ({"stages": "{"}, "stages", "Must be an object of stages, such as -c 'stages={"),
        ({"stages": ""}, "stages", "Is empty. It must be one of sandbox, production."),
        ({"stages": "null"}, "stages", "Must be one of sandbox, production."),
        ({"stages": "production,production"}, "stages", "Is named twice."),
        ({"stages": {"1a": {"posture": "sandbox"}}}, "stages.1a", "must begin with a letter"),
        ({"stages": {"서울": {"posture": "sandbox"}}}, "stages.서울", "must begin with a letter"),
        ({"stages": {"": {"posture": "sandbox"}}}, "stages.", "1 to 32 letters"),
        ({"stages": {"a" * 33: {"posture": "sandbox"}}}, f"stages.{'a' * 33}", "1 to 32 letters"),
        ({"stages": {"ecrstack": {"posture": "sandbox"}}}, "stages.ecrstack", "not the name of a stack"),
        (
            {"stages": {"EksManagedNodesStack-eu-west-1": {"posture": "sandbox"}}},
            "stages.EksManagedNodesStack-eu-west-1",
            "does not begin with one and a hyphen",
        ),
        ({"stages": {"Tree": {"posture": "sandbox"}}}, "stages.Tree", "The CDK has a construct of this name"),
        (
            {"stages": {"Live": {"posture": "sandbox"}, "live": {"posture": "sandbox"}}},
            "stages.live",
            "Differs from the stage Live in upper and lower case only",
        ),
        (
            {"stages": {"production": {"posture": "sandbox"}}},
            "stages.production.posture",
            "The stage production must have the posture production.",
        ),
        (
            {"stages": {"Sandbox": {"posture": "production"}}},
            "stages.Sandbox.posture",
            "The stage Sandbox must have the posture sandbox.",
        ),
        ({"stages": {"production": {"patterns": "EcrStack"}}}, "stages.production.patterns", "Must be a list"),
        ({"stages": {"production": {"after": "test"}}}, "stages.production.after", "Must be a list"),
        ({"stages": {"production": {"after": ["test"]}}}, "stages.production.after", "There is no other stage."),
        (
            {"stages": {"test": {"posture": "sandbox"}, "production": {"after": ["tset"]}}},
            "stages.production.after",
            'Must be test. Did you mean "test"?',
        ),
        (
            {"stages": {"a": {"posture": "sandbox", "after": ["c"]}, "b": A_STAGE_AFTER_A, "c": A_STAGE_AFTER_B}},
            "stages.a.after",
            "Each waits for the next one: a, c, b, a. Remove one of them.",
        ),
        ({"stages": {"b": {"posture": "sandbox", "after": ["b"]}}}, "stages.b.after", "the next one: b, b."),
        (
            {"stages": {"production": {"further_regions": ["eu-west-1"]}}},
            "stages.production.further_regions",
            "Set region to the first Region of the stage.",
        ),
        (
            {"stages": {"production": {"region": "eu-west-1", "further_regions": ["eu-west-1"]}}},
            "stages.production.further_regions",
            "Must not list eu-west-1, the region of the stage.",
        ),
        (
            {"stages": {"production": {"region": "eu-west-1", "further_regions": ["eu-wset-3"]}}},
            "stages.production.further_regions.0",
            "an AWS Region such as",
        ),
        ({"stages": {"production": {"settings": []}}}, "stages.production.settings", "Must be an object"),
        (
            {"stages": {"production": {"settings": {"EcrStack": 1}}}},
            "stages.production.settings.EcrStack",
            'Must be an object of settings, such as {"log_retention_days": 30}.',
        ),
        (
            {"stages": {"production": {"patterns": ["EcrStack"], "settings": {"AppRunnerStack": {"cpu": 256}}}}},
            "stages.production.settings.AppRunnerStack",
            "Add it to stages.production.patterns, or remove its settings here.",
        ),
        (
            {"stages": {"production": {"settings": {"EcrStack": {"other_days": 0}}}}},
            "stages.production.settings.EcrStack.other_days",
            "a whole number from 1",
        ),
        ({"patterns": "Ecr"}, "patterns", 'Did you mean "EcrStack"?'),
        ({"patterns": 7}, "patterns", "Must be one of FargateEfsStack"),
        ({"patterns": ""}, "patterns", "Is empty. It must be one of FargateEfsStack"),
        ({"patterns": " , "}, "patterns", "Is empty. It must be one of FargateEfsStack"),
        ({"patterns": []}, "patterns", "Is empty. It must be one of FargateEfsStack"),
        ({"patterns": "EcrStack,EcrStack"}, "patterns", "Is named twice."),
        ({"patterns": "ECRSTACK"}, "patterns", 'Did you mean "EcrStack"?'),
        ({"patterns": [["EcrStack"]]}, "patterns", "Must be one of FargateEfsStack"),
        ({"patterns": [{}]}, "patterns", "Must be one of FargateEfsStack"),
        ({"patterns": [None]}, "patterns", "Must be one of FargateEfsStack"),
        ({"patterns": "[" * 100_000}, "patterns", "Must be one of FargateEfsStack"),
    ],
)
def test_a_wrong_stage_is_refused(context: dict[str, Any], path: str, remedy: str) -> None:
    found = mistakes(context)
    assert found.keys() == {path}
    assert remedy in found[path]


@pytest.mark.parametrize("file", ["", "cdk.json"])
def test_a_mistake_hides_no_other(file: str) -> None:
    entry = {
        "posture": "prod",
        "region": "mars-1",
        "zzz": 1,
        "patterns": ["EcrStack", "FargateEfsStack", "Ecr"],
        "settings": {"EcrStack": {"other_days": 0}, "FargateEfsStack": 5, "EveryStack": {"zzz": 1}, "No": {}},
    }
    context = {"stages": {"1a": entry}, "patterns": ["x", 1, 2], "EcrStack": {"releases": "x"}}
    with pytest.raises(SettingsError) as caught:
        stages(*({}, context) if file else (context, {}))
    assert sorted((mistake.path, mistake.file) for mistake in caught.value.mistakes) == [
        (path, file)
        for path in (
            "EcrStack.releases",
            "patterns",
            "patterns",
            "patterns",
            "stages.1a",
            "stages.1a.patterns",
            "stages.1a.posture",
            "stages.1a.region",
            "stages.1a.settings.EcrStack.other_days",
            "stages.1a.settings.EveryStack.zzz",
            "stages.1a.settings.FargateEfsStack",
            "stages.1a.settings.No",
            "stages.1a.zzz",
        )
    ]


def test_a_mistake_in_a_chosen_stage_names_its_file() -> None:
    with pytest.raises(SettingsError, match=r'stages\.live\.region = "mars-1"  \(in cdk\.json\)'):
        stages({"stages": "live"}, {"stages": {"live": {"posture": "sandbox", "region": "mars-1"}}})


class TestStacksThatAreNotBuilt:
    @pytest.mark.parametrize(
        "context",
        [
            {"EcrStack.other_days": "0"},
            {"EcrStack": {"zzz": 1}},
            {"EcrStack.zzz": 1},
            {"EveryStack": {"mount_path": 1}},
        ],
    )
    def test_their_settings_are_checked(self, context: dict[str, Any]) -> None:
        assert len(mistakes({"patterns": "LambdaEdgeStack", **context})) == 1
        assert len(mistakes({"patterns": "LambdaEdgeStack"}, context)) == 1

    def test_their_settings_in_a_stage_are_checked(self) -> None:
        live = {"posture": "sandbox", "settings": {"EcrStack": {"other_days": 0}}}
        assert mistakes({"patterns": "LambdaEdgeStack", "stages": {"live": live}}).keys() == {
            "stages.live.settings.EcrStack.other_days"
        }

    @pytest.mark.parametrize(("built", "refused"), [("FargateEfsStack", False), ("AppRunnerStack", True)])
    def test_a_typed_value_for_every_stack_need_not_suit_them(self, built: str, refused: bool) -> None:
        typed = {"patterns": built, "EveryStack.cpu": "8192", "EveryStack.memory_mib": "16384"}
        if refused:
            assert "AppRunnerStack refuses it." in mistakes(typed)["EveryStack.cpu"]
        else:
            assert stages(typed)[None].settings.keys() == {built}

    def test_a_typed_value_for_every_stack_is_checked_by_them_if_no_stack_to_build_has_it(self) -> None:
        assert mistakes({"patterns": "EcrStack", "EveryStack.max_tasks": "many"}).keys() == {"EveryStack.max_tasks"}


@pytest.mark.parametrize(
    ("setting", "value", "stacks"),
    [
        ("mount_path", "x", {" FargateEfsStack and EcsEc2Stack refuse it."}),
        ("untagged_days", "x", {" EcrStack refuses it."}),
        ("vpc_cidr", "x", {" FargateEfsStack, FargatePrivateLinkStack and "}),
    ],
)
def test_a_value_for_every_stack_is_told_who_refuses_it(setting: str, value: str, stacks: Collection[str]) -> None:
    for context in ({f"EveryStack.{setting}": value}, {"EveryStack": {setting: value}}):
        with pytest.raises(SettingsError) as caught:
            stages(context)
        [mistake] = caught.value.mistakes
        assert all(sentence in mistake.remedy for sentence in stacks)


HOSTILE: tuple[Any, ...] = (
    *("", "null", "5", "[]", "[[]]", '{"a": 1, "a": 2}', "[" * 100_000, "9" * 6_000, "\u0000", "\ud800", "서울"),
    *(-1, 10**30, 1e400, 3.5, True, None, [], [[]], [None], {}, {"": {}}, {"\ud800": None}, {"x" * 6_000: {"y": [{}]}}),
)


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_any_value_in_any_place_is_accepted_or_a_mistake(value: Any) -> None:
    """Two stacks stand for all where the value is not for every stack, because each place reads all settings again."""
    two = {name: TYPES[name] for name in ("FargateEfsStack", "EcrStack")}
    entries = [{name: value} for name in ("posture", "patterns", "account", "region", "tags", "settings", "zzz", "")]
    entries += [{"region": "eu-west-1", name: value} for name in ("further_regions", "after", "may_lose")]
    entries += [{"settings": {name: value}} for name in ("EcrStack", "EveryStack", "zzz", "")]
    contexts = [{key: value} for key in ("stages", "patterns", "EcrStack", "EveryStack", "EcrStack.", "stage", "")]
    contexts += [{"stages": {"production": entry, "live": entry, "Live": value}} for entry in entries]
    for context in contexts:
        for typed, in_file in ((context, {}), ({}, context)):
            message = ""
            try:
                stages(typed, in_file, TYPES if "EveryStack" in str(context) else two)
            except SettingsError as error:
                message = str(error)
            assert len(message.encode()) < 20_000
