"""The derived permissions of CloudFormation's role allow the calls that the handlers of the emulated account make.

MiniStack's handlers call functions of an API for more than half of the types, and write the records of the others
themselves, so that nothing of these can be compared. Which actions AWS's own handlers call, no emulated account shows.
"""

import io
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from patternbook.rollout import permissions
from patternbook.rollout.permissions import policies_for
from rehearsal.cycle import Cycle
from rehearsal.report import Report
from tests.rehearsal.conftest import Accounts

PATTERNS = ("AuroraServerlessStack", "DataStreamStack", "FargateEfsStack", "WebApiStack")
SERVICES = {
    "alb": "elbv2",
    "cloudwatch_logs": "logs",
    "cognito": "cognito-idp",
    "eventbridge": "events",
    "lambda_svc": "lambda",
}
"""Names of services in botocore, by MiniStack's module."""
PREFIXES = {"monitoring": "cloudwatch"}
"""Prefixes of actions, by the name that requests are signed with. Other services have the same."""
ABBREVIATED = {
    "_event_invoke": "_function_event_invoke",
    "_param_group": "_parameter_group",
    "_sg_": "_security_group_",
    "cloudformation_": "",
    "e_subnet_group": "e_db_subnet_group",
    "workgroup": "work_group",
}
"""Parts of functions that MiniStack abbreviates."""
OTHERWISE = {
    "s3:deletebucketencryption": "s3:PutEncryptionConfiguration",
    "s3:deletebucketlifecycle": "s3:PutLifecycleConfiguration",
    "s3:putbucketlifecycle": "s3:PutLifecycleConfiguration",
    "s3:putbucketencryption": "s3:PutEncryptionConfiguration",
    "s3:putpublicaccessblock": "s3:PutBucketPublicAccessBlock",
}
"""Actions of IAM whose name is not that of the operation.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""


@cache
def operations(service: str) -> Mapping[str, str]:
    """The actions of IAM by the names of operations in Python."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return {}
    prefix = PREFIXES.get(model.signing_name, model.signing_name)
    return {xform_name(name): f"{prefix}:{name}" for name in model.operation_names}


def actions_called(functions: list[str]) -> Iterator[str]:
    for function in functions:
        module, _, name = function.partition(".")
        for part, whole in ABBREVIATED.items():
            name = name.replace(part, whole)
        if action := operations(SERVICES.get(module, module)).get(name.removeprefix("_")):
            yield OTHERWISE.get(action.lower(), action)


def denied(calls: Mapping[str, list[str]]) -> set[tuple[str, str]]:
    """The calls that the policy of their type does not allow."""
    found = set()
    for resource_type, functions in calls.items():
        policies = policies_for([{"Resources": {"It": {"Type": resource_type}}}]).policies
        allowed = [each.lower() for one in policies for statement in one["Statement"] for each in statement["Action"]]
        for action in actions_called(functions):
            if not any(fnmatchcase(action.lower(), each) for each in allowed):
                found.add((resource_type, action))
    return found


@pytest.fixture(scope="module")
def calls(accounts: Accounts, assemblies: Path) -> dict[str, list[str]]:
    """The calls for the types of some patterns, which are deployed and deleted again."""
    account = accounts.shared
    cycle = Cycle(account, assemblies, "sandbox", PATTERNS, Report(io.StringIO()))
    cycle.deploy()
    types = {each.type for stack in cycle.stacks for each in stack.resources()}
    cycle.delete()
    return {name: functions for name, functions in account.handler_calls().items() if name in types}


def test_every_call_is_allowed(calls: Mapping[str, list[str]]) -> None:
    assert denied(calls) == set()


def test_most_types_are_compared(calls: Mapping[str, list[str]]) -> None:
    compared = {name: found for name, functions in calls.items() if (found := set(actions_called(functions)))}
    assert len(compared) >= 30
    assert sum(map(len, compared.values())) >= 60
    assert "dynamodb:CreateTable" in compared["AWS::DynamoDB::GlobalTable"]


@pytest.mark.parametrize(
    ("resource_type", "action"),
    [
        ("AWS::DynamoDB::GlobalTable", "dynamodb:CreateTable"),
        ("AWS::IAM::Policy", "iam:PutRolePolicy"),
        ("AWS::EFS::FileSystem", "elasticfilesystem:DeleteFileSystem"),
        ("AWS::S3::Bucket", "s3:PutEncryptionConfiguration"),
    ],
)
def test_a_permission_that_is_missing_is_found(
    resource_type: str, action: str, calls: Mapping[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = permissions._actions_of
    monkeypatch.setattr(
        permissions, "_actions_of", lambda name: (each for each in known(name) if each.lower() != action.lower())
    )
    assert denied(calls) == {(resource_type, action)}
