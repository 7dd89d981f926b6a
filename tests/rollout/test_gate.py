"""The gate: change sets that lose stored data stop, others pass, and a person reads what changes.

The change sets have the form of AWS's documents: a database that is replaced, a listener that is replaced, and one that
changes nothing.
"""

import copy
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from patternbook.cli import main
from patternbook.limits.stored_data import SECURITY, STORED_DATA
from patternbook.rollout import changes
from patternbook.rollout.changes import ChangeSetError, Judged, Kind, judge

CHANGE_SETS = Path(__file__).with_name("change_sets")
DATABASE, LISTENER, NONE = (str(CHANGE_SETS / f"{name}.json") for name in ("database", "listener", "none"))


def recorded(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def found(judged: Judged, kind: Kind) -> list[str]:
    return [each.logical_id for each in judged.findings if each.kind is kind]


def change(resource_type: str = "AWS::DynamoDB::Table", **more: Any) -> dict[str, Any]:
    """A change set with one change."""
    given = {"Action": "Modify", "LogicalResourceId": "It", "ResourceType": resource_type, "Details": [], **more}
    return {
        "StackName": "S",
        "Status": "CREATE_COMPLETE",
        "Changes": [{"Type": "Resource", "ResourceChange": given}],
    }


def detail(name: str, recreation: str, evaluation: str = "Static", **more: Any) -> dict[str, Any]:
    values = {key: more.pop(key) for key in ("BeforeValue", "AfterValue") if key in more}
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation, **values}
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": "DirectModification", **more}


def test_a_replaced_database_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", DATABASE]) == 1
    said = capsys.readouterr()
    assert "DatabaseCluster1B2C3D4E (AWS::RDS::DBCluster) is replaced, because of KmsKeyId. A snapshot of" in said.out
    assert "DatabaseWriter5E6F7A8B (AWS::RDS::DBInstance) is replaced, because of DBClusterIdentifier." in said.out
    assert "give --allow DatabaseCluster1B2C3D4E." in said.err
    assert "ServiceRoleDefaultPolicy77AA88BB (AWS::IAM::Policy) changes PolicyDocument" in said.out


def test_a_replaced_listener_passes_and_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", LISTENER]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    judged = judge(recorded(LISTENER))
    assert found(judged, Kind.REPLACED) == ["FrontListener9C8D7E6F", "FrontRule3D4C5B6A"]
    assert found(judged, Kind.SECURITY) == ["FrontGroupIngress1A2B3C4D"]
    assert not found(judged, Kind.DATA), "its key is not replaced, so the file system has the same"


def test_no_change_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", NONE]) == 0
    assert capsys.readouterr().out == "production-EcrStack: no changes\n"


def test_a_resource_that_is_allowed_passes_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    cluster, writer = "DatabaseCluster1B2C3D4E", "DatabaseWriter5E6F7A8B"
    assert main(["gate", DATABASE, "--allow", cluster]) == 1
    assert f"lose {writer}" in capsys.readouterr().err
    assert main(["gate", DATABASE, "--allow", cluster, "--allow", writer, "--allow", "Gone"]) == 0
    said = capsys.readouterr()
    assert "--allow Gone allows nothing" in said.err
    assert said.out.count("(allowed)") == 2


def test_the_summary_for_a_person_says_what_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", DATABASE, LISTENER, "--format", "markdown"]) == 1
    said = capsys.readouterr().out
    assert "### production-AuroraServerlessStack" in said
    assert "| **stops** | `DatabaseCluster1B2C3D4E` | AWS::RDS::DBCluster | is replaced" in said
    assert "| security | `FrontGroupIngress1A2B3C4D` |" in said


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        pytest.param(change(Action="Remove", PolicyAction="Delete"), [Kind.DATA], id="a table is removed"),
        pytest.param(change(Action="Remove", PolicyAction="Retain"), [Kind.DATA], id="a table leaves the stack"),
        pytest.param(change("AWS::SNS::Subscription", Action="Remove"), [Kind.REPLACED], id="no data is removed"),
        pytest.param(change(Action="Add"), [], id="a table is added"),
        pytest.param(change(Action="Dynamic"), [Kind.UNSEEN], id="a change that is decided later"),
        pytest.param(change("AWS::CloudFormation::Stack", Replacement="False"), [Kind.UNSEEN], id="a nested stack"),
        pytest.param(
            change(Replacement="True", Details=[detail("KeySchema", "Always")]), [Kind.DATA], id="a new key schema"
        ),
        pytest.param(change(Replacement="True"), [Kind.DATA], id="a replacement without a reason"),
        pytest.param(
            change(Replacement="Conditional", Details=[detail("TableName", "Conditionally")]),
            [Kind.DATA],
            id="nothing disproves it",
        ),
        pytest.param(
            change(Replacement="Conditional", Details=[detail("BillingMode", "Conditionally")]),
            [],
            id="the schema disproves it",
        ),
        pytest.param(
            change(
                Replacement="Conditional",
                Details=[detail("TableName", "Always", "Dynamic", BeforeValue="a", AfterValue="a")],
            ),
            [],
            id="equal values disprove it",
        ),
        pytest.param(
            change(
                Replacement="Conditional",
                Details=[detail("TableName", "Always", "Dynamic", BeforeValue="a", AfterValue="b")],
            ),
            [Kind.DATA],
            id="other values do not",
        ),
        pytest.param(
            change(
                Replacement="Conditional",
                Details=[
                    {
                        **detail("TableName", "Always", "Dynamic"),
                        "ChangeSource": "ResourceAttribute",
                        "CausingEntity": "Other.Name",
                    }
                ],
            ),
            [Kind.DATA],
            id="an attribute can change without a replacement",
        ),
        pytest.param(
            change(Replacement="False", Details=[detail("ResourcePolicy", "Never")]),
            [Kind.SECURITY],
            id="a policy of a table",
        ),
        pytest.param(change("AWS::IAM::Role", Action="Add"), [Kind.SECURITY], id="a new role"),
    ],
)
def test_a_change_is_judged(document: dict[str, Any], kinds: list[Kind]) -> None:
    assert [each.kind for each in judge(document).findings] == kinds


def test_without_the_schemas_a_conditional_replacement_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    document = change(Replacement="Conditional", Details=[detail("BillingMode", "Conditionally")])
    monkeypatch.setattr(changes, "create_only", lambda _: None)
    assert [each.kind for each in judge(document).findings] == [Kind.DATA]


def test_a_replaced_cause_disproves_nothing() -> None:
    document = recorded(LISTENER)
    [key] = [each for each in document["Changes"] if each["ResourceChange"]["LogicalResourceId"] == "Key961B73FD"]
    key["ResourceChange"]["Replacement"] = "True"
    key["ResourceChange"]["Details"][0]["Target"]["RequiresRecreation"] = "Always"
    assert "FilesFileSystem2B3C4D5E" in found(judge(document), Kind.DATA)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([], "no answer of describe-change-set"),
        ({"StackName": "S"}, "no answer of describe-change-set"),
        ({**change(), "NextToken": "x"}, "the first page only"),
        ({**change(), "Status": "CREATE_PENDING"}, "has the status CREATE_PENDING"),
        ({**change(), "Status": "FAILED", "StatusReason": "No hook"}, "has the status FAILED, not CREATE_COMPLETE. No"),
        ({**change(), "Changes": [{"Type": "Resource"}]}, "A change has no ResourceChange"),
        ({**change(), "Changes": [7]}, "A change has no ResourceChange"),
    ],
)
def test_what_is_no_whole_change_set_is_refused(broken: Any, message: str) -> None:
    with pytest.raises(ChangeSetError, match=message):
        judge(copy.deepcopy(broken))


def test_all_files_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("{"))
    assert main(["gate", str(tmp_path / "none.json"), "-", LISTENER]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.partition(":")[0] for line in said.err.splitlines()] == [str(tmp_path / "none.json"), "-"]


def test_the_lists_name_types_that_exist() -> None:
    retired = {"AWS::Elasticsearch::Domain", "AWS::QLDB::Ledger", "AWS::SDB::Domain", "AWS::Timestream::Table"}
    known = set(PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1"))
    assert (STORED_DATA | SECURITY) - known <= retired


def test_the_types_with_data_include_those_of_the_linter() -> None:
    import cfnlint

    file = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/StatefulResources.json"
    stateful = json.loads(file.read_text(encoding="utf-8"))["ResourceTypes"].keys()
    assert stateful - STORED_DATA == {"AWS::CloudFormation::Stack"}, "a nested stack cannot be judged"
