"""Two stages of the book in one account share no physical name."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.policy.conftest import Templates

NAMES: Mapping[str, str] = {
    "AWS::CloudFront::CachePolicy": "CachePolicyConfig/Name",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig/Name",
    "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig/Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig/Name",
}
"""Names that must be unique in an account, although CloudFormation's schemas do not call them identifiers."""

WITHIN_ANOTHER = {
    *("AWS::Lambda::Alias", "AWS::FSx::StorageVirtualMachine", "AWS::StepFunctions::StateMachineAlias"),
}
"""Types whose names are unique within a function, a file system or a state machine only."""

# Settings set these names. If two stages use the same one, the stack warns.
SET_BY_USERS = {
    *("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate", "AWS::ECR::PullThroughCacheRule"),
    "AWS::ApiGatewayV2::DomainName",
}


def identities(template: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """The fixed identifiers in a template, such as names, with their resource types.

    Identifiers that refer to other resources of the stack are left out, because they differ between stacks.
    """
    found = set()
    for resource in template["Resources"].values():
        for paths in _identifiers(resource["Type"]):
            values = [_at(resource.get("Properties", {}), path) for path in paths]
            if all(isinstance(value, str) for value in values):
                found.add((resource["Type"], *values))
    return found


def _identifiers(resource_type: str) -> Iterator[list[str]]:
    if resource_type.startswith(("Custom::", "AWS::CDK::")):
        return
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    identifiers = [schema.get("primaryIdentifier", ()), *schema.get("additionalIdentifiers", ())]
    for paths in filter(None, identifiers):
        yield [path.removeprefix("/properties/") for path in paths]
    # The identifier of topics, managed policies and others is an ARN with the name in it. A name that is a part of an
    # identifier, such as that of an add-on, is unique within another resource only.
    if resource_type in WITHIN_ANOTHER:
        return
    for name in ("Name", f"{resource_type.rpartition('::')[2]}Name"):
        path = f"/properties/{name}"
        if path in schema.get("createOnlyProperties", ()) and not any(path in paths for paths in identifiers):
            yield [name]
    if resource_type in NAMES:
        yield [NAMES[resource_type]]


def _at(value: Any, path: str) -> Any:
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize(("options", "shared"), [("defaults", set()), ("every option", SET_BY_USERS)])
def test_stages_share_no_name(options: str, shared: set[str], templates: Templates) -> None:
    sandbox, production = (templates(posture, options) for posture in ("sandbox", "production"))
    assert sandbox.keys() == production.keys()
    found = {each for stack in sandbox for each in identities(sandbox[stack]) & identities(production[stack])}
    assert {resource_type for resource_type, *_ in found} == shared, found


def test_a_fixed_name_is_found() -> None:
    policy = {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": {"Name": "pages"}}}
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/app"}}
    add_on = {"Type": "AWS::EKS::Addon", "Properties": {"AddonName": "coredns", "ClusterName": {"Ref": "Cluster"}}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}}
    assert identities({"Resources": {"A": policy, "B": group, "C": add_on, "D": topic}}) == {
        ("AWS::CloudFront::CachePolicy", "pages"),
        ("AWS::Logs::LogGroup", "/app"),
        ("AWS::SNS::Topic", "alarms"),
    }
