"""Each rule, by small templates that break it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import check
from patternbook.rules.rule import ERROR
from patternbook.rules.template.values import as_text, is_literal
from tests.rules.cases import CASES
from tests.rules.cases.base import REMOVED, TODAY, changed, document, ref, resource
from tests.rules.cases.eks import manifest
from tests.rules.cases.networks import NETWORK

BY_ID = {rule.id: rule for rule in RULES}


def found(
    resources: Mapping[str, Any], *, today: date = TODAY, region: str | None = None, **sections: Any
) -> list[str]:
    """The rule ids of the findings, one for each finding."""
    return [each.rule.id for each in check({**document(resources), **sections}, RULES, today=today, region=region)]


def broken() -> Iterator[Any]:
    for rule, case in CASES.items():
        for number, _ in enumerate(case.changes):
            yield pytest.param(rule, number, id=f"{rule}-{number}")


@pytest.mark.parametrize("rule", CASES)
def test_a_sound_template_has_no_findings(rule: str) -> None:
    case = CASES[rule]
    assert found(case.sound, today=case.today_of_sound, region=case.region_of_sound) == []


def harmless() -> Iterator[Any]:
    for rule, case in CASES.items():
        for number, _ in enumerate(case.harmless):
            yield pytest.param(rule, number, id=f"{rule}-{number}")


@pytest.mark.parametrize(("rule", "number"), harmless())
def test_a_harmless_change_has_no_findings(rule: str, number: int) -> None:
    case = CASES[rule]
    resources = changed(case.sound, case.harmless[number])
    assert found(resources, today=case.today_of_sound, region=case.region_of_sound) == []


def test_a_capacity_provider_that_another_stack_may_use_is_not_unused() -> None:
    case, value = CASES["ecs-unused-capacity-provider"], {"Ref": "Provider"}
    resources, rule = changed(case.sound, case.changes[0]), "ecs-unused-capacity-provider"
    assert found(resources, Outputs={"It": {"Value": value}}) == [rule], "an output that only shows it"
    assert found(resources, Outputs={"It": {"Value": value, "Export": {"Name": "it"}}}) == []
    assert found({**resources, "Told": resource("AWS::SSM::Parameter", Value=value)}) == []
    assert found({**resources, "Nested": nested(value)}) == []
    assert found(changed(resources, {"Provider.Name": "shared"})) == []
    of_cluster = changed(resources, {"Cluster": resource("AWS::ECS::Cluster"), "Association.Cluster": ref("Cluster")})
    assert found(of_cluster) == [rule]
    assert found(of_cluster, Outputs={"It": {"Value": ref("Cluster"), "Export": {"Name": "it"}}}) == []


@pytest.mark.parametrize(
    ("rule", "shared", "user"),
    [("network-subnet-outside", "Vpc", "One"), ("efs-zone-without-mount-target", "Files", "Service")],
)
def test_only_a_stack_that_is_created_before_can_complete_a_resource(rule: str, shared: str, user: str) -> None:
    """An importing stack comes after this one, so its block or mount target comes too late for the first deployment."""
    case, value = CASES[rule], {"Ref": shared}
    resources = changed(case.sound, case.changes[0])
    assert found(resources, Outputs={"It": {"Value": value}}) == [rule]
    assert found(resources, Outputs={"It": {"Value": value, "Export": {"Name": "it"}}}) == [rule]
    assert found({**resources, "Nested": nested(value)}) == [rule]
    assert (
        found({**resources, "Nested": nested(value), user: {**resources[user], "DependsOn": ["Nested", "MountOne"]}})
        == []
    )


def nested(value: Any) -> dict[str, Any]:
    return resource("AWS::CloudFormation::Stack", Parameters={"It": value})


@pytest.mark.parametrize("metadata", ["x", [], None, {}, {"name": ["ebs.csi.aws.com"]}])
def test_a_malformed_csi_driver_in_a_manifest_installs_nothing(metadata: Any) -> None:
    case = CASES["eks-storage-class-driver"]
    own = manifest(kind="CSIDriver", metadata=metadata)
    assert found(changed(case.sound, {"Driver": REMOVED, "Own": own})) == ["eks-storage-class-driver"]


def test_subnets_in_the_vpc_of_a_parameter_can_overlap() -> None:
    def findings_for(one: Any, other: Any) -> list[str]:
        ids = {"Vpc": REMOVED, "More": REMOVED, "Ipv6": REMOVED, "Three": REMOVED, "One.VpcId": one, "Two.VpcId": other}
        resources = changed(NETWORK, {**ids, "One.CidrBlock": "10.0.0.0/23"})
        parameters = {name: {"Type": "AWS::EC2::VPC::Id"} for name in ("A", "B")}
        return found(resources, Parameters=parameters)

    assert findings_for({"Ref": "A"}, {"Ref": "A"}) == ["network-subnet-overlap"]
    assert findings_for({"Ref": "A"}, {"Ref": "B"}) == []
    assert findings_for({"Fn::ImportValue": "A"}, {"Ref": "A"}) == []


@pytest.mark.parametrize(("rule", "number"), broken())
def test_a_defect_is_found_by_its_rule_alone(rule: str, number: int) -> None:
    case = CASES[rule]
    resources = changed(case.sound, case.changes[number])
    assert set(found(resources, today=case.today, region=case.region)) == {rule}


def of_properties_alone() -> Iterator[Any]:
    """Changes of properties only, not of resources, their policies and dependencies, or the Region."""
    for each in broken():
        rule, number = each.values
        change = CASES[rule].changes[number]
        if change and all("." in path and not path.endswith(("DeletionPolicy", "DependsOn")) for path in change):
            yield each


@pytest.mark.parametrize(("rule", "number"), of_properties_alone())
def test_an_unknown_value_is_no_finding(rule: str, number: int) -> None:
    """The same change, but each value comes from a parameter and could be another one."""
    case = CASES[rule]
    if case.given:
        pytest.skip("the rule asks whether a value is given, not what it is")
    unknown = {path: {"Ref": "Parameter"} for path in case.changes[number]}
    resources = changed(changed(case.sound, case.changes[number]), unknown)
    assert rule not in found(resources, today=case.today, Parameters={"Parameter": {"Type": "String"}})


def with_literals() -> Iterator[Any]:
    """Changes that only set texts and numbers, of rules that ask what a value is."""
    for each in of_properties_alone():
        rule, number = each.values
        literals = all(isinstance(value, (str, int)) for value in CASES[rule].changes[number].values())
        if literals and not CASES[rule].given:
            yield each


@pytest.mark.parametrize(("rule", "number"), with_literals())
def test_the_default_of_a_parameter_is_a_value_and_the_finding_says_so(rule: str, number: int) -> None:
    """The same change, but each value is the default of a parameter of its own."""
    case = CASES[rule]
    values = {f"Parameter{index}": item for index, item in enumerate(case.changes[number].items())}
    resources = changed(case.sound, {path: {"Ref": name} for name, (path, _) in values.items()})
    parameters = {name: {"Type": "String", "Default": value} for name, (_, value) in values.items()}
    document = {"Resources": resources, "Parameters": parameters}
    findings = check(document, RULES, today=case.today, region=case.region)
    assert {each.rule.id for each in findings} == {rule}
    assert all(" the default" in each.problem.message and "Parameter0" in each.problem.message for each in findings)
    refused = {name: {**each, "MinLength": 10_000} for name, each in parameters.items()}
    document = {"Resources": resources, "Parameters": refused}
    assert rule not in {each.rule.id for each in check(document, RULES, today=case.today, region=case.region)}


@pytest.mark.parametrize(("rule", "number"), with_literals())
def test_a_value_that_a_parameter_allows_is_tried_alone(rule: str, number: int) -> None:
    """The same change, but each value is one of two that a parameter of its own allows."""
    case = CASES[rule]
    change = CASES[rule].changes[number]
    resources = changed(case.sound, {path: {"Ref": f"Parameter{index}"} for index, path in enumerate(change)})
    sound = [value if is_literal(value := at(case.sound, path, None)) else "another" for path in change]
    parameters = {
        f"Parameter{index}": {"Type": "String", "AllowedValues": list(pair)}
        for index, pair in enumerate(zip(change.values(), sound, strict=True))
    }
    document = {"Resources": resources, "Parameters": parameters}
    findings = [each for each in check(document, RULES, today=case.today, region=case.region) if each.rule.id == rule]
    if BY_ID[rule].severity is not ERROR:
        assert not findings, "only an error counts if one choice leads to it"
    elif len(change) == 1:
        [value] = map(as_text, change.values())
        [message] = {each.problem.message.partition(" This is so with ")[2] for each in findings}
        assert f"Parameter0={value}" in message


@pytest.mark.parametrize(("rule", "number"), of_properties_alone())
def test_a_problem_in_one_scenario_is_an_error_but_no_warning(rule: str, number: int) -> None:
    """One branch of ``Fn::If`` has the changed value, the other the sound one."""
    case = CASES[rule]
    wrong, nothing = changed(case.sound, case.changes[number]), {"Ref": "AWS::NoValue"}
    either = {
        path: {"Fn::If": ["Wrong", *(at(resources, path, nothing) for resources in (wrong, case.sound))]}
        for path in case.changes[number]
    }
    sections: dict[str, Any] = {
        "Parameters": {"Parameter": {"Type": "String", "Default": "no"}},
        "Conditions": {"Wrong": {"Fn::Equals": [{"Ref": "Parameter"}, "yes"]}},
    }
    expected = {rule} if BY_ID[rule].severity is ERROR else set()
    assert set(found(changed(wrong, either), today=case.today, **sections)) == expected


def at(resources: Mapping[str, Any], path: str, nothing: Any) -> Any:
    """The value at the path of a property, or ``nothing``."""
    name, *keys = path.split(".")
    here: Any = resources[name]["Properties"]
    for key in keys:
        if isinstance(here, list):
            here = here[int(key)] if int(key) < len(here) else nothing
        elif key in here:
            here = here[key]
        else:
            return nothing
    return here


def test_each_rule_has_a_case() -> None:
    assert list(CASES) == list(BY_ID)


def test_ids_are_unique_and_share_the_prefix_of_their_family() -> None:
    ids = [rule.id for rule in EVERY_RULE]
    assert len(set(ids)) == len(ids)
    for family, rules in FAMILIES.items():
        assert len({rule.id.partition("-")[0] for rule in rules}) == 1, family
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", each) for each in ids)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.id)
def test_the_docstring_has_summary_fix_and_source(rule: Any) -> None:
    assert len(rule._paragraphs) == 3, "the summary, the fix and the document"
    assert rule.summary.endswith(".")
    assert rule.fix.endswith(".")
    assert ". " not in rule.summary, "one sentence"
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+", rule.source)
