"""Each rule, by small templates that break it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from patternbook.rules import EVERY_RULE, FAMILIES, RULES
from patternbook.rules.engine import ERROR, check
from tests.rules.cases import CASES
from tests.rules.cases.base import REMOVED, TODAY, changed, document
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


SHARED = {
    "network-subnet-outside": "Vpc",
    "efs-zone-without-mount-target": "Files",
    "ecs-unused-capacity-provider": "Provider",
}
"""The resource, by rule, that another stack can complete."""


@pytest.mark.parametrize("rule", SHARED)
def test_a_shared_resource_is_taken_as_complete(rule: str) -> None:
    case, value = CASES[rule], {"Ref": SHARED[rule]}
    resources = changed(case.sound, case.changes[0])
    assert found(resources, Outputs={"Other": {"Value": "x"}}) == [rule]
    assert found(resources, Outputs={"It": {"Value": value}}) == []
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"It": value}}}
    assert found({**resources, "Nested": nested}) == []


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
    """Changes of properties only, not of resources, dependencies or the Region."""
    for each in broken():
        rule, number = each.values
        change = CASES[rule].changes[number]
        if change and all("." in path and not path.endswith("DependsOn") for path in change):
            yield each


@pytest.mark.parametrize(("rule", "number"), of_properties_alone())
def test_an_unknown_value_is_no_finding(rule: str, number: int) -> None:
    """The same change, but each value comes from a parameter and could be another one."""
    case = CASES[rule]
    unknown = {path: {"Ref": "Parameter"} for path in case.changes[number]}
    resources = changed(changed(case.sound, case.changes[number]), unknown)
    parameters = {"Parameter": {"Type": "String", "Default": "x"}}
    assert rule not in found(resources, today=case.today, Parameters=parameters)


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
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", each) for each in ids)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.id)
def test_the_docstring_has_summary_fix_and_source(rule: Any) -> None:
    assert len(rule._paragraphs) == 3, "the summary, the fix and the document"
    assert rule.summary.endswith(".")
    assert rule.fix.endswith(".")
    assert ". " not in rule.summary, "one sentence"
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+", rule.source)
