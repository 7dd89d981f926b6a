"""The command ``patternbook cost``."""

import json
from datetime import date
from pathlib import Path

import pytest

from patternbook.cli import main

TODAY = date(2026, 11, 29)
NAT = {"Nat": {"Type": "AWS::EC2::NatGateway"}}
STRANGE = {"It": {"Type": "AWS::Braket::Job"}}


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"Resources": {**NAT, **STRANGE}}), encoding="utf-8")
    return str(path)


def test_a_bill_as_text(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", template, "--assume", "nat_gb=100"], today=TODAY) == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for expected in (
        "At rest 32.85",
        "Nat 32.85 730 hour",
        "Assumed usage 4.50",
        "Nat 4.50 100 GB",
        "AWS::Braket::Job, 1 of them: no price",
        "Largest at rest: NAT gateways 32.85",
        "nat_gb=100 GB, processed by each NAT gateway",
    ):
        assert expected in lines


def test_bills_of_several_templates_as_json(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    other = Path(template).with_name("other.yaml")
    other.write_text("Resources:\n  Key: {Type: 'AWS::KMS::Key'}\n  Role: {Type: 'AWS::IAM::Role'}\n", encoding="utf-8")
    assert main(["cost", template, str(other), "--json"], today=TODAY) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["region"] == "us-east-1"
    first, second = found["templates"]
    assert (first["at_rest"], first["unknown_types"]) == ("32.85", {"AWS::Braket::Job": 1})
    assert second["at_rest"] == "1.00"
    assert second["lines"][0]["source"].startswith("https://")
    assert second["free"]["AWS::IAM::Role"]["reason"].startswith("IAM costs nothing")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--assume", "nat_gb"], "--assume must be NAME=VALUE, such as requests=5000000, got 'nat_gb'."),
        (["--assume", "nat_gbs=1"], "Unknown assumption 'nat_gbs'. Did you mean 'nat_gb'? Choose from acu_hours, "),
        (
            ["--assume", "nat_gb=-1"],
            "--assume nat_gb must be a number from 0 to 1000000000000000 (GB) with at most nine decimals, got '-1'.",
        ),
        (
            ["--assume", "nat_gb=NaN"],
            "--assume nat_gb must be a number from 0 to 1000000000000000 (GB) with at most nine decimals, got 'NaN'.",
        ),
        (
            ["--assume", "nat_gb=1e9999999"],
            "--assume nat_gb must be a number from 0 to 1000000000000000 (GB) with at most nine decimals, got ",
        ),
        (["--assume", "nat_gb=1e-9999999"], "(GB) with at most nine decimals, got '1e-9999999'."),
        (
            ["--assume", "key_rotations=3"],
            "--assume key_rotations must be a number from 0 to 2 (rotations) with at most",
        ),
        (
            ["--assume", "spot_discount=101"],
            "--assume spot_discount must be a number from 0 to 100 (%) with at most nine decimals, got '101'.",
        ),
        (
            ["--region", "eu-west-1"],
            "the prices are of us-east-1, and the Region is eu-west-1. To fetch its prices, type: ",
        ),
        (["--prices", "nowhere.json"], "nowhere.json cannot be read: No such file or directory."),
    ],
)
def test_bad_arguments_are_one_message(
    arguments: list[str], message: str, template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", template, *arguments], today=TODAY) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_all_files_that_are_no_templates_are_named(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(template).parent
    (folder / "notes.json").write_text("[]", encoding="utf-8")
    (folder / "macro.json").write_text(json.dumps({"Transform": "Mine", "Resources": NAT}), encoding="utf-8")
    paths = [str(folder / name) for name in ("notes.json", "missing.json", "macro.json")]
    assert main(["cost", template, *paths], today=TODAY) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "notes.json: not a template: " in said.err
    assert "missing.json: not a template: No such file or directory" in said.err
    assert "macro.json: has no known cost, because the macro 'Mine' may rewrite the whole template" in said.err


def test_the_region_of_a_cdk_stack_is_that_of_its_manifest(template: str, capsys: pytest.CaptureFixture[str]) -> None:
    properties = {"templateFile": "t.json", "stackName": "Web"}
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/eu-west-1",
        "properties": properties,
    }
    manifest = Path(template).with_name("manifest.json")
    manifest.write_text(json.dumps({"artifacts": {"Web": stack}}), encoding="utf-8")
    assert main(["cost", template], today=TODAY) == 2
    assert "the Region is eu-west-1" in capsys.readouterr().err


def test_no_template_at_all_has_the_same_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost"], today=TODAY)
    assert ended.value.code == 2
    assert "the following arguments are required: TEMPLATE" in capsys.readouterr().err
