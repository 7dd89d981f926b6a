"""The workflow of docs/rollout.md, in an account that enforces permissions: GitHub's tokens, roles, gate and waves.

It takes the last commit of this repository, as GitHub does. What is not committed is not tested.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import ACCOUNT_ID, BIN, REGION, ROOT, EmulatedAccount
from tests.rehearsal.github import REPOSITORY, Ran, Runner, exchanged, token, workflow
from tools.rollout import order

pytestmark = pytest.mark.nightly  # tests/rollout and tests/house have faster tests of each part of a rollout

OTHER_REGION = "eu-west-1"
DEPLOY_STAGE = workflow(ROOT / "docs/examples/deploy-stage.yml")
STAGES: dict[str, Any] = {
    "development": {"posture": "sandbox", "account": ACCOUNT_ID, "region": REGION, "patterns": ["EcrStack"]},
    "live": {
        "posture": "production",
        "account": ACCOUNT_ID,
        "region": REGION,
        "further_regions": [OTHER_REGION],
        "patterns": ["EcrStack"],
        "after": ["development"],
        "settings": {"EcrStack": {"alarm_email": "ops@example.com"}},
    },
}


class Project:
    """A repository on GitHub, and the account that its workflow deploys to."""

    def __init__(self, account: EmulatedAccount, folder: Path) -> None:
        self.account = account
        self._origin = folder / "origin"
        self._git("clone", "--quiet", str(ROOT), str(self._origin), folder=folder)
        self.commit(STAGES)
        for region in (REGION, OTHER_REGION):
            self._must("cdk", "bootstrap", f"aws://{ACCOUNT_ID}/{region}")
        settings = {"repository": REPOSITORY, "environments": json.dumps(list(STAGES))}
        given = [part for name, value in settings.items() for part in ("-c", f"DeployRoleStack.{name}={value}")]
        self._must("cdk", "deploy", "DeployRoleStack", "-c", "patterns=DeployRoleStack", *given, folder=self._origin)
        outputs = {each["Description"]: each["OutputValue"] for each in self.stack("DeployRoleStack")["Outputs"]}
        said = "Variable AWS_ROLE_ARN of the environment {} on GitHub"
        environments = [f"{stage}{suffix}" for stage in STAGES for suffix in ("", "-review")]
        self.roles = {name: outputs[said.format(name)] for name in environments}
        self._runner = Runner(account, self._origin, folder, self.roles)

    def commit(self, stages: dict[str, Any]) -> None:
        path = self._origin / "cdk.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document["context"]["stages"] = stages
        # Otherwise, each job would also build the sandbox of every pattern.
        document["context"]["patterns"] = "EcrStack"
        path.write_text(json.dumps(document, indent=2), encoding="utf-8")
        person = ("-c", "user.name=A person", "-c", "user.email=person@example.com")
        self._git(*person, "commit", "--quiet", "--allow-empty", "--all", "--message", "Change the stages")

    def review(self, stage: str) -> Ran:
        return self._runner.run(DEPLOY_STAGE, "review", inputs={"stage": stage, "bake-minutes": 0})

    def deploy(self, stage: str, review: Ran) -> Ran:
        inputs, needs = {"stage": stage, "bake-minutes": 0}, {"review": {"outputs": review.outputs}}
        return self._runner.run(DEPLOY_STAGE, "deploy", inputs=inputs, needs=needs)

    def stack(self, name: str, region: str = REGION) -> dict[str, Any]:
        cloudformation = self.account.session.client("cloudformation", region_name=region)
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def status(self, name: str, region: str = REGION) -> str:
        return self.stack(name, region)["StackStatus"]

    def _must(self, *command: str, folder: Path | None = None) -> None:
        # The app of the clone imports the package of the clone.
        path = {"PYTHONPATH": f"{folder / 'constructs'}:{folder}"} if folder else {}
        never = ("--require-approval", "never") if "deploy" in command else ()
        done = self.account.run(*command, *never, folder=folder, environment={**self.account.environment, **path})
        assert done.status == 0, done.output

    def _git(self, *arguments: str, folder: Path | None = None) -> None:
        subprocess.run(["git", *arguments], cwd=folder or self._origin, check=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose first commit went through both stages."""
    if not (BIN / "cdk").exists() or not (BIN.parent / ".ready").exists():
        pytest.skip("the environment is not installed here: run make setup")
    with EmulatedAccount(enforce_permissions=True) as account:
        project = Project(account, tmp_path_factory.mktemp("github"))
        for [stage] in order(STAGES):
            review = project.review(stage)
            assert review.status == 0, review.output
            assert project.status(f"{stage}-EcrStack") == "REVIEW_IN_PROGRESS"
            deployed = project.deploy(stage, review)
            assert deployed.status == 0, deployed.output
            assert "Nothing to be done for" in deployed.output, "make setup has installed something"
            assert "passed" in deployed.output, "make verify has checked nothing"
        yield project


def test_a_commit_goes_through_all_stages_and_regions(project: Project) -> None:
    assert project.status("development-EcrStack") == "CREATE_COMPLETE"
    assert project.status("live-EcrStack") == "CREATE_COMPLETE"
    assert project.status("live-EcrStack-eu-west-1", OTHER_REGION) == "CREATE_COMPLETE"


def test_lost_data_stops_the_review_until_the_stage_allows_it(project: Project) -> None:
    stage = {**STAGES["development"], "settings": {"EcrStack": {"repository_name": "team/shop"}}}
    project.commit({**STAGES, "development": stage})
    stopped = project.review("development")
    assert stopped.status == 1
    assert "Stopped: the change sets would lose stored data" in stopped.summary
    [lost] = [line.split("`")[1] for line in stopped.summary.splitlines() if line.startswith("| **stops** |")]
    assert "stages.development.may_lose" in stopped.summary
    project.commit({**STAGES, "development": {**stage, "may_lose": [lost]}})
    review = project.review("development")
    assert (review.status, f"| allowed | `{lost}` |" in review.summary) == (0, True), review.output
    assert project.status("development-EcrStack") == "CREATE_COMPLETE"
    deployed = project.deploy("development", review)
    assert deployed.status == 0, deployed.output
    assert project.status("development-EcrStack") == "UPDATE_COMPLETE"
    names = project.account.session.client("ecr").describe_repositories()["repositories"]
    assert "team/shop" in {each["repositoryName"] for each in names}


def test_a_failed_verification_spares_the_other_region(project: Project) -> None:
    project.commit(STAGES)
    review = project.review("live")
    assert review.status == 0, review.output
    assert review.summary.count("\nno changes\n") == 2
    ecr = project.account.session.client("ecr")
    names = [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]
    [name] = [each for each in names if each.startswith("live-")]
    policy = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    ecr.delete_lifecycle_policy(repositoryName=name)
    try:
        deployed = project.deploy("live", review)
    finally:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    assert deployed.status == 1
    assert "Stopped: the verification of live/EcrStack in us-east-1 failed." in deployed.output
    assert "These Regions are as before: eu-west-1." in deployed.output
    assert "STACK=EcrStack-eu-west-1" not in deployed.output


def test_the_role_of_the_review_cannot_deploy(project: Project) -> None:
    project.commit({**STAGES, "live": {**STAGES["live"], "tags": {"team": "shop"}}})
    review = project.review("live")
    assert review.status == 0, review.output
    credentials = exchanged(project.account, project.roles["live-review"], token("live-review"))
    executed = project.account.run(
        *("python", "-c", EXECUTE, "live-EcrStack", review.outputs["change-set"]),
        environment={**project.account.environment, **credentials},
    )
    assert executed.status != 0
    assert "is not authorized to perform: cloudformation:ExecuteChangeSet" in executed.output


EXECUTE = (
    "import boto3, sys; "
    "boto3.client('cloudformation').execute_change_set(StackName=sys.argv[1], ChangeSetName=sys.argv[2])"
)


@pytest.mark.parametrize(
    ("environment", "claims"),
    [
        pytest.param("live", {"ref": "refs/heads/feature"}, id="another branch"),
        pytest.param("live-review", {}, id="the environment of the review"),
        pytest.param("development", {}, id="another stage"),
        pytest.param("live", {"sub": "repo:evil/shop:environment:live"}, id="another owner"),
        pytest.param("live", {"aud": "https://github.com/octo-org"}, id="another audience"),
    ],
)
def test_another_token_gets_no_credentials(project: Project, environment: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        exchanged(project.account, project.roles["live"], token(environment, **claims))
    assert exchanged(project.account, project.roles["live"], token("live"))
