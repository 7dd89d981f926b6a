"""Checks of a deployed ``DeployRoleStack``."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deployed.changes import ATTACHED, EVERYTHING, STATEMENTS, TRUST, allow, may
from tests.deployed.looking import inline_statements, listed, policies_of
from tests.deployed.proving import fails
from tests.deployed.stack import DeployedStack

STACK = "DeployRoleStack"

ISSUER = "token.actions.githubusercontent.com"
ROLE = "AWS::IAM::Role"
CLAIMS = f"{TRUST} Condition StringEquals"


def roles_of(stack: DeployedStack) -> Iterator[tuple[str, dict[str, Any]]]:
    """The roles of the stack, each with the one statement of its trust."""
    if not stack.all(ROLE):
        pytest.skip("the stack has no role without repository")
    for name in stack.all(ROLE):
        document = stack.ask("iam.get_role", RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        assert len(document["Statement"]) == 1, f"{name} trusts more than one principal"
        yield name, document["Statement"][0]


@fails("does not take tokens for AWS", "iam.get_open_id_connect_provider ClientIDList", ["other"], only="default")
def test_the_provider_takes_tokens_for_aws(stack: DeployedStack) -> None:
    for arn in stack.all("AWS::IAM::OIDCProvider"):
        provider = stack.ask("iam.get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
        assert "sts.amazonaws.com" in provider["ClientIDList"], f"{arn} does not take tokens for AWS"


@fails(
    "trusts more than one principal", "iam.get_role Role AssumeRolePolicyDocument Statement +", allow("sts:AssumeRole")
)
@fails("trusts something else than tokens of GitHub", f"{TRUST} Principal", {"AWS": "*"})
@fails("does not demand one environment", f"{CLAIMS} {ISSUER}:sub", "repo:octo-org/shop:*")
@fails("does not demand one environment", f"{CLAIMS} {ISSUER}:sub", "repo:octo-org/shop:ref:refs/heads/main")
@fails("does not demand a branch", f"{CLAIMS} {ISSUER}:ref", "refs/tags/v1")
@fails("does not demand tokens for AWS", f"{CLAIMS} {ISSUER}:aud", "everybody")
def test_each_role_trusts_one_environment_and_one_branch(stack: DeployedStack) -> None:
    for name, statement in roles_of(stack):
        found = statement["Principal"].get("Federated", "")
        assert found.endswith(f":oidc-provider/{ISSUER}"), f"{name} trusts something else than tokens of GitHub"
        claims = {key.partition(":")[2]: listed(value) for key, value in statement["Condition"]["StringEquals"].items()}
        ends = {subject.rpartition(":environment:")[2] for subject in claims["sub"] if ":environment:" in subject}
        assert len(ends) == 1, f"{name} does not demand one environment: {claims['sub']}"
        branch = claims["ref"][0].partition("refs/heads/")[2]
        assert branch, f"{name} does not demand a branch: {claims['ref']}"
        assert claims["aud"] == ["sts.amazonaws.com"], f"{name} does not demand tokens for AWS"


@fails("has managed policies: .*Everything", ATTACHED, EVERYTHING)
@fails("may execute change sets", STATEMENTS, [allow("cloudformation:ExecuteChangeSet")])
@fails(r"may assume \['\*'\]", may(allow("sts:AssumeRole")))
def test_the_roles_assume_those_of_the_bootstrap_stack_and_execute_nothing(stack: DeployedStack) -> None:
    for name, _ in roles_of(stack):
        attached = policies_of(stack, name)
        assert not attached, f"{name} has managed policies: {sorted(attached)}"
        for statement in inline_statements(stack, name):
            actions = listed(statement["Action"])
            assert "cloudformation:ExecuteChangeSet" not in actions, f"{name} may execute change sets"
            if "sts:AssumeRole" in actions:
                others = [arn for arn in listed(statement["Resource"]) if ":role/cdk-" not in arn]
                assert not others, f"{name} may assume {others}"
