"""The account, its bootstrap stack, and the state of the stack itself."""

from collections.abc import Iterator
from typing import Final

from patternbook.preflight.account import Account
from patternbook.preflight.questions import Answer, fine, may, question, stops, unknown
from patternbook.preflight.stack import Stack

BOOTSTRAP_VERSION: Final = "/cdk-bootstrap/hnb659fds/version"
"""The SSM parameter of the default bootstrap stack. Templates of the CDK name it as the default of a parameter."""
LEGACY_VERSION: Final = 6
"""The bootstrap version that every template of the CDK asserts.

https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
"""
DELETED_BY_THE_CLI: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""States in which ``cdk deploy`` deletes a stack that was never complete, and makes it anew:
https://github.com/aws/aws-cdk-cli/blob/main/packages/%40aws-cdk/toolkit-lib/lib/api/deployments/deploy-stack.ts"""
NOT_ROLLED_BACK: Final = ("CREATE_FAILED", "UPDATE_FAILED")
"""States of a stack that was deployed without a rollback:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html"""
STUCK: Final = ("UPDATE_ROLLBACK_FAILED", "DELETE_FAILED")
NOTHING_YET: Final = "REVIEW_IN_PROGRESS"
"""The state of a stack that has a change set, and no resources."""


@question("account")
def account_matches(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the credentials belong to the account that the stack is for?

    Use credentials of the account that the stack names, or change the stage.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    wanted, target = stack.assembly, stack.target
    if wanted.account_id and wanted.account_id != target.account_id:
        yield stops(f"The stack is for account {wanted.account_id}, but the credentials are of {target.account_id}.")
    elif wanted.region and wanted.region != target.region:
        yield stops(f"The stack is for {wanted.region}, but {target.region} was asked about. Leave out --region.")
    else:
        yield fine(f"The credentials are of account {target.account_id}, Region {account.region}.")


def _version_needed(stack: Stack) -> tuple[str, int]:
    """The SSM parameter with the version of the bootstrap stack, and the version that the stack needs."""
    found = next((each for each in stack.looked_up if each.ssm_name.startswith("/cdk-bootstrap/")), None)
    parameter = stack.assembly.bootstrap_parameter or (found.ssm_name if found else "")
    return parameter, stack.assembly.bootstrap_version or LEGACY_VERSION


@question("bootstrap-version", "ssm:GetParameters")
def bootstrap_version(stack: Stack, account: Account) -> Iterator[Answer]:
    """Has the Region a bootstrap stack that is new enough for the assets?

    Run cdk bootstrap for the account and Region.

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    parameter, needed = _version_needed(stack)
    if not parameter:
        return
    answer = account.ask("ssm.get_parameters", Names=[parameter])
    found = [each["Value"] for each in answer["Parameters"]]
    target = stack.target
    command = f"cdk bootstrap aws://{target.account_id}/{target.region}"
    if not found:
        yield stops(f"There is no SSM parameter {parameter}: {target.region} is not bootstrapped.", command)
    elif not found[0].isdigit():
        yield unknown(f"The SSM parameter {parameter} is {found[0]!r}, which is no version.", command)
    elif int(found[0]) < needed:
        yield stops(f"The bootstrap stack has version {found[0]}, and the stack needs {needed}.", command)
    else:
        yield fine(f"The bootstrap stack has version {found[0]}, and the stack needs {needed}.")


@question("bootstrap-assets", "s3:ListAllMyBuckets", "ecr:DescribeRepositories")
def bootstrap_assets(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the bucket and the repository that the assets go to exist?

    Run cdk bootstrap with --force. If somebody deleted the bucket by hand, delete the stack CDKToolkit before.

    https://github.com/aws/aws-cdk/issues/6808
    """
    buckets = {_filled(each["bucketName"], stack) for each in stack.assembly.destinations if "bucketName" in each}
    for name in sorted(buckets):
        if name not in {each["Name"] for each in account.all("s3.list_buckets", "Buckets")}:
            yield stops(f"The bucket {name} for files of the app is not one of the account.")
        else:
            yield fine(f"The bucket {name} for files of the app exists.")
    images = {
        _filled(each["repositoryName"], stack) for each in stack.assembly.destinations if "repositoryName" in each
    }
    for name in sorted(images):
        found = account.ask(
            "ecr.describe_repositories", repositoryNames=[name], absent=("RepositoryNotFoundException",)
        )
        if found is None:
            yield stops(f"The repository {name} for images of the app does not exist.")
        else:
            yield fine(f"The repository {name} for images of the app exists.")


@question("bootstrap-roles", "iam:GetRole")
def bootstrap_roles(stack: Stack, account: Account) -> Iterator[Answer]:
    """Do the roles that publish the assets exist?

    Run cdk bootstrap with --force.

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    arns = {_filled(each.get("assumeRoleArn", ""), stack) for each in stack.assembly.destinations} - {""}
    for arn in sorted(arns):
        name = arn.rpartition("/")[2]
        if account.ask("iam.get_role", RoleName=name, absent=("NoSuchEntity",)) is None:
            yield stops(f"The role {name}, which publishes files and images of the app, does not exist.")
        else:
            yield fine(f"The role {name}, which publishes files and images of the app, exists.")


def _filled(text: str, stack: Stack) -> str:
    """A destination with the placeholders of the CDK CLI replaced."""
    values = {
        "${AWS::AccountId}": stack.target.account_id,
        "${AWS::Region}": stack.target.region,
        "${AWS::Partition}": stack.target.partition,
    }
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


@question("stack-state", "cloudformation:DescribeStacks", "cloudformation:ListStackResources")
def stack_state(stack: Stack, account: Account) -> Iterator[Answer]:
    """Is the stack in a state in which it can be deployed?

    Wait until CloudFormation has finished. Continue or repeat what has failed, or delete the stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    """
    name, status = stack.target.stack_name, stack.status
    if stack.problem:
        yield unknown(f"Whether the stack {name} exists is not known, so all of it is counted as new: {stack.problem}.")
    elif not name:
        yield unknown(
            "The template does not say the name of its stack, so all of it is counted as new.", "Set --stack-name."
        )
    elif status is None:
        yield fine(f"There is no stack {name} in {account.region} yet.")
    elif status in DELETED_BY_THE_CLI:
        yield may(
            f"The stack {name} is {status}: its first deployment failed. The CDK CLI deletes it, other tools fail.",
            f"aws cloudformation delete-stack --stack-name {name} --region {account.region}",
        )
    elif status in NOT_ROLLED_BACK:
        yield may(f"The stack {name} is {status}: it was deployed without a rollback, and must be deployed so again.")
    elif status == NOTHING_YET:
        yield fine(f"The stack {name} is {status}: it has a change set, and no resources.")
    elif status in STUCK or status.endswith("_IN_PROGRESS"):
        yield stops(f"The stack {name} is {status}.")
    else:
        yield fine(f"The stack {name} is {status}, and has {len(stack.existing)} resources.")


@question("parameters", "ssm:GetParameters")
def parameters(stack: Stack, account: Account) -> Iterator[Answer]:
    """Has every parameter of the template a value, and every SSM parameter that it names?

    Give the value by --parameter, or create the SSM parameter in the Region.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
    """
    for name in stack.missing_parameters:
        yield unknown(
            f"The parameter {name} has no default, so what depends on it is not asked.", f"Set --parameter {name}=…"
        )
    for each in stack.looked_up:
        if each.ssm_name.startswith("/cdk-bootstrap/"):
            continue  # bootstrap-version asks for it
        if each.problem:
            yield unknown(f"The SSM parameter {each.ssm_name} of {each.name}: {each.problem}.")
        elif each.value is None:
            yield stops(f"The SSM parameter {each.ssm_name} of {each.name} does not exist in {account.region}.")
        else:
            yield fine(f"The SSM parameter {each.ssm_name} is {each.value}.")


@question("whole-template")
def whole_template(stack: Stack, _account: Account) -> Iterator[Answer]:
    """Does the file have all that is deployed?

    Ask about the templates of nested stacks, too, or about the template after its transformation.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
    """
    for each in stack.of_type("AWS::CloudFormation::Stack"):
        yield unknown(f"The nested stack {each.id} has a template of its own, which is not read here.")
    if not stack.template.complete:
        yield unknown("A macro or a loop adds resources during the deployment, which are not read here.")
