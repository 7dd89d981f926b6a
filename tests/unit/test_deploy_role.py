"""The promises of DeployRoleStack: who may assume its roles, and what the roles may do."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match, Template

from patternbook.posture import POSTURES
from patternbook.testing.drawings.promises import DrawingPromises, deployed
from patternbook.testing.drawings.shown import Deployed
from patternbook.testing.reading import Reading
from patternbook.testing.synthesis import refusal, template_of, variant
from stacks.deploy_role import DeployRoleStack

IDS = {"owner": "123456", "repository": "456789"}
PATTERN = DeployRoleStack
EVERY_OPTION: Mapping[str, Any] = {
    "repository": "octo-org/shop",
    "repository_ids": IDS,
    "environments": ["staging", "live-eu"],
    "branch": "release/2026",
    "existing_provider": True,
    "qualifier": "shop",
}

ISSUER = "token.actions.githubusercontent.com"
ACCOUNT = "111122223333"
PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": "eu-west-1"}
TOKEN = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:octo-org/shop:environment:production",
    "ref": "refs/heads/main",
    "repository_id": "456789",
}
"""The claims of a job that may deploy. https://docs.github.com/en/actions/reference/security/oidc"""
IMMUTABLE = "repo:octo-org@123456/shop@456789:environment:production"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The resources by their logical id without its hash, with pseudo parameters and references replaced."""

    @cache
    def make(posture: str, names: tuple[str, ...]) -> dict[str, Any]:
        settings: dict[str, Any] = {"repository": "octo-org/shop", "repository_ids": IDS}
        given = EVERY_OPTION if "every" in names else {name: settings[name] for name in names}
        template = template_of(DeployRoleStack, tmp_path_factory.mktemp("roles"), posture=posture, **given)
        resources = worked_out(template.to_json()["Resources"])
        return {logical_id[:-8]: each for logical_id, each in resources.items()}

    return lambda *names, posture="sandbox": make(posture, names)


def worked_out(value: Any) -> Any:
    match value:
        case {"Ref": name}:
            return PSEUDO.get(name, name)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(worked_out, parts))
        case dict():
            return {key: worked_out(item) for key, item in value.items()}
        case list():
            return [worked_out(item) for item in value]
    return value


def may_assume(role: dict[str, Any], claims: Mapping[str, str]) -> bool:
    """Whether IAM would let a token assume a role. All conditions must hold, and a missing claim fulfils none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    [statement] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Effect"] == "Allow"
    assert statement["Condition"].keys() == {"StringEquals"}
    for key, wanted in statement["Condition"]["StringEquals"].items():
        claim = claims.get(key.removeprefix(f"{ISSUER}:"))
        if claim is None or claim not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def statements(resources: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return resources[f"{role}DefaultPolicy"]["Properties"]["PolicyDocument"]["Statement"]


def may(resources: dict[str, Any], role: str, action: str, resource: str, **keys: str) -> bool:
    """Whether a role may do something, where ``keys`` are the condition keys of the request."""
    for each in statements(resources, role):
        actions, arns = ([value] if isinstance(value, str) else value for value in (each["Action"], each["Resource"]))
        wanted = {key: value for part in each.get("Condition", {}).values() for key, value in part.items()}
        holds = all(fnmatchcase(keys.get(key.partition(":")[2], ""), value) for key, value in wanted.items())
        if action in actions and any(fnmatchcase(resource, arn) for arn in arns) and holds:
            return True
    return False


@pytest.mark.parametrize("posture", POSTURES)
def test_the_chosen_repository_environment_and_branch_may_deploy(
    posture: str, made: Callable[..., dict[str, Any]]
) -> None:
    role = made("repository", "repository_ids", posture=posture)["ProductionDeploy"]
    assert may_assume(role, TOKEN)
    assert may_assume(role, {**TOKEN, "sub": IMMUTABLE})


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": "repo:octo-org/other:environment:production"}, id="another repository"),
        pytest.param({"sub": "repo:evil/shop:environment:production"}, id="another owner"),
        pytest.param({"sub": "repo:octo-org@1/shop@456789:environment:production"}, id="a later owner of the name"),
        pytest.param({"sub": IMMUTABLE, "repository_id": "1"}, id="a later repository of the name, in its number only"),
        pytest.param({"repository_id": "1"}, id="a later repository of the name"),
        pytest.param({"sub": "repo:octo-org/shop:environment:staging"}, id="another environment"),
        pytest.param({"sub": "repo:octo-org/shop:environment:production-review"}, id="the environment of the review"),
        pytest.param({"sub": "repo:octo-org/shop:environment:production:x"}, id="more after the environment"),
        pytest.param({"sub": "repo:octo-org/shop:ref:refs/heads/main"}, id="no environment"),
        pytest.param({"sub": "repo:octo-org/shop:pull_request"}, id="a pull request"),
        pytest.param({"sub": "REPO:octo-org/shop:environment:production"}, id="another case"),
        pytest.param({"ref": "refs/heads/feature"}, id="another branch"),
        pytest.param({"ref": "refs/heads/main2"}, id="a branch whose name begins so"),
        pytest.param({"ref": "refs/tags/main"}, id="a tag"),
        pytest.param({"aud": "https://github.com/octo-org"}, id="another audience"),
        *(pytest.param({claim: None}, id=f"no {claim}") for claim in TOKEN),
    ],
)
def test_nothing_else_may_deploy(claims: dict[str, str | None], made: Callable[..., dict[str, Any]]) -> None:
    role = made("repository", "repository_ids")["ProductionDeploy"]
    assert not may_assume(role, {name: value for name, value in {**TOKEN, **claims}.items() if value is not None})


def test_a_repository_without_numbers_is_trusted_by_its_name(made: Callable[..., dict[str, Any]]) -> None:
    role = made("repository")["ProductionDeploy"]
    assert may_assume(role, TOKEN)
    assert not may_assume(role, {**TOKEN, "sub": IMMUTABLE})
    assert not may_assume(role, {**TOKEN, "ref": "refs/heads/feature"})


def test_each_stage_trusts_its_own_environments(made: Callable[..., dict[str, Any]]) -> None:
    resources = made("every")
    token = {**TOKEN, "ref": "refs/heads/release/2026"}
    environments = {
        "StagingDeploy": "staging",
        "StagingReview": "staging-review",
        "LiveEuDeploy": "live-eu",
        "LiveEuReview": "live-eu-review",
    }
    for role in environments:
        found = {
            environment
            for environment in environments.values()
            if may_assume(resources[role], {**token, "sub": f"repo:octo-org/shop:environment:{environment}"})
        }
        assert found == {environments[role]}


def test_the_roles_trust_the_provider_of_this_account(made: Callable[..., dict[str, Any]]) -> None:
    given, own = made("every"), made("repository")
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    assert {federated(each) for each in given.values() if each["Type"] == "AWS::IAM::Role"} == {arn}
    assert not [each for each in given.values() if each["Type"] == "AWS::IAM::OIDCProvider"]
    provider = own["Provider"]["Properties"]
    assert provider == {"Url": f"https://{ISSUER}", "ClientIdList": ["sts.amazonaws.com"]}
    assert "Provider" in federated(own["ProductionDeploy"])


def federated(role: dict[str, Any]) -> str:
    [statement] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"].keys() == {"Federated"}
    return statement["Principal"]["Federated"]


def bootstrap_role(name: str, account: str = ACCOUNT, qualifier: str = "hnb659fds") -> str:
    return f"arn:aws:iam::{account}:role/cdk-{qualifier}-{name}-role-{account}-eu-west-1"


class TestPermissions:
    def test_the_role_that_deploys_assumes_roles_of_the_bootstrap_stack_and_does_no_more(
        self, made: Callable[..., dict[str, Any]]
    ) -> None:
        resources = made("repository")
        [statement] = statements(resources, "ProductionDeploy")
        assert statement["Action"] == "sts:AssumeRole"
        assumed = [
            name
            for name in ("deploy", "file-publishing", "image-publishing", "lookup", "cfn-exec")
            if may(resources, "ProductionDeploy", "sts:AssumeRole", bootstrap_role(name))
        ]
        assert assumed == ["deploy", "file-publishing", "image-publishing", "lookup"]
        for other in (
            bootstrap_role("deploy", account="444455556666"),
            bootstrap_role("deploy", qualifier="other"),
            f"arn:aws:iam::{ACCOUNT}:role/Admin",
        ):
            assert not may(resources, "ProductionDeploy", "sts:AssumeRole", other)

    def test_another_qualifier_is_that_of_its_bootstrap_stack(self, made: Callable[..., dict[str, Any]]) -> None:
        arn = bootstrap_role("deploy", qualifier="shop")
        assert may(made("every"), "LiveEuDeploy", "sts:AssumeRole", arn)
        assert not may(made("every"), "LiveEuDeploy", "sts:AssumeRole", bootstrap_role("deploy"))

    def test_the_review_prepares_a_change_set_and_cannot_execute_it(self, made: Callable[..., dict[str, Any]]) -> None:
        resources = made("repository")
        stack = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/production-EcrStack/1a2b"
        create = ("ProductionReview", "cloudformation:CreateChangeSet")
        assert may(resources, *create, stack, RoleArn=bootstrap_role("cfn-exec"))
        assert not may(resources, *create, stack, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Admin")
        assert not may(resources, *create, stack), "with the permissions of the role itself"
        other = stack.replace("production-EcrStack", "staging-EcrStack")
        assert not may(resources, *create, other, RoleArn=bootstrap_role("cfn-exec"))
        assert not may(resources, "ProductionReview", "sts:AssumeRole", bootstrap_role("deploy"))
        for action in ("ExecuteChangeSet", "DeleteStack", "UpdateStack", "CreateStack", "SetStackPolicy"):
            assert not may(resources, "ProductionReview", f"cloudformation:{action}", stack)

    def test_the_review_passes_the_role_of_cloudformation_to_it_alone(
        self, made: Callable[..., dict[str, Any]]
    ) -> None:
        passing = (made("repository"), "ProductionReview", "iam:PassRole")
        assert may(*passing, bootstrap_role("cfn-exec"), PassedToService="cloudformation.amazonaws.com")
        assert not may(*passing, bootstrap_role("cfn-exec"), PassedToService="ec2.amazonaws.com")
        assert not may(*passing, bootstrap_role("deploy"), PassedToService="cloudformation.amazonaws.com")


@pytest.mark.parametrize("posture", POSTURES)
def test_without_a_repository_nothing_is_trusted(
    posture: str, made: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    assert [each["Type"] for each in made(posture=posture).values()] == ["AWS::IAM::OIDCProvider"]
    stack = variant(DeployRoleStack, tmp_path, posture=posture)
    [warning] = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("Without repository, "))
    assert "octo-org/shop" in str(warning.entry.data)


def test_outputs_say_where_the_roles_belong_on_github(tmp_path: Path) -> None:
    template: Template = template_of(DeployRoleStack, tmp_path, **EVERY_OPTION)
    outputs = {name: each["Description"] for name, each in template.find_outputs("*").items()}
    assert outputs == {
        "StagingDeployRoleArn": "Variable AWS_ROLE_ARN of the environment staging on GitHub",
        "StagingReviewRoleArn": "Variable AWS_ROLE_ARN of the environment staging-review on GitHub",
        "LiveEuDeployRoleArn": "Variable AWS_ROLE_ARN of the environment live-eu on GitHub",
        "LiveEuReviewRoleArn": "Variable AWS_ROLE_ARN of the environment live-eu-review on GitHub",
    }


def wrong() -> Iterator[tuple[dict[str, Any], str, str]]:
    for repository in ("shop", "octo-org/*", "octo-org/shop:x", "-/shop", "octo-org/..", "https://github.com/a/b"):
        yield {"repository": repository}, "repository", "a repository of GitHub with its owner"
    yield {"repository_ids": IDS}, "repository_ids", "Must be left out without repository."
    yield {"repository": "a/b", "repository_ids": {"owner": "1"}}, "repository_ids.repository", "Missing."
    yield {"repository": "a/b", "repository_ids": {**IDS, "owner": "octo"}}, "repository_ids.owner", "the number of"
    yield {"environments": []}, "environments", "Must be"
    yield {"environments": ["*"]}, "environments.0", "an environment of GitHub"
    yield {"environments": ["live", "live-review"]}, "environments", "the environment of the review of live"
    yield {"environments": ["live-eu", "LiveEU"]}, "environments", "differs in hyphens or case only"
    yield {"branch": "*"}, "branch", "a branch"
    yield {"qualifier": "*"}, "qualifier", "the qualifier of a bootstrap stack"


@pytest.mark.parametrize(("settings", "path", "remedy"), wrong())
def test_a_wrong_setting_is_refused(settings: dict[str, Any], path: str, remedy: str) -> None:
    found = refusal(DeployRoleStack, **settings)
    assert found.keys() == {path}
    assert remedy in found[path]


class TestDrawing(DrawingPromises):
    """What docs/deploy-role.d2 shows: the roles of a repository, without which there are none."""

    @pytest.fixture(scope="class")
    def templates(self, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployed]:
        return {
            posture: deployed(
                Reading(
                    variant(
                        DeployRoleStack,
                        tmp_path_factory.mktemp(posture),
                        posture=posture,
                        repository="octo-org/shop",
                        repository_ids=IDS,
                    )
                )
            )
            for posture in POSTURES
        }
