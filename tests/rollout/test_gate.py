"""The gate: change sets that lose stored data stop, others pass, and a person reads what changes.

The change sets in files are those that the emulated account answered (:mod:`tests.rollout.recorded`): a database that
is replaced, a listener that is replaced, resources that are removed or imported, a new stack, and one that changes
nothing. The others are built as AWS's documents and public reports of bugs describe them. The model of botocore accepts
all of them.
"""

import copy
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from patternbook.cli import main
from patternbook.limits.stored_data import SECURITY, STORED_DATA
from patternbook.rollout import changes
from patternbook.rollout.changes import ChangeSetError, Judged, Kind, judge
from tests.deployed.answers import mistakes
from tests.rollout.recorded import FOLDER, path_of, recorded

DATABASE, LISTENER, NONE = (str(path_of(name)) for name in ("database", "listener", "none"))
CLUSTER, WRITER, READER = (f"DatabaseCluster{part}" for part in ("5B53A178", "WriterD43085C6", "Reader1D8B76102"))
FILES = "FilesFileSystemCB06EB6B"
ANSWER = (
    botocore.session.get_session().get_service_model("cloudformation").operation_model("DescribeChangeSet").output_shape
)


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
    values = {"AttributeChangeType": more.pop("AttributeChangeType")} if more else {}
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation, **values}
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": "DirectModification", **more}


def caused(
    source: str = "ResourceReference", entity: str = "Other", evaluation: str = "Dynamic", name: str = "TableName"
) -> dict[str, Any]:
    """A change by a reference to something else that changes."""
    return {**detail(name, "Always", evaluation), "ChangeSource": source, "CausingEntity": entity}


def outside_of_enums(value: Any, shape: Shape | None, path: str = "") -> Iterator[str]:
    """The places of values that the model of botocore does not list. Its own validation does not look at these."""
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            yield from outside_of_enums(inner, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for each in value:
            yield from outside_of_enums(each, shape.member, path)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path} {value}"


def assert_aws_can_answer(document: dict[str, Any]) -> None:
    assert mistakes("cloudformation.describe_change_set", document) == ""
    assert list(outside_of_enums(document, ANSWER)) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_aws_can_answer_what_is_recorded(path: Path) -> None:
    assert_aws_can_answer(recorded(path.stem))


def test_an_answer_that_aws_cannot_give_is_found() -> None:
    with pytest.raises(AssertionError, match="Replacement Perhaps"):
        assert_aws_can_answer(change(Replacement="Perhaps"))
    with pytest.raises(AssertionError, match="Invented"):
        assert_aws_can_answer(change(Invented="x"))


def test_a_replaced_database_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", DATABASE]) == 1
    said = capsys.readouterr()
    assert f"{CLUSTER} (AWS::RDS::DBCluster) is replaced, because of DatabaseName. A snapshot of" in said.out
    assert f"{WRITER} (AWS::RDS::DBInstance) is replaced, because of DBClusterIdentifier. The old one is" in said.out
    assert f"Stopped: production-AuroraServerlessStack would lose {CLUSTER}." in said.err
    assert f"give --allow {CLUSTER}." in said.err
    assert "ServiceRoleDefaultPolicyB6ED21D7 (AWS::IAM::Policy) changes PolicyDocument" in said.out


def test_a_replaced_listener_passes_and_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The key of the file system changes in place. So CloudFormation calls the file system, and all that refers to it,
    conditionally replaced. None of it is."""
    assert main(["gate", LISTENER]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    document = recorded("listener")
    judged = judge(document)
    replaced = found(judged, Kind.REPLACED)
    assert {"FrontLoadBalancerHttp90126EE5", "FrontLoadBalancerHttpsD8981E6D"} <= set(replaced)
    assert "FrontLoadBalancer09A37305" in found(judged, Kind.SECURITY)
    conditional = {
        each["ResourceChange"]["LogicalResourceId"]
        for each in document["Changes"]
        if each["ResourceChange"]["Replacement"] == "Conditional"
    }
    assert {FILES, "FilesFileSystemAccessPoint84DCD1DF", "TaskDefinition21A4D618"} <= conditional - set(replaced)
    assert not found(judged, Kind.DATA)


def test_what_is_removed_stops_if_it_holds_data_whatever_its_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(path_of("removed"))]) == 1
    said = capsys.readouterr().out
    assert found(judge(recorded("removed")), Kind.DATA) == ["Deleted", "Retained"]
    assert "Retained (AWS::SQS::Queue) is removed. The old one is retained, and the stack no longer knows it." in said
    assert found(judge(recorded("removed")), Kind.REPLACED) == ["Subscription"]


def test_an_import_a_new_stack_and_no_change_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", *(str(path_of(name)) for name in ("imported", "new", "none"))]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["Types: 1 import", "EcrStack: 6 add"]
    assert main(["gate", NONE]) == 0
    assert capsys.readouterr().out == "EcrStack: no changes\n"


def test_a_resource_that_is_allowed_passes_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", DATABASE, "--allow", CLUSTER]) == 1
    assert f"lose {WRITER}" in capsys.readouterr().err
    allowed = [part for name in (CLUSTER, WRITER, READER, "Gone") for part in ("--allow", name)]
    assert main(["gate", DATABASE, *allowed]) == 0
    said = capsys.readouterr()
    assert "--allow Gone allows nothing" in said.err
    assert said.out.count("(allowed)") == 3


def test_the_summary_for_a_person_says_what_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", DATABASE, LISTENER, "--format", "markdown"]) == 1
    said = capsys.readouterr().out
    assert "### production-AuroraServerlessStack" in said
    assert f"| **stops** | `{CLUSTER}` | AWS::RDS::DBCluster | is replaced" in said
    assert "| security | `FrontLoadBalancer09A37305` |" in said


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
            change(Replacement="Conditional", Details=[detail("BillingMode", "Always", "Dynamic")]),
            [Kind.DATA],
            id="the schema does not disprove what CloudFormation calls always",
        ),
        pytest.param(
            change(Replacement="Conditional", Details=[caused("ResourceAttribute", "Other.Name")]),
            [Kind.DATA],
            id="an attribute can change without a replacement",
        ),
        pytest.param(
            change(Replacement="Conditional", Details=[caused("ResourceAttribute", "Other.Arn")]),
            [],
            id="an ARN cannot",
        ),
        # As in https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-samples.html
        pytest.param(
            change(
                "AWS::EC2::Instance",
                Replacement="True",
                Details=[
                    detail("KeyName", "Always", "Dynamic"),
                    detail("InstanceType", "Conditionally", "Dynamic"),
                    caused("ParameterReference", "KeyPairName", "Static", "KeyName"),
                    caused("ParameterReference", "InstanceType", "Static", "InstanceType"),
                ],
            ),
            [Kind.DATA],
            id="parameters of an instance",
        ),
        pytest.param(
            change(
                "AWS::EC2::Instance",
                Replacement="False",
                Details=[{"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}, "Evaluation": "Static"}],
            ),
            [],
            id="tags of an instance",
        ),
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2113
        pytest.param(
            change(
                "AWS::EC2::NatGateway",
                PolicyAction="ReplaceAndDelete",
                Replacement="True",
                Details=[caused("ResourceReference", "Subnet", "Dynamic", "SubnetId")],
            ),
            [Kind.REPLACED],
            id="what CloudFormation is sure of counts, although nothing else is replaced",
        ),
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/156
        pytest.param(
            change(
                "AWS::Events::EventBusPolicy",
                Replacement="Conditional",
                Details=[detail("Condition", "Conditionally")],
            ),
            [],
            id="a property that the schema replaces never",
        ),
        pytest.param(change(Replacement="Conditional"), [Kind.DATA], id="a condition without a reason"),
        pytest.param(change(PolicyAction="ReplaceAndSnapshot"), [Kind.DATA], id="a policy of replacements alone"),
        pytest.param(
            change(
                PolicyAction="ReplaceAndDelete",
                Replacement="Conditional",
                Details=[detail("BillingMode", "Conditionally")],
            ),
            [],
            id="a policy for the case of a replacement, which the schema disproves",
        ),
        pytest.param(
            change(Replacement="Conditional", Details=[detail("TableName", "Always", "Dynamic"), caused()]),
            [Kind.DATA],
            id="a property that changes directly counts, although it also refers to what stays",
        ),
        # The values of drift-aware change sets:
        # https://docs.aws.amazon.com/goto/WebAPI/cloudformation-2010-05-15/ResourceTargetDefinition
        pytest.param(
            change(Action="SyncWithActual", ResourceDriftStatus="MODIFIED"), [], id="only the drift status changes"
        ),
        pytest.param(
            change(
                Replacement="Conditional",
                ResourceDriftStatus="MODIFIED",
                Details=[detail("TableName", "Always", AttributeChangeType="SyncWithActual")],
            ),
            [],
            id="a property is as the template has it",
        ),
        pytest.param(
            change(
                Replacement="True",
                ResourceDriftStatus="MODIFIED",
                Details=[detail("TableName", "Always", AttributeChangeType="Modify")],
            ),
            [Kind.DATA],
            id="drift is reverted by a replacement",
        ),
        pytest.param(
            change("AWS::CloudFormation::Stack", Action="Remove", PolicyAction="Delete"),
            [Kind.UNSEEN],
            id="a nested stack is removed",
        ),
        pytest.param(change("AWS::CloudFormation::Stack", Action="Add"), [], id="a nested stack is added"),
        pytest.param(
            change("Custom::Schema", Replacement="Conditional", Details=[detail("Tables", "Conditionally")]),
            [Kind.REPLACED],
            id="the function of a custom resource decides",
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
    assert_aws_can_answer(document)
    assert [each.kind for each in judge(document).findings] == kinds


def test_without_the_schemas_a_conditional_replacement_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    document = change(Replacement="Conditional", Details=[detail("BillingMode", "Conditionally")])
    monkeypatch.setattr(changes, "create_only", lambda _: None)
    assert [each.kind for each in judge(document).findings] == [Kind.DATA]


def test_a_replaced_cause_disproves_nothing() -> None:
    document = recorded("listener")
    [key] = [each for each in document["Changes"] if each["ResourceChange"]["LogicalResourceId"] == "Key961B73FD"]
    key["ResourceChange"]["Replacement"] = "True"
    assert FILES in found(judge(document), Kind.DATA)
    assert "FilesFileSystemAccessPoint84DCD1DF" in found(judge(document), Kind.REPLACED)


def test_hooks_are_left_to_cloudformation() -> None:
    """A hook that refuses fails the change set. One that will be asked later changes nothing here."""
    document = change(Action="Add")
    document["Changes"][0]["HookInvocationCount"] = 2
    assert_aws_can_answer(document)
    assert not judge(document).findings
    failed = {**document, "Status": "FAILED", "StatusReason": "The following hook(s) failed: [Acme::Guard::Hook]"}
    with pytest.raises(ChangeSetError, match=r"has the status FAILED, not CREATE_COMPLETE\. The following hook"):
        judge(failed)


def test_references_in_a_circle_or_a_long_chain_end() -> None:
    """No template has a circle, and a document that somebody wrote can."""
    document = change(Replacement="Conditional", Details=[caused(entity="It")])
    assert not judge(document).findings
    names = [f"Table{number:03}" for number in range(500)]
    document["Changes"] = [
        change(LogicalResourceId=name, Replacement="Conditional", Details=[caused(entity=cause)])["Changes"][0]
        for name, cause in zip(names, [*names[1:], "Key"], strict=True)
    ]
    assert not judge(document).findings
    document["Changes"] += change("AWS::KMS::Key", LogicalResourceId="Key", Action="Remove")["Changes"]
    assert len(judge(document).findings) == 501


def test_a_nested_stack_is_judged_by_its_own_change_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html"""
    nested = {
        **change(Action="Remove"),
        "StackName": "S-Nested",
        "ChangeSetId": "arn:aws:cloudformation:::changeSet/n/1",
    }
    root = change(
        "AWS::CloudFormation::Stack",
        Replacement="False",
        ChangeSetId=nested["ChangeSetId"],
        Details=[{"Target": {"Attribute": "Properties"}, "Evaluation": "Dynamic", "ChangeSource": "Automatic"}],
    )
    files = {"root": {**root, "ChangeSetId": "arn:aws:cloudformation:::changeSet/r/1"}, "nested": nested}
    paths = {name: tmp_path / f"{name}.json" for name in files}
    for name, document in files.items():
        assert_aws_can_answer(document)
        paths[name].write_text(json.dumps(document), encoding="utf-8")
    assert main(["gate", str(paths["root"])]) == 1
    said = capsys.readouterr()
    assert (
        "It (AWS::CloudFormation::Stack) The change set of the nested stack says what changes, and is not" in said.out
    )
    assert "Stopped: S does not say what changes in It." in said.err
    assert main(["gate", *map(str, paths.values()), "--allow", "It"]) == 0
    assert "S: 1 modify\nS-Nested: 1 remove" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([], "no answer of describe-change-set"),
        ({"StackName": "S"}, "no answer of describe-change-set"),
        ({**change(), "NextToken": "x"}, "the first page only"),
        ({**change(), "Status": "CREATE_PENDING"}, "has the status CREATE_PENDING"),
        ({**change(), "Status": "FAILED", "StatusReason": "No hook"}, "has the status FAILED, not CREATE_COMPLETE. No"),
        # https://github.com/boto/boto3/issues/4178
        ({**change(), "Status": "FAILED"}, "has failed, and does not say why. Describe it by: aws cloudformation"),
        ({**change(), "ExecutionStatus": "OBSOLETE"}, "cannot be executed, because its execution status is OBSOLETE"),
        # https://github.com/aws/aws-cdk-cli/issues/1780
        (change(AfterContext="{}"), "With the values of properties, CloudFormation can leave out changes"),
        ({**change(), "StatusReason": "[WARN] --include-property-values option can"}, "can leave out changes"),
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
