"""MiniStack's private names are as :mod:`rehearsal.types` expects. Any version of MiniStack may change them.

A failure here names the code to adapt. Until then, no result of :mod:`rehearsal.types` can be trusted.
"""

import ast
import asyncio
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from ministack import app
from ministack.core import responses, router
from ministack.services import alb, cloudformation, ec2, firehose, iam, sns
from ministack.services.cloudformation import custom_resource, drift, provisioners, stacks

import rehearsal.types
from rehearsal.types import application_autoscaling, shapes

ROOT = Path(__file__).parents[2]
TYPES = ROOT / "rehearsal" / "types"
REGION = "us-east-1"


def test_the_installed_version_is_the_pinned_one() -> None:
    pinned = f"ministack=={version('ministack')}"
    for name in ("pyproject.toml", "requirements.txt"):
        assert pinned in (ROOT / name).read_text(encoding="utf-8"), (
            f"{pinned} is installed, but {name} pins another version"
        )


def takes(function: Callable[..., Any], *names: str) -> bool:
    return tuple(inspect.signature(function).parameters)[: len(names)] == names


def handler_of(verb: str) -> Any:
    return provisioners._RESOURCE_HANDLERS["AWS::SNS::TopicPolicy"][verb]


def keys_end_with_own(store: Any) -> bool:
    store["own"] = {}
    try:
        return "own" in [key[-1] for key in store.to_dict()]
    finally:
        del store["own"]


# Each private name has a purpose, and a check of what the code expects of it.
PRIVATE_NAMES: dict[str, tuple[str, Callable[[], bool]]] = {
    "provisioners._RESOURCE_HANDLERS": (
        "the functions of a type: register_type, amend_type, GeneratedResource",
        lambda: (
            takes(handler_of("create"), "logical_id", "props", "stack_name")
            and takes(handler_of("update"), "physical_id", "old_props", "new_props", "stack_name")
            and takes(handler_of("delete"), "physical_id", "props")
        ),
    ),
    "drift._DRIFT_READERS": (
        "the types whose resources are compared: skip_drift",
        lambda: isinstance(drift._DRIFT_READERS, dict) and "AWS::SNS::Topic" in drift._DRIFT_READERS,
    ),
    "provisioners._REPLACING_PROPERTIES": (
        "the properties whose change replaces a resource: replacements.py",
        lambda: "KmsKeyId" in provisioners._REPLACING_PROPERTIES["AWS::EFS::FileSystem"],
    ),
    "provisioners._CONDITIONALLY_REPLACING_PROPERTIES": (
        "the properties whose change may replace a resource: replacements.py",
        lambda: "KeySchema" in provisioners._CONDITIONALLY_REPLACING_PROPERTIES["AWS::DynamoDB::Table"],
    ),
    "provisioners._STACK_TAG_PROPERTY": (
        "the types that get the tags of the stack: register_type, amend_type",
        lambda: provisioners._STACK_TAG_PROPERTY["AWS::KMS::Key"] == ("Tags", "list"),
    ),
    "provisioners._NAME_SEED": (
        "another generated name for the next creation: rollbacks.py",
        lambda: provisioners._NAME_SEED.get() == "",
    ),
    "provisioners._physical_name": (
        "generated names",
        lambda: provisioners._physical_name("Stack", "Id", lowercase=True, max_len=20).startswith("stack-"),
    ),
    "app.SERVICE_HANDLERS": (
        "the function that answers requests to a service: add_json_actions, amend_json_answer",
        lambda: takes(app.SERVICE_HANDLERS["eks"], "method", "path", "headers", "body", "query_params"),
    ),
    "app._reset_all_state": (
        "the function that deletes all records: regional_store, global_store",
        lambda: takes(app._reset_all_state),
    ),
    "router.SERVICE_PATTERNS": (
        "the patterns that find the service of a request: add_json_actions",
        lambda: router.SERVICE_PATTERNS["ecr"]["credential_scope"] == "ecr",
    ),
    "ec2._ACTION_MAP": (
        "the functions that answer actions: add_to_description, add_ec2_actions",
        lambda: "DescribeVpcs" in ec2._ACTION_MAP and takes(ec2._ACTION_MAP["DescribeVpcs"], "p"),
    ),
    "alb._ACTION_MAP": (
        "the functions that answer actions: add_to_description",
        lambda: "DescribeTags" in alb._ACTION_MAP,
    ),
    "firehose._HANDLERS": (
        "the functions that answer actions: add_firehose_actions",
        lambda: takes(firehose._HANDLERS["PutRecord"], "data"),
    ),
    "sns._fanout": (
        "the delivery of a message to all subscriptions: sns.py",
        lambda: (
            takes(sns._fanout, "topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes")
            and "_fanout" in sns.publish_internal.__code__.co_names
        ),
    ),
    "cloudformation._ACTION_HANDLERS": (
        "the functions that answer actions: add_to_description",
        lambda: "ListStacks" in cloudformation._ACTION_HANDLERS,
    ),
    "stacks._roll_back_operation": (
        "the roll-back of a stack: rollbacks.py",
        lambda: (
            takes(stacks._roll_back_operation, "stack_name", "stack_id", "stack", "operation")
            and "_roll_back_operation" in stacks._deploy_stack_async.__code__.co_names
        ),
    ),
    "app.app": ("the application that server.py serves", lambda: takes(app.app, "scope", "receive", "send")),
    "custom_resource.invoke_custom_resource": (
        "the call of a custom resource, which server.py limits",
        lambda: (
            takes(custom_resource.invoke_custom_resource, "request_type", "logical_id")
            and provisioners._custom_resource_create.__code__.co_names.count("invoke_custom_resource") == 1
        ),
    ),
    "responses.AccountRegionScopedDict": (
        "records of an account and region: regional_store, and the inventory of server.py",
        lambda: hasattr(responses.AccountRegionScopedDict(), "clear") and keys_end_with_own(ec2._vpcs),
    ),
    "responses.AccountScopedDict": (
        "records of an account: global_store, and the inventory of server.py",
        lambda: hasattr(responses.AccountScopedDict(), "clear") and keys_end_with_own(iam._roles),
    ),
    "responses.json_response": (
        "the responses of actions: add_json_actions",
        lambda: [type(part) for part in responses.json_response({})] == [int, dict, bytes],
    ),
    "responses.error_response_json": (
        "the error responses of actions: add_json_actions",
        lambda: responses.error_response_json("Code", "message", 400)[0] == 400,
    ),
}


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_private_names_are_as_expected(name: str) -> None:
    purpose, holds = PRIVATE_NAMES[name]
    try:
        found = holds()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found, purpose = False, f"{purpose} ({error!r})"
    assert found, f"MiniStack {version('ministack')} has changed {name} ({purpose}). Adapt rehearsal/types/."


def used_names() -> Iterator[tuple[str, str, str]]:
    """The module, the name and the place of everything that the types use of MiniStack."""
    for path in sorted(TYPES.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
                modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                yield modules[node.value.id], node.attr, f"{path.relative_to(ROOT)}:{node.lineno}"


USED = {f"{module.removeprefix('ministack.')}.{name}": (module, name, where) for module, name, where in used_names()}


@pytest.mark.parametrize("used", USED)
def test_names_that_the_types_use_exist(used: str) -> None:
    module, name, where = USED[used]
    found = getattr(importlib.import_module(module), name, None)
    assert found is not None, f"MiniStack {version('ministack')} no longer has {used}. Adapt {where}."


def test_the_search_for_used_names_finds_them() -> None:
    assert {"services.ec2._nat_gateways", "services.ecs._put_cluster_capacity_providers"} <= USED.keys()


def test_only_some_modules_use_internals() -> None:
    """The other modules use functions and stores of services only."""
    modules = {
        where.partition(":")[0]
        for module, _, where in used_names()
        if not module.startswith("ministack.services.") or module.endswith(".provisioners")
    }
    allowed = ("actions", "calls", "conditions", "registry", "replacements", "rollbacks")
    assert modules == {f"rehearsal/types/{name}.py" for name in allowed}


def test_all_types_are_registered_once() -> None:
    rehearsal.types.register()
    handler = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    rehearsal.types.register()
    assert provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"] is handler


def test_stores_are_per_account_and_region_and_cleared_by_a_reset() -> None:
    targets = application_autoscaling.TARGETS
    with responses.request_scope("111122223333", REGION):
        targets["some"] = {}
        assert list(targets) == ["some"]
    for account, region in (("444455556666", REGION), ("111122223333", "eu-west-1")):
        with responses.request_scope(account, region):
            assert not targets
    app._reset_all_state()
    with responses.request_scope("111122223333", REGION):
        assert not targets


def test_properties_are_converted_to_api_input() -> None:
    properties = {
        "ContainerDefinitions": [{"Essential": "true", "Name": "web", "DockerLabels": {"Kept.As": "It is"}}],
        "Volumes": [{"EFSVolumeConfiguration": {"FilesystemId": "fs-1"}, "Name": "shared"}],
        "EphemeralStorage": {"SizeInGiB": "30"},
        "Tags": [],
    }
    assert shapes.to_api("ecs", "RegisterTaskDefinition", properties, excluding=["Tags"]) == {
        "containerDefinitions": [{"essential": True, "name": "web", "dockerLabels": {"Kept.As": "It is"}}],
        "volumes": [{"efsVolumeConfiguration": {"fileSystemId": "fs-1"}, "name": "shared"}],
        "ephemeralStorage": {"sizeInGiB": 30},
    }
    with pytest.raises(ValueError, match="unsupported property Hue"):
        shapes.to_api("ecs", "RegisterTaskDefinition", {"ContainerDefinitions": [{"Hue": "blue"}]})


def test_members_are_converted_to_query_parameters() -> None:
    members = {"GroupId": "sg-1", "IpPermissions": [{"FromPort": 80, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}]}
    assert shapes.query_parameters(members) == {
        "GroupId": ["sg-1"],
        "IpPermissions.1.FromPort": ["80"],
        "IpPermissions.1.IpRanges.1.CidrIp": ["192.0.2.0/24"],
    }


def test_an_error_response_raises_its_message() -> None:
    json_refusal = responses.error_response_json("Code", "no such thing", 400)
    xml_refusal = ec2._error("Code", "no such thing", 400)
    for refusal in (json_refusal, xml_refusal):
        with pytest.raises(ValueError, match=r"^no such thing$"):
            shapes.parse_response(refusal)
    assert shapes.parse_response(responses.json_response({"is": "there"})) == {"is": "there"}


def test_an_unknown_action_is_refused() -> None:
    rehearsal.types.register()
    target = {"x-amz-target": "AnyScaleFrontendService.DeleteEverything"}
    answer = app.SERVICE_HANDLERS["application-autoscaling"]("POST", "/", target, b"{}", {})
    status, _, body = asyncio.run(answer)
    assert (status, "DeleteEverything" in json.loads(body)["message"]) == (400, True)


def test_the_server_does_not_start_the_cdk() -> None:
    """Importing ``patternbook`` would import aws_cdk, which starts a Node process that would keep running."""
    command = "import rehearsal.server, rehearsal.types, sys; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], cwd=ROOT, timeout=60, check=False).returncode == 0
