"""Messages about mistakes in settings can be read, say where the mistake is, and show a way out."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import app
from patternbook import SettingsError
from patternbook.limits.given import LONGEST_SHOWN, listed, shown
from patternbook.settings.base import PatternSettings
from patternbook.settings.describe import describe, example, json_type, nested_models, unwrap
from patternbook.settings.loading import load, load_settings
from patternbook.settings.mistakes import MOST_SHOWN, Mistake
from patternbook.settings.stages import StageSettings

TYPES: Mapping[str, type[PatternSettings]] = {pattern.__name__: pattern.settings_type for pattern in app.PATTERNS}
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/" + "a" * 1000
IMAGE = f"public.ecr.aws/{'a/' * 100}b:1"
LONG_PATH = "/" + "a" * 1000


def refused(context: dict[str, Any], *, in_file: bool = False) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(context, TYPES, files={"cdk.json": context if in_file else {}})
    return caught.value


def only(context: dict[str, Any], *, in_file: bool = False) -> Mistake:
    [mistake] = refused(context, in_file=in_file).mistakes
    return mistake


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_in(item)


class TestLongValues:
    @pytest.mark.parametrize(
        ("stack", "settings"),
        [
            ("FargateEfsStack", {"writable_paths": [LONG_PATH, LONG_PATH]}),
            ("FargateEfsStack", {"secrets": {"x y" * 2000: "z"}}),
            ("FargatePrivateLinkStack", {"certificate_arn": CERTIFICATE}),
            ("FargatePrivateLinkStack", {"image": IMAGE, "health_check": {"path": LONG_PATH}}),
            ("EksManagedNodesStack", {"lustre_mbps_per_tib": "9" * 6000}),
            ("EksManagedNodesStack", {"ontap_mbps": "9" * 6000}),
            ("EksManagedNodesStack", {"kubernetes_version": "1. 36" * 1000}),
            ("EksManagedNodesStack", {"add_ons": {f"add-on {n:0100}": {} for n in range(20)}}),
            ("EcrStack", {"releases": [{"prefix": "v" * 125, "keep": 1}, {"prefix": "v" * 126, "keep": 1}]}),
            ("EcrStack", {"pull_account_ids": [f"{number:012}" for number in range(50)] * 2}),
            ("EcrStack", {"x y" * 2000: 1}),
            ("AppRunnerStack", {"cpu": "9" * 6000}),
            ("AppRunnerStack", {"image": IMAGE, "repository_url": "https://github.com/team/app"}),
            ("AppRunnerStack", {"image": IMAGE.replace("public.ecr.aws", "docker.io")}),
            ("AppRunnerStack", {"health_check_protocol": "TCP", "health_check_path": LONG_PATH}),
            ("AppRunnerStack", {"image": IMAGE, "parameters": {"AWSAPPRUNNER" + "A" * 200: "x"}}),
            ("LambdaConcurrencyStack", {"code_path": "x" * 6000}),
            ("LambdaConcurrencyStack", {"code_path": "/x" * 3000}),
            ("LambdaConcurrencyStack", {"code_path": "a\0b"}),
            ("LambdaConcurrencyStack", {"handler": f"{'a' * 126}.b"}),
            ("LambdaEdgeStack", {"certificate_arn": CERTIFICATE}),
            ("LambdaEdgeStack", {"variant_paths": [LONG_PATH]}),
            ("LambdaEdgeStack", {"variant_paths": [f"/{number:0100}" for number in range(50)]}),
            ("LambdaEdgeStack", {"redirects": [{"source": "/a", "target": f"https://{'b' * 1000}/"}]}),
            ("LambdaEdgeStack", {"redirects": [{"source": "/a", "target": LONG_PATH + "/"}]}),
            (
                "LambdaEdgeStack",
                {
                    "redirects": [
                        {"source": LONG_PATH, "target": LONG_PATH + "b"},
                        {"source": LONG_PATH + "b", "target": "/"},
                    ]
                },
            ),
        ],
    )
    def test_they_are_refused_and_cut(self, stack: str, settings: dict[str, Any]) -> None:
        message = str(refused({"patterns": stack, stack: settings}))
        for text in texts_in(settings):
            windows = (text[start : start + LONGEST_SHOWN + 1] for start in range(len(text) - LONGEST_SHOWN))
            assert not any(window in message for window in windows)
        assert len(message) < 4000

    def test_both_ends_are_shown(self) -> None:
        assert shown("a" * 200 + "/end") == f"{'a' * 80}...{'a' * 33}/end"
        assert len(shown("서" * 121)) == LONGEST_SHOWN
        assert shown("서" * 120) == "서" * 120

    def test_what_cannot_be_printed_is_escaped(self) -> None:
        assert shown("a\x1b[31m\nb\ud800 서울") == "a\\x1b[31m\\nb\\ud800 서울"

    def test_a_list_is_cut_and_the_others_are_counted(self) -> None:
        assert listed(["a", "b"]) == "a, b"
        assert listed([f"{number:03}" for number in range(3000)]).endswith("022, 023 and 2,976 more")
        assert listed(["a" * 500, "b"]) == f"{shown('a' * 500)} and 1 more"

    def test_a_value_that_json_cannot_show_is_described(self) -> None:
        nested: list[Any] = []
        for _ in range(2000):
            nested = [nested]
        mistake = only({"patterns": "EcrStack", "EcrStack": {"untagged_days": nested}})
        assert "untagged_days = (too deeply nested to show)" in str(mistake)
        mistake = only({"patterns": "EcrStack", "EcrStack": {"untagged_days": 10**5000}})
        assert "untagged_days = (too long to show)" in str(mistake)


class TestManyMistakes:
    @pytest.mark.parametrize(
        ("stack", "settings"),
        [
            ("EcrStack", {"pull_account_ids": ["x"] * 3000}),
            ("FargateEfsStack", {"secrets": {f"A{number}": "x" for number in range(3000)}}),
            ("LambdaEdgeStack", {"redirects": [{"source": "x", "target": "/y"}] * 3000}),
            ("EcrStack", {f"zz{number}": 1 for number in range(3000)}),
        ],
    )
    def test_those_with_the_same_remedy_are_one(self, stack: str, settings: dict[str, Any]) -> None:
        error = refused({"patterns": stack, stack: settings})
        message = str(error)
        assert re.findall(r" This also applies to .* and 2,9\d\d more in ", message)
        assert message.count("This also applies to ") == 1
        assert message.startswith("Settings: 3,000 mistakes;")
        assert len(error.mistakes) == 3000, "callers see all"

    def test_the_others_are_named_with_their_places(self) -> None:
        ids = ["x", "111122223333", "y", *(f"{number:03}" for number in range(8))]
        message = str(refused({"patterns": "EcrStack", "EcrStack": {"pull_account_ids": ids}}))
        assert 'pull_account_ids.0 = "x"' in message
        assert ' This also applies to 2 = "y", 3 = "000", ' in message
        assert message.endswith(', 10 = "007" in EcrStack.pull_account_ids.')

    def test_no_message_is_longer_than_a_page_or_two(self) -> None:
        every = {stack: dict.fromkeys(model.model_fields, "\ud800") for stack, model in TYPES.items()}
        error = refused(every)
        message, others = str(error), len(error.mistakes) - MOST_SHOWN
        assert message.count("\n      ") == MOST_SHOWN
        assert message.endswith(f"\n\n  {others} more mistakes. Correct these first.")
        assert len(message) < 10_000
        message.encode()


class TestJson:
    @pytest.mark.parametrize("stack", TYPES)
    def test_a_broken_object_is_located_and_the_example_is_one_of_the_stack(self, stack: str) -> None:
        remedy = only({"patterns": stack, stack: '{"log_retention_days": 7'}).remedy
        assert "The text is not JSON: Expecting ',' delimiter, at character 25." in remedy
        assert "The CDK CLI passes on the first line only: write it in one line." in remedy
        start, typed = remedy.split(f" Type it as -c '{stack}=")
        assert start.startswith(f"Must be an object of settings of {stack}.")
        load_settings(TYPES[stack], json.loads(typed.removesuffix("'.")))

    def test_a_broken_object_for_every_stack_names_a_setting_that_many_have(self) -> None:
        remedy = only({"EveryStack": "[1"}).remedy
        assert remedy.endswith('Type it as -c \'EveryStack={"alarm_email": "ops@example.com"}\'.')

    def test_a_file_has_no_command_line(self) -> None:
        remedy = only({"patterns": "EcrStack", "EcrStack": 7}, in_file=True).remedy
        assert remedy == 'Must be an object of settings of EcrStack, such as {"alarm_email": "ops@example.com"}.'

    def test_a_text_in_a_file_is_no_broken_json(self) -> None:
        remedy = only({"EcrStack": {"scan_severities": "CRITICAL"}}, in_file=True).remedy
        assert remedy.startswith("Must be a list of 1 to 6 items. Each must be one of CRITICAL, ")
        assert "JSON" not in remedy

    @pytest.mark.parametrize("stack", TYPES)
    def test_what_a_message_tells_to_type_is_accepted(self, stack: str) -> None:
        for name, field in TYPES[stack].model_fields.items():
            if json_type(unwrap(field.annotation)[0]) is None:
                continue
            remedy = only({"patterns": stack, f"{stack}.{name}": "7"}).remedy
            typed = remedy.split(f" Type it as -c '{stack}.{name}=")[1].removesuffix("'.")
            if name in FORMS_ONLY:
                assert json.loads(typed)
            else:
                load_settings(TYPES[stack], {name: typed})


FORMS_ONLY = (
    *("writable_paths", "entry_point", "command", "environment", "health_check"),  # need an image
    *(
        "domain_name",
        "domain_names",
        "hosted_zone_id",
        "scheduled_provisioned",
        "allowed_cidrs",
        "repository_ids",
    ),  # need another setting
    *("instance_types", "system_instance_types", "spot_instance_types"),  # depend on the architecture
    *("add_ons", "variant_paths"),  # depend on the pattern and on its site
)
"""Settings whose example shows the form only, because no value suits every stack and its other settings."""


class TestPlaces:
    def test_a_default_that_does_not_suit_is_said_to_be_one(self) -> None:
        mistake = only({"FargateEfsStack.cpu": "512"})
        assert str(mistake).startswith("  FargateEfsStack.memory_mib = 512  (the default)\n")
        given = only({"FargateEfsStack.cpu": "512", "FargateEfsStack.memory_mib": "512"})
        assert "default" not in str(given)

    def test_a_value_of_a_stage_is_no_default(self) -> None:
        assert "default" not in str(only({"stages": {"live": {"posture": "sandbox", "region": "mars-1"}}}))

    def test_a_missing_value_is_not_shown_as_the_object_around_it(self) -> None:
        mistake = only({"stages": {"live": {"account": "111122223333"}}})
        assert str(mistake).startswith("  stages.live.posture\n      Missing. It must be one of sandbox, production.")

    def test_a_wrong_key_is_told_from_a_wrong_value(self) -> None:
        context = {"patterns": "EksManagedNodesStack", "EksManagedNodesStack": {"spot_labels": {"": "x"}}}
        mistake = only(context)
        assert mistake.remedy.startswith("The key must be a label key such as ")
        assert str(mistake).startswith('  EksManagedNodesStack.spot_labels.""\n')


class TestLiterals:
    @pytest.mark.parametrize("text", ["${Token[AWS.Region.11]}", "a #{Token[TOKEN.1]} b"])
    @pytest.mark.parametrize(
        ("stack", "setting", "value"),
        [
            ("LambdaEdgeStack", "content_security_policy", "{}"),
            ("LambdaEdgeStack", "redirects", [{"source": "/a", "target": "/{}"}]),
            ("LambdaConcurrencyStack", "code_path", "{}"),
            ("LambdaConcurrencyStack", "environment", {"A": "{}"}),
            ("LambdaConcurrencyStack", "environment", {"{}": "A"}),
            ("AppRunnerStack", "start_command", "{}"),
            ("EcrStack", "public_repository", {"about": "{}"}),
            ("FargateEfsStack", "health_check", {"command": ["CMD", "{}"]}),
            ("EksAutoModeStack", "kubernetes_version", "{}"),
        ],
    )
    def test_placeholders_of_the_cdk_are_refused(self, stack: str, setting: str, value: Any, text: str) -> None:
        given = json.loads(json.dumps(value).replace("{}", text))
        remedy = only({"patterns": stack, stack: {setting: given}}).remedy
        assert remedy.startswith("Must not contain ${Token[ or #{Token[, because the CDK reads them as ")

    def test_references_of_cloudformation_are_texts(self) -> None:
        load_settings(TYPES["FargateEfsStack"], {"health_check": {"command": ["CMD", "${AWS::Region}", "#{x}"]}})

    def test_a_text_may_be_as_long_as_its_description_says(self) -> None:
        context = {"patterns": "EcrStack", "EcrStack": {"public_repository": {"about": "a" * 20_000}}}
        load(context, TYPES)
        context = {"patterns": "EcrStack", "EcrStack": {"public_repository": {"about": "a" * 25_601}}}
        assert only(context).remedy == "Must be at most 25,600 characters, got 25,601."


class TestTags:
    @pytest.mark.parametrize("value", ["web", "팀 서울", "équipe/été", "a_b.c:d/e=f+g-h@i", "x" * 256])
    def test_letters_of_any_script_are_accepted(self, value: str) -> None:
        tags = {value[:128]: value}
        [_, stage] = load(
            {"patterns": "EcrStack", "stages": {"live": {"posture": "sandbox", "tags": tags}}}, TYPES
        ).stages
        assert stage.tags == tags

    @pytest.mark.parametrize(
        "value", ["", "a;b", "a\tb", "a\nb", "🙂", "aws:x", "AWS:x", "a&b", "x" * 257, "a\ud800", "${Token[x]}"]
    )
    def test_a_refused_value_is_told_the_characters(self, value: str) -> None:
        remedy = only(
            {"patterns": "EcrStack", "stages": {"live": {"posture": "sandbox", "tags": {"team": value}}}}
        ).remedy
        characters = "letters, digits, spaces and _ . : / = + - @"
        assert (f"1 to 256 {characters}" in remedy) == ("Token" not in value and len(value) <= 256)


@pytest.mark.parametrize("model", [*TYPES.values(), StageSettings])
def test_descriptions_are_sentences(model: type[PatternSettings]) -> None:
    for each in (model, *nested_models(model)):
        for name, field in each.model_fields.items():
            text = describe(field.annotation, field.metadata)
            assert " a text to " not in text, f"{each.__name__}.{name}: {text}"
            assert " 1 items" not in text, f"{each.__name__}.{name}: {text}"
            assert "be a text." not in f"{text}.", f"{each.__name__}.{name}: {text}"
            assert not text.endswith("."), f"{each.__name__}.{name}: {text}"
            assert "one of ebs." not in f"{text}."
            assert example(field.annotation, field.metadata)
