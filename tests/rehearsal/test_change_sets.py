"""The change sets that the tests of the gate read are those that the emulated account answers.

``RECORD=1 pytest tests/rehearsal/test_change_sets.py`` writes them anew.
"""

import json
import os
from collections.abc import Callable
from typing import Any

from rehearsal.account import EmulatedAccount
from rehearsal.cycle import Cycle
from tests.rehearsal.templates import STACK, Stack, of, ref
from tests.rollout.recorded import as_written, path_of
from tools.assembly import change_template

CHANGE_SET = "rollout"


def check(name: str, account: EmulatedAccount, stack: str) -> None:
    """Compares what the account answers with the recording."""
    cloudformation = account.session.client("cloudformation")
    answer = as_written(cloudformation.describe_change_set(StackName=stack, ChangeSetName=CHANGE_SET))
    if os.environ.get("RECORD"):
        path_of(name).write_text(answer, encoding="utf-8")
    assert answer == path_of(name).read_text(encoding="utf-8"), f"Type: RECORD=1 pytest {__file__}"


def prepare(cycle: Cycle, name: str) -> None:
    """Prepares a change set as a review does, and compares it."""
    options = ("--method", "prepare-change-set", "--change-set-name", CHANGE_SET, "--exclusively")
    cycle.must_succeed(cycle.cdk("deploy", cycle.as_configured, *cycle.paths, *options, "--require-approval", "never"))
    check(name, cycle.account, cycle.stacks[0].name)


def set_property(resource_type: str, name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            if resource["Type"] == resource_type:
                resource["Properties"][name] = value

    return change


def test_a_database_that_is_replaced(steps: Callable[..., Cycle]) -> None:
    """In production, where CloudFormation takes a snapshot."""
    aurora = steps("AuroraServerlessStack", "production")
    aurora.deploy()
    rename = set_property("AWS::RDS::DBCluster", "DatabaseName", "another")
    change_template(aurora.as_configured, "production/AuroraServerlessStack", rename)
    prepare(aurora, "database")


def test_a_listener_that_is_replaced(steps: Callable[..., Cycle]) -> None:
    """In production, where a key encrypts the file system. It changes in place."""
    fargate = steps("FargateEfsStack", "production")
    fargate.deploy()
    for change in (
        set_property("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme", "internal"),
        set_property("AWS::KMS::Key", "Description", "Another"),
    ):
        change_template(fargate.as_configured, "production/FargateEfsStack", change)
    prepare(fargate, "listener")


def test_a_new_stack_and_no_change(steps: Callable[..., Cycle]) -> None:
    ecr = steps("EcrStack")
    prepare(ecr, "new")
    assert ecr.stacks[0].status == "REVIEW_IN_PROGRESS"
    ecr.deploy()
    prepare(ecr, "none")


def create(account: EmulatedAccount, resources: dict[str, Any], **more: Any) -> None:
    cloudformation = account.session.client("cloudformation")
    template = json.dumps({"Resources": resources})
    cloudformation.create_change_set(StackName=STACK, ChangeSetName=CHANGE_SET, TemplateBody=template, **more)


def test_resources_that_are_removed_with_each_policy(account: EmulatedAccount, stack: Stack) -> None:
    kept = {"Trail": of("SNS::Topic")}
    subscription = of("SNS::Subscription", TopicArn=ref("Trail"), Protocol="email", Endpoint="ops@example.com")
    retained = {**of("SQS::Queue"), "DeletionPolicy": "RetainExceptOnCreate"}
    stack.deploy({**kept, "Deleted": of("SQS::Queue"), "Retained": retained, "Subscription": subscription})
    url = stack.id_of("Retained")
    create(account, kept)
    check("removed", account, STACK)
    stack.deploy(kept)
    account.session.client("sqs").delete_queue(QueueUrl=url)


def test_a_resource_that_is_imported(account: EmulatedAccount, stack: Stack) -> None:
    s3 = account.session.client("s3")
    s3.create_bucket(Bucket="made-by-hand")
    stack.deploy({"Trail": of("SNS::Topic")})
    bucket = {**of("S3::Bucket", BucketName="made-by-hand"), "DeletionPolicy": "Retain"}
    identified = {"ResourceType": "AWS::S3::Bucket", "LogicalResourceId": "Bucket"}
    create(
        account,
        {"Trail": of("SNS::Topic"), "Bucket": bucket},
        ChangeSetType="IMPORT",
        ResourcesToImport=[{**identified, "ResourceIdentifier": {"BucketName": "made-by-hand"}}],
    )
    check("imported", account, STACK)
    s3.delete_bucket(Bucket="made-by-hand")
