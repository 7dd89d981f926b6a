"""The command ``patternbook leftovers``, in accounts whose answers are those of moto, or members of AWS's model."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

import boto3
import pytest

from patternbook.cli import main
from patternbook.leftovers import cli
from patternbook.leftovers.questions import BEFORE_ALL_QUESTIONS, QUESTIONS
from tests.preflight.test_cli import WHO
from tests.preflight.world import ACCOUNT_ID, DENIED, REGION, World, world

TODAY = date(2026, 11, 29)
ARN = f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack"
LIVING = f"{ARN}/production-EcrStack/1"
GONE = f"{ARN}/EksManagedNodesStack/2"
NAME = "EksManagedNodesStack"
CLUSTER = f"{NAME}-1a2b3c4d"


def summary(name: str, stack_id: str, *, deleted: bool = False, description: str = "Patternbook (sandbox): x") -> Any:
    then = datetime(2026, 11, 20, tzinfo=timezone.utc)
    status = "DELETE_COMPLETE" if deleted else "CREATE_COMPLETE"
    found = {"StackName": name, "StackId": stack_id, "StackStatus": status, "CreationTime": then}
    return {**found, "TemplateDescription": description, **({"DeletionTime": then} if deleted else {})}


def tag(**tags: str) -> list[dict[str, str]]:
    keys = {"expires": "patternbook:expires", "stack": "aws:cloudformation:stack-name"}
    keys["id"] = "aws:cloudformation:stack-id"
    return [{"Key": keys.get(key, key), "Value": value} for key, value in tags.items()]


def tagged(parameters: Any) -> Any:
    """Resources that have a tag, as the Tagging API lists them."""
    every = {
        "arn:aws:ecr:us-east-1:1:repository/living": tag(stack="production-EcrStack", id=LIVING, expires="2026-01-01"),
        "arn:aws:efs:us-east-1:1:file-system/fs-1": tag(stack=NAME, id=GONE, expires="2026-11-28"),
        "arn:aws:sqs:us-east-1:1:other": tag(stack="SomebodyElse", id=f"{ARN}/SomebodyElse/3"),
        "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/k8s": [
            {"Key": "elbv2.k8s.aws/cluster", "Value": CLUSTER}
        ],
    }
    [wanted] = parameters["TagFilters"]
    return {
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": tags}
            for arn, tags in every.items()
            for each in tags
            if each["Key"] == wanted["Key"] and each["Value"] in wanted.get("Values", [each["Value"]])
        ]
    }


def kept(physical_id: str, status: str = "DELETE_SKIPPED", kind: str = "AWS::KMS::Key") -> dict[str, Any]:
    then = datetime(2026, 11, 20, tzinfo=timezone.utc)
    return {
        "LogicalResourceId": "X",
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "ResourceStatus": status,
        "LastUpdatedTimestamp": then,
    }


LEFT: Mapping[str, Any] = {
    **WHO,
    "cloudformation.list_stacks": {
        "StackSummaries": [
            summary("production-EcrStack", LIVING, description="Patternbook (production): Repository"),
            summary(NAME, GONE, deleted=True),
            summary("SomebodyElse", f"{ARN}/SomebodyElse/3", description="A stack of another tool"),
        ]
    },
    "cloudformation.describe_stacks": {
        "Stacks": [
            {
                "StackName": "production-EcrStack",
                "CreationTime": datetime(2026, 11, 20, tzinfo=timezone.utc),
                "StackStatus": "CREATE_COMPLETE",
                "Tags": tag(expires="2026-12-24"),
            }
        ]
    },
    "cloudformation.list_stack_resources": {
        "StackResourceSummaries": [kept("key-1"), kept("fs-1"), kept("vpc-1", "DELETE_COMPLETE")]
    },
    "resourcegroupstaggingapi.get_resources": tagged,
    "logs.describe_log_groups": {
        "logGroups": [
            {"logGroupName": f"/aws/containerinsights/{CLUSTER}/performance"},
            {"logGroupName": f"/aws/lambda/{NAME}-Kubectl", "retentionInDays": 7},
            {"logGroupName": "/aws/lambda/production-EcrStack-Scan"},
            {"logGroupName": "/aws/lambda/EksManagedNodesStack2-Other"},
            {"logGroupName": f"/aws/lambda/live-{NAME}-Other"},
        ]
    },
    "rds.describe_db_cluster_snapshots": {
        "DBClusterSnapshots": [
            {"DBClusterSnapshotIdentifier": "s-1", "DBClusterIdentifier": f"{NAME}-database".lower()},
            {"DBClusterSnapshotIdentifier": "s-2", "DBClusterIdentifier": "somebody-else"},
        ]
    },
    "ec2.describe_volumes": {
        "Volumes": [
            {"VolumeId": "vol-1", "Tags": tag(**{f"kubernetes.io/cluster/{CLUSTER}": "owned"})},
            {"VolumeId": "vol-2", "Tags": tag(stack="production-EcrStack", id=LIVING)},
            {"VolumeId": "vol-3"},
        ]
    },
    "ec2.describe_snapshots": {"Snapshots": [{"SnapshotId": "snap-1", "Tags": tag(id=GONE, expires="2026-12-01")}]},
    "ec2.describe_network_interfaces": {
        "NetworkInterfaces": [
            {"NetworkInterfaceId": "eni-1", "Description": f"AWS Lambda VPC ENI-{NAME}-Kubectl-0a1b"},
            {"NetworkInterfaceId": "eni-2", "Description": f"Amazon EKS {CLUSTER}"},
            {"NetworkInterfaceId": "eni-3", "Description": "Interface for NAT Gateway nat-1"},
        ]
    },
}


def leftovers(monkeypatch: pytest.MonkeyPatch, where: World, *arguments: str) -> int:
    monkeypatch.setattr(cli, "session_of", lambda _: where.session)
    return main(["leftovers", "--region", REGION, *arguments], today=TODAY)


def test_everything_that_is_left_is_listed_and_what_is_expired_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(LEFT) as where:
        assert leftovers(monkeypatch, where, "--json") == 1
        assert not [name for _, name in where.calls if not re.match("Describe|List|Get", name)]
    found = json.loads(capsys.readouterr().out)
    assert [(each["question"], each["name"], each["expires"], each["expired"]) for each in found["leftovers"]] == [
        ("tags", "arn:aws:efs:us-east-1:1:file-system/fs-1", "2026-11-28", True),
        ("volumes", "snap-1", "2026-12-01", False),
        ("stacks", "production-EcrStack", "2026-12-24", False),
        ("retained", "key-1", "", False),
        ("clusters", "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/k8s", "", False),
        ("log-groups", f"/aws/containerinsights/{CLUSTER}/performance", "", False),
        ("log-groups", f"/aws/lambda/{NAME}-Kubectl", "", False),
        ("database-snapshots", "s-1", "", False),
        ("volumes", "vol-1", "", False),
        ("network-interfaces", "eni-1", "", False),
        ("network-interfaces", "eni-2", "", False),
    ]
    assert found["unanswered"] == []


def test_what_a_stack_of_somebody_else_may_need_is_not_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resource is not listed if a stack without our description, or one in another Region, may have made it."""
    theirs = f"{ARN}/{NAME}/4"
    elsewhere = LIVING.replace(REGION, "eu-west-1")
    tagged_by = {
        "arn:aws:sqs:us-east-1:1:same-name": tag(stack=NAME, id=theirs),
        "arn:aws:cloudfront::1:distribution/E1": tag(stack="LambdaEdgeStack", id=elsewhere, expires="2026-12-01"),
    }
    answers = {
        **LEFT,
        "cloudformation.list_stacks": {
            "StackSummaries": [
                summary(NAME, GONE, deleted=True),
                summary(NAME, theirs, description="A stack of another tool"),
                summary("EcrStack", f"{ARN}/EcrStack/5", deleted=True),
                summary("EcrStack-Extra", f"{ARN}/EcrStack-Extra/6", description="A stack of another tool"),
            ]
        },
        "cloudformation.list_stack_resources": {"StackResourceSummaries": []},
        "resourcegroupstaggingapi.get_resources": {
            "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn, tags in tagged_by.items()]
        },
        "logs.describe_log_groups": {
            "logGroups": [
                {"logGroupName": f"/aws/lambda/{NAME}-Kubectl"},
                {"logGroupName": "/aws/lambda/EcrStack-Extra-Scan"},
                {"logGroupName": "/aws/lambda/EcrStack-Scan"},
            ]
        },
        "ec2.describe_snapshots": {"Snapshots": []},
    }
    with world(answers) as where:
        assert leftovers(monkeypatch, where, "--json") == 1
    found = json.loads(capsys.readouterr().out)["leftovers"]
    assert [each["name"] for each in found] == ["/aws/lambda/EcrStack-Scan"]


def test_the_text_says_what_to_do_and_what_is_not_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(LEFT) as where:
        assert leftovers(monkeypatch, where) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        f"Leftovers of Patternbook in {REGION} of account {ACCOUNT_ID}\n\n  expired 2026-11-28 tags "
    )
    assert "aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier NAME" in said
    assert "A log group that keeps its events for ever." in said
    assert "\nLeft: 11, of which expired: 1. Not answered: 0.\n" in said
    assert "- IAM roles, Auto Scaling groups" in said


def test_one_stack_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with world(LEFT) as where:
        leftovers(monkeypatch, where, "--json", "--stack", "production-EcrStack")
    found = json.loads(capsys.readouterr().out)["leftovers"]
    assert [each["name"] for each in found] == ["production-EcrStack"]


def test_a_question_without_permission_is_not_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = {"StackSummaries": []}
    with world({**WHO, "cloudformation.list_stacks": empty}, everything=DENIED) as where:
        assert leftovers(monkeypatch, where) == 1
    said = capsys.readouterr().out
    assert "unknown            log-groups         could not ask: needs logs:DescribeLogGroups." in said
    assert "\nLeft: 0, of which expired: 0. Not answered: 6.\n" in said
    with world(WHO, everything=DENIED) as where:
        assert leftovers(monkeypatch, where) == 2
    assert capsys.readouterr().err == "could not ask: needs cloudformation:ListStacks.\n"


def test_an_account_of_moto(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """CloudFormation and the Tagging API of moto need packages that nothing else here does: these answers are given."""
    given = {operation: LEFT[operation] for operation in LEFT if operation.startswith(("cloudf", "resourceg", "sts"))}
    with world(given, moto=True) as where:
        fill(where.session)
        assert leftovers(monkeypatch, where, "--json", "--stack", NAME) == 1
    found = json.loads(capsys.readouterr().out)["leftovers"]
    made = [(each["question"], each["name"].partition("-")[0]) for each in found]
    assert made[-4:] == [
        *(("log-groups", f"/aws/containerinsights/{NAME}"), ("database-snapshots", "final")),
        *(("volumes", "vol"), ("network-interfaces", "eni")),
    ]


def fill(session: boto3.Session) -> None:
    """Makes what the services leave of a cluster, and the same of another one."""
    ec2, rds = session.client("ec2"), session.client("rds")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    for name in (CLUSTER, "another-cluster"):
        session.client("logs").create_log_group(logGroupName=f"/aws/containerinsights/{name}/performance")
        owned = [{"ResourceType": "volume", "Tags": tag(**{f"kubernetes.io/cluster/{name}": "owned"})}]
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=owned)
        ec2.create_network_interface(SubnetId=subnet, Description=f"Amazon EKS {name}")
        rds.create_db_cluster(
            DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="x", MasterUserPassword="password"
        )
        rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=f"final-{name}")


def test_the_policy_has_the_actions_of_the_calls_and_no_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(LEFT) as where:
        leftovers(monkeypatch, where)
        called = where.actions
    capsys.readouterr()
    assert main(["leftovers", "--policy"]) == 0
    statements = json.loads(capsys.readouterr().out)["Statement"]
    allowed = {action for each in statements for action in each["Action"]}
    assert allowed == called
    assert allowed == {*BEFORE_ALL_QUESTIONS, *(action for each in QUESTIONS for action in each.permissions)}
    [everywhere] = [each["Action"] for each in statements if each["Resource"] == "*"]
    assert "cloudformation:DescribeStacks" not in everywhere


@pytest.mark.parametrize("each", QUESTIONS, ids=lambda each: each.id)
def test_each_question_has_a_fix_and_a_source(each: Any) -> None:
    assert each.summary.endswith("?")
    assert each.fix
    assert each.source.startswith("https://")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "eu-west-11"), "The Region must be one of AWS, got 'eu-west-11'. Did you mean eu-west-1?"),
        (("--timeout", "0"), "--timeout must be more than 0 seconds, got 0."),
        (("--region", REGION), "There are no AWS credentials. Set AWS_PROFILE"),
    ],
)
def test_bad_input_is_one_message(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "no AWS credentials" not in message:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert main(["leftovers", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(message)
    assert said.out == ""
