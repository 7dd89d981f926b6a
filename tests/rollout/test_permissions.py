"""The policies of CloudFormation's role that are derived from templates."""

import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from patternbook.cli import main
from patternbook.rollout import schemas
from patternbook.rollout.permissions import MAX_CHARACTERS, policies_for
from tests import deployed

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)  # it does not close its files
    from parliament import expand_action
    from parliament.statement import UnknownActionException, UnknownPrefixException

TABLE = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}
ROLE = {"Resources": {"Role": {"Type": "AWS::IAM::Role"}}}
SERVERS = {
    "Resources": {
        name: {"Type": name}
        for name in (
            *("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::AutoScalingGroup"),
            *("AWS::ECS::Service", "AWS::RDS::DBCluster", "AWS::EKS::Cluster", "AWS::S3::Bucket", "AWS::IAM::Role"),
            *("AWS::Lambda::Function", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EFS::FileSystem"),
            *("AWS::FSx::FileSystem", "AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi"),
        )
    }
}


def actions(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def test_the_actions_are_those_of_the_handlers() -> None:
    [policy] = policies_for([TABLE]).policies
    assert {"dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:UpdateTable"} <= set(actions(dict(policy)))
    assert not [each for each in actions(dict(policy)) if each.startswith(("ec2:", "eks:", "lambda:", "rds:"))]


def test_a_custom_resource_and_a_parameter_need_an_action_of_their_own() -> None:
    template = {
        "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}},
        "Resources": {"Upload": {"Type": "Custom::Upload"}},
    }
    derived = policies_for([template])
    assert actions(dict(derived.policies[0])) == ["lambda:InvokeFunction", "ssm:GetParameters"]
    assert not derived.unknown


def test_iam_is_limited_to_names_that_begin_with_the_prefix() -> None:
    [policy] = policies_for([ROLE, TABLE], prefix="production-").policies
    of_iam = [each for each in policy["Statement"] if "iam:CreateRole" in each["Action"]]
    assert len(of_iam) == 1
    assert "arn:*:iam::*:role/production-*" in of_iam[0]["Resource"]
    assert "*" not in of_iam[0]["Resource"]
    assert {"iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(of_iam[0]["Action"])


def test_each_action_is_in_one_policy_that_iam_accepts() -> None:
    policies = policies_for([SERVERS]).policies
    every = [action for policy in policies for action in actions(dict(policy))]
    assert len(policies) > 1
    assert len(every) == len(set(every)) == len({each.lower() for each in every})
    for policy in policies:
        assert len(json.dumps(policy, separators=(",", ":"))) <= MAX_CHARACTERS


def test_the_actions_exist() -> None:
    """Some are newer than the linter's data, and schemas name a few that IAM does not have, which allow nothing."""
    every = [each for policy in policies_for([SERVERS]).policies for each in actions(dict(policy))]
    unknown = set()
    for action in every:
        try:
            expand_action(action)
        except (UnknownActionException, UnknownPrefixException):
            unknown.add(action)
    assert len(every) > 250
    assert len(unknown) < len(every) / 8, unknown
    assert not [each for each in unknown if each.startswith(("iam:", "kms:", "rds:", "sts:"))]


def test_each_type_of_the_patterns_has_permissions_or_is_named() -> None:
    recorded = Path(deployed.__file__).parent.glob("recorded/*.json")
    found = {
        each for path in recorded for each in re.findall(r'"ResourceType": "(AWS::[\w:]+)"', path.read_text("utf-8"))
    }
    assert len(found) > 100
    derived = policies_for([{"Resources": {name: {"Type": name} for name in found}}])
    assert [each.partition(" ")[0] for each in derived.unknown if "no schema" in each] == ["AWS::FSx::FileSystem"]
    for name in found - {"AWS::FSx::FileSystem"}:
        handlers = (schemas.schema_of(name) or {})["handlers"]
        assert handlers["create"]["permissions"], name
        assert handlers["delete"]["permissions"], name


def test_a_type_without_a_schema_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": {"It": {"Type": "My::Own::Type"}, **TABLE["Resources"]}}), "utf-8")
    assert main(["permissions", str(template)]) == 0
    said = capsys.readouterr()
    assert "My::Own::Type is in no schema with permissions. Add what it needs by hand." in said.err
    assert len(json.loads(said.out)) == 1


def test_each_policy_has_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template, folder = tmp_path / "template.json", tmp_path / "policies"
    template.write_text(json.dumps(SERVERS), encoding="utf-8")
    assert main(["permissions", str(template), "--output", str(folder)]) == 0
    written = capsys.readouterr().out.split()
    assert written == [str(folder / f"execution-{number}.json") for number in range(1, len(written) + 1)]
    assert [json.loads(Path(each).read_text()) for each in written] == list(policies_for([SERVERS]).policies)


def test_what_is_no_template_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["permissions", str(tmp_path / "a.json"), "--output", str(tmp_path / "policies")]) == 2
    assert "a.json: not a template" in capsys.readouterr().err
    assert not (tmp_path / "policies").exists()


def test_without_the_schemas_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(TABLE), encoding="utf-8")
    monkeypatch.setitem(sys.modules, "cfnlint.schema", None)
    schemas._schemas.cache_clear()
    assert main(["permissions", str(template)]) == 2
    assert "pip install 'patternbook[rollout]'" in capsys.readouterr().err
